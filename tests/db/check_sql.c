/* Prepares every statement of sql/ on a freshly migrated database, as its owner and as each role that its head names, and
 * compares the head with what PostgreSQL reports. Ends with "N passed, N failed". */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "db/query.h"
#include "db_test.h"

static const char *checking;
static bool wrong;

/* sql/NOUN/VERB.sql: what is wrong with it, on one line */
static void complain(const char *what, const char *detail)
{
	int noun = (int)strcspn(checking, ".");

	printf("sql/%.*s/%s.sql: %s%s%.*s\n", noun, checking, checking + noun + 1, what, detail[0] == '\0' ? "" : ": ",
		(int)strcspn(detail, "\n"), detail);
	wrong = true;
}

static bool command(PGconn *pg, const char *what, const char *sql)
{
	PGresult *res = PQexec(pg, sql);
	bool ok = PQresultStatus(res) == PGRES_COMMAND_OK || PQresultStatus(res) == PGRES_TUPLES_OK;

	if (!ok)
		complain(what, PQerrorMessage(pg));
	PQclear(res);
	return ok;
}

static bool prepare(PGconn *pg, const char *what, const struct sql *s)
{
	Oid types[QUERY_MAX_IN];
	PGresult *res;
	bool ok;

	for (int i = 0; i < s->n_in; i++)
		types[i] = query_oid(s->in[i].type);
	res = PQprepare(pg, "checked", s->text, s->n_in, types);
	ok = PQresultStatus(res) == PGRES_COMMAND_OK;
	if (!ok)
		complain(what, PQerrorMessage(pg));
	PQclear(res);
	return ok;
}

static const char *type_name(PGconn *pg, Oid oid)
{
	static char name[64];
	char sql[64];
	PGresult *res;

	snprintf(sql, sizeof(sql), "select format_type(%u, null)", oid);
	res = PQexec(pg, sql);
	snprintf(name, sizeof(name), "%s", PQntuples(res) == 1 ? PQgetvalue(res, 0, 0) : "?");
	PQclear(res);
	return name;
}

static void mismatch(PGconn *pg, const char *way, int i, const struct sql_value *v, const char *name, Oid oid)
{
	char what[256];
	int n = snprintf(what, sizeof(what), "%s %d is %s %s for PostgreSQL", way, i + 1, name, type_name(pg, oid));

	snprintf(what + n, sizeof(what) - (size_t)n, ", not %s %s", v->name, type_name(pg, query_oid(v->type)));
	complain(what, "");
}

/* A declared parameter that the text never names would be sent for nothing. */
static void check_used(const struct sql *s)
{
	for (int i = 1; i <= s->n_in; i++) {
		char dollar[8];
		const char *at = s->text;
		size_t n = (size_t)snprintf(dollar, sizeof(dollar), "$%d", i);

		while ((at = strstr(at, dollar)) != NULL && at[n] >= '0' && at[n] <= '9')
			at += n;
		if (at == NULL)
			complain("declared and never used", s->in[i - 1].name);
	}
}

static void check_types(PGconn *pg, const struct sql *s)
{
	PGresult *res = PQdescribePrepared(pg, "checked");
	char what[128];

	snprintf(what, sizeof(what), "%d parameters, %d columns for PostgreSQL; the head has %d and %d", PQnparams(res),
		PQnfields(res), s->n_in, s->n_out);
	if (PQnparams(res) != s->n_in || (PQnfields(res) != s->n_out && s->shape != SQL_NONE))
		complain(what, "");
	for (int i = 0; i < s->n_in && i < PQnparams(res); i++) {
		if (PQparamtype(res, i) != query_oid(s->in[i].type))
			mismatch(pg, "parameter", i, &s->in[i], s->in[i].name, PQparamtype(res, i));
	}
	for (int i = 0; i < s->n_out && i < PQnfields(res); i++) {
		if (PQftype(res, i) != query_oid(s->out[i].type) || strcmp(PQfname(res, i), s->out[i].name) != 0)
			mismatch(pg, "column", i, &s->out[i], PQfname(res, i), PQftype(res, i));
	}
	PQclear(res);
}

/* EXPLAIN initialises the executor, which checks the grants, and runs nothing; a generic plan keeps the parameters, so that
 * no part of the statement is folded away with them. */
static void check_grants(PGconn *pg, const struct sql *s, str role)
{
	char sql[QUERY_MAX_IN * 6 + 64], what[64];
	int at = snprintf(sql, sizeof(sql), "explain execute checked");

	for (int i = 0; i < s->n_in; i++)
		at += snprintf(sql + at, sizeof(sql) - (size_t)at, "%snull", i == 0 ? "(" : ", ");
	snprintf(sql + at, sizeof(sql) - (size_t)at, "%s", s->n_in == 0 ? "" : ")");
	snprintf(what, sizeof(what), "as %.*s", (int)role.n, role.p);
	if (prepare(pg, what, s))
		command(pg, what, sql);
}

static void check_role(PGconn *pg, const struct sql *s, str role)
{
	char set[128];

	snprintf(set, sizeof(set),
		"begin; set local role patchwork_%.*s; set local plan_cache_mode = force_generic_plan", (int)role.n,
		role.p);
	if (command(pg, "set role", set))
		check_grants(pg, s, role);
	(void)command(pg, "rollback", "rollback");
	(void)command(pg, "deallocate", "deallocate all");
}

static void check(PGconn *pg, const struct sql *s)
{
	str roles = str_c(s->roles), role;

	checking = s->name;
	wrong = false;
	if (!prepare(pg, "not prepared", s))
		return;
	check_used(s);
	check_types(pg, s);
	(void)command(pg, "deallocate", "deallocate all");
	while (str_next(&roles, ' ', &role))
		check_role(pg, s, role);
}

int main(void)
{
	int passed = 0, failed = 0;
	PGconn *pg;

	db_test_open();
	pg = PQconnectdb(db_test_url(NULL));
	checking = "db.open";
	if (!command(pg, "set role", "set role patchwork_owner"))
		return 1;
	for (const struct sql *const *s = sql_all; *s != NULL; s++) {
		check(pg, *s);
		passed += !wrong;
		failed += wrong;
	}
	PQfinish(pg);
	db_test_close();
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
