#include "db/migrate.h"

#include <inttypes.h>

#include "base/log.h"
#include "db/sqlstate.h"
#include "exchange.h"

#define LOCK "7021894503117" /* pg_advisory_lock: any number that nothing else in this database takes */

/* Text results of one parameterised statement; NULL and w->err on failure. Released with w. */
static PGresult *ask(struct work *w, struct conn *c, const char *text, int n, const char *const values[])
{
	PGresult *res = PQexecParams(conn_pg(c), text, n, NULL, values, NULL, NULL, 0);

	arena_defer(w->arena, (void (*)(void *))PQclear, res);
	if (res != NULL && !exchange_failed(res))
		return res;
	sqlstate_err(w, res, c->pg);
	return NULL;
}

static bool simple(struct work *w, struct conn *c, const char *text)
{
	PGresult *res;
	bool ok;

	if (!exchange_simple(w, c, text, w->deadline, &res))
		return false;
	ok = !exchange_failed(res) || sqlstate_err(w, res, c->pg);
	PQclear(res);
	return ok;
}

static bool create_table(struct work *w, struct conn *c)
{
	return simple(w, c,
		"create schema if not exists core;"
		"create table if not exists core.migration ("
		" number int4 primary key,"
		" name text not null,"
		" sha256 bytea not null,"
		" applied_at timestamptz not null default now())");
}

/* Rows of (number, name, sha256 in hex). *res NULL when the table is not there yet. */
static bool read_applied(struct work *w, struct conn *c, PGresult **res)
{
	PGresult *there = ask(w, c, "select to_regclass('core.migration') is not null", 0, NULL);

	*res = NULL;
	if (there == NULL)
		return false;
	if (PQgetvalue(there, 0, 0)[0] != 't')
		return true;
	*res = ask(w, c, "select number, name, encode(sha256, 'hex') from core.migration order by number", 0, NULL);
	return *res != NULL;
}

/* PostgreSQL hashes, so that this layer needs no cryptography of its own. */
static bool hash(struct work *w, struct conn *c, const char *text, const char **hex)
{
	PGresult *res = ask(w, c, "select encode(sha256(convert_to($1, 'UTF8')), 'hex')", 1, &text);

	*hex = res == NULL ? NULL : PQgetvalue(res, 0, 0);
	return res != NULL;
}

static const struct migration *ours(int64_t number)
{
	for (const struct migration *m = migrations; m->number != 0; m++) {
		if (m->number == number)
			return m;
	}
	return NULL;
}

/* Every one that is applied must be ours, unchanged. */
static bool compare(struct work *w, struct conn *c, const PGresult *applied)
{
	for (int i = 0; applied != NULL && i < PQntuples(applied); i++) {
		const struct migration *m;
		const char *hex;
		int64_t number;

		if (!str_i64(str_c(PQgetvalue(applied, i, 0)), &number))
			return err_set(w, ERR_BUG, "db.row", "core.migration: number");
		m = ours(number);
		if (m == NULL)
			return err_set(w, ERR_INVALID, "migrate.ahead", "the database knows %04" PRId64 "_%s", number,
				PQgetvalue(applied, i, 1));
		if (!hash(w, c, m->text, &hex))
			return false;
		if (strcmp(hex, PQgetvalue(applied, i, 2)) != 0)
			return err_set(w, ERR_INVALID, "migrate.changed", "%04d_%s is not what was applied", m->number,
				m->name);
	}
	return true;
}

static bool is_applied(const PGresult *applied, const struct migration *m)
{
	int64_t number;

	for (int i = 0; applied != NULL && i < PQntuples(applied); i++) {
		if (str_i64(str_c(PQgetvalue(applied, i, 0)), &number) && number == m->number)
			return true;
	}
	return false;
}

static bool apply(struct work *w, struct conn *c, const struct migration *m)
{
	const char *number = arena_cstr(w->arena, arena_printf(w->arena, "%d", m->number));
	const char *values[] = { number, m->name, m->text };
	struct tx tx;

	if (!tx_begin(w, c, TX_DURABLE, &tx))
		return false;
	(void)conn_pg(c); /* BEGIN leaves now: the text is many statements */
	if (!simple(w, c, m->text) ||
		ask(w, c,
			"insert into core.migration (number, name, sha256)"
			" values ($1::int4, $2, sha256(convert_to($3, 'UTF8')))",
			3, values) == NULL) {
		tx_rollback(&tx);
		return err_set(w, w->err.kind, w->err.code, "%04d_%s: %s", m->number, m->name,
			arena_cstr(w->arena, str_c(w->err.text)));
	}
	if (!tx_commit(w, &tx))
		return false;
	log_event(LOG_INFO, w, "migrate.applied", "number=%d name=%s", m->number, m->name);
	return true;
}

static bool apply_all(struct work *w, struct conn *c, bool dry_run, struct migrate_report *out)
{
	PGresult *applied;

	if (!dry_run && !create_table(w, c))
		return false;
	if (!read_applied(w, c, &applied) || !compare(w, c, applied))
		return false;
	for (const struct migration *m = migrations; m->number != 0; m++) {
		out->total++;
		if (is_applied(applied, m))
			continue;
		if (!dry_run && !apply(w, c, m))
			return false; /* those before it stay, and are counted */
		out->applied++;
	}
	return true;
}

bool migrate_run(struct work *w, struct conn *conn, bool dry_run, struct migrate_report *out)
{
	struct err err;
	bool ok;

	*out = (struct migrate_report){ 0 };
	if (!simple(w, conn, "select pg_advisory_lock(" LOCK ")"))
		return false;
	ok = apply_all(w, conn, dry_run, out);
	err = w->err;
	if (conn_alive(conn) && !simple(w, conn, "select pg_advisory_unlock(" LOCK ")"))
		conn->broken = true; /* the lock ends with the session */
	w->err = err;
	return ok;
}
