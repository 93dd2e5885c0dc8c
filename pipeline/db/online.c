#include "db/online.h"

#include "db/sqlstate.h"
#include "exchange.h"

static bool run(struct work *w, struct conn *c, str text)
{
	PGresult *res;
	bool ok;

	if (!exchange_simple(w, c, arena_cstr(w->arena, text), w->deadline, &res))
		return false;
	ok = !exchange_failed(res) || sqlstate_err(w, res, c->pg);
	PQclear(res);
	return ok;
}

/* *value: the only value as text, { NULL, 0 } for no row. */
static bool ask(struct work *w, struct conn *c, str text, str *value)
{
	PGresult *res;
	bool ok;

	if (!exchange_simple(w, c, arena_cstr(w->arena, text), w->deadline, &res))
		return false;
	ok = !exchange_failed(res) || sqlstate_err(w, res, c->pg);
	*value = ok && PQntuples(res) > 0 ? arena_str(w->arena, str_c(PQgetvalue(res, 0, 0))) : (str){ NULL, 0 };
	PQclear(res);
	return ok;
}

bool online_detach(struct work *w, struct conn *conn, const char *schema, const char *parent, const char *part)
{
	str pending;

	(void)conn_pg(conn);
	if (!ask(w, conn,
		    arena_printf(w->arena,
			    "select inhdetachpending from pg_inherits where inhrelid = to_regclass('%s.%s') and inhparent = '%s.%s'::regclass",
			    schema, part, schema, parent),
		    &pending))
		return false;
	if (pending.p == NULL)
		return true;
	return run(w, conn,
		arena_printf(w->arena, "alter table %s.%s detach partition %s.%s %s", schema, parent, schema, part,
			pending.p[0] == 't' ? "finalize" : "concurrently"));
}
