#include "db/query.h"

#include <assert.h>
#include <stdlib.h>

#include "codec.h"
#include "db/sqlstate.h"
#include "exchange.h"

#define BINARY 1

void query_encode(struct arena *arena, const struct sql *s, const void *in, struct query_params *out)
{
	assert(s->n_in <= QUERY_MAX_IN);
	out->n = s->n_in;
	for (int i = 0; i < s->n_in; i++) {
		out->types[i] = query_oid(s->in[i].type);
		codec_encode(arena, &s->in[i], in, &out->values[i], &out->lengths[i], &out->formats[i]);
	}
}

static bool bad_value(struct work *w, const struct sql *s, const struct sql_value *v, const char *why)
{
	return err_set(w, ERR_BUG, "db.row", "%s: %s %s", s->name, v->name, why);
}

static bool decode_null(struct work *w, const struct sql *s, const struct sql_value *v, void *out)
{
	if (!v->nullable)
		return bad_value(w, s, v, "is null");
	if (v->has != (size_t)-1)
		*(bool *)((char *)out + v->has) = false;
	else
		*(str *)((char *)out + v->offset) = (str){ NULL, 0 };
	return true;
}

bool query_decode(struct work *w, const struct sql *s, PGresult *res, int row, void *out)
{
	if (PQnfields(res) != s->n_out)
		return err_set(w, ERR_BUG, "db.row", "%s: %d columns, not %d", s->name, PQnfields(res), s->n_out);
	for (int i = 0; i < s->n_out; i++) {
		const struct sql_value *v = &s->out[i];

		if (PQftype(res, i) != query_oid(v->type) || PQfformat(res, i) != BINARY)
			return bad_value(w, s, v, "has another type");
		if (PQgetisnull(res, row, i)) {
			if (!decode_null(w, s, v, out))
				return false;
			continue;
		}
		if (v->has != (size_t)-1)
			*(bool *)((char *)out + v->has) = true;
		if (!codec_decode(w->arena, v, PQgetvalue(res, row, i), (size_t)PQgetlength(res, row, i), out))
			return bad_value(w, s, v, "is no value of its type");
	}
	return true;
}

static bool is_prepared(const struct conn *c, const struct sql *s)
{
	for (size_t i = 0; i < c->n_prepared; i++) {
		if (c->prepared[i] == s)
			return true;
	}
	return false;
}

static void note_prepared(struct conn *c, const struct sql *s)
{
	if (c->n_prepared == c->cap_prepared) {
		c->cap_prepared = c->cap_prepared == 0 ? 64 : 2 * c->cap_prepared;
		c->prepared = reallocarray(c->prepared, c->cap_prepared, sizeof(*c->prepared));
		if (c->prepared == NULL)
			abort();
	}
	c->prepared[c->n_prepared++] = s;
}

/* What was sent and is not answered: `prepare` is the place of PREPARE among the commands, -1 without one. */
struct sent {
	bool pipeline;
	int prepare;
};

/* What still has to precede the statement travels with it, in one round trip. */
static bool send(struct conn *c, const struct sql *s, const struct query_params *in, struct sent *sent)
{
	int n = 0;
	bool ok = true, prepare = !is_prepared(c, s);

	*sent = (struct sent){ .pipeline = prepare || c->begin[0] != NULL, .prepare = -1 };
	if (sent->pipeline)
		ok = PQenterPipelineMode(c->pg) == 1;
	for (; ok && n < 2 && c->begin[n] != NULL; n++)
		ok = PQsendQueryParams(c->pg, c->begin[n], 0, NULL, NULL, NULL, NULL, BINARY) == 1;
	c->begin[0] = c->begin[1] = NULL;
	if (prepare) {
		sent->prepare = n;
		ok = ok && PQsendPrepare(c->pg, s->name, s->text, in->n, in->types) == 1;
	}
	ok = ok && PQsendQueryPrepared(c->pg, s->name, in->n, in->values, in->lengths, in->formats, BINARY) == 1;
	return ok && (!sent->pipeline || PQpipelineSync(c->pg) == 1);
}

/* Keeps the first failure, else the latest result. */
static void keep(PGresult **kept, PGresult *res)
{
	if (*kept != NULL && exchange_failed(*kept)) {
		PQclear(res);
		return;
	}
	PQclear(*kept);
	*kept = res;
}

static bool receive(struct work *w, struct conn *c, const struct sql *s, struct sent sent, PGresult **kept)
{
	int at = 0; /* which command answers */
	PGresult *res;

	for (;;) {
		if (!exchange_result(w, c, w->deadline, &res))
			return false;
		if (res == NULL) {
			if (!sent.pipeline || PQstatus(c->pg) != CONNECTION_OK)
				return true;
			at++;
			continue;
		}
		if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
			PQclear(res);
			return true;
		}
		if (at == sent.prepare && !exchange_failed(res))
			note_prepared(c, s);
		keep(kept, res);
	}
}

static bool refused(struct work *w, struct tx *tx, const PGresult *res)
{
	struct conn *c = tx->conn;

	if (sqlstate_stale(res)) {
		c->broken = true;
		return err_set(w, ERR_RETRY, "db.conflict", "the prepared statement is out of date");
	}
	sqlstate_err(w, res, c->pg);
	if (PQstatus(c->pg) != CONNECTION_OK && !tx->open)
		return err_set(w, ERR_UNCERTAIN, "db.commit_unknown", "the connection broke before the answer");
	return false;
}

static bool fail_silent(struct work *w, struct tx *tx, PGresult *res)
{
	PQclear(res);
	tx->conn->broken = true;
	if (!tx->open)
		return err_set(w, ERR_UNCERTAIN, "db.commit_unknown", "no answer in time");
	return false;
}

/* *res is rows or a completed command, for the caller to clear. */
static bool run(struct work *w, struct tx *tx, const struct sql *s, const void *in, PGresult **res)
{
	struct conn *c = tx->conn;
	struct query_params params;
	struct sent sent;
	bool ok;

	*res = NULL;
	if (work_left(w) == 0)
		return err_set(w, ERR_RETRY, "db.busy", "no time left for %s", s->name);
	if (!tx->open && !exchange_open(c))
		return err_set(w, ERR_RETRY, "db.unreachable", "the connection is gone");
	query_encode(w->arena, s, in, &params);
	if (!send(c, s, &params, &sent)) {
		c->broken = true;
		return err_set(w, ERR_RETRY, "db.unreachable", "%.*s", (int)strcspn(PQerrorMessage(c->pg), "\r\n"),
			PQerrorMessage(c->pg));
	}
	if (!receive(w, c, s, sent, res))
		return fail_silent(w, tx, *res);
	ok = *res != NULL && !exchange_failed(*res);
	if (!ok)
		refused(w, tx, *res);
	if (sent.pipeline && PQexitPipelineMode(c->pg) != 1)
		c->broken = true;
	if (!ok)
		PQclear(*res);
	return ok;
}

bool query_none(struct work *w, struct tx *tx, const struct sql *s, const void *in)
{
	PGresult *res;

	if (!run(w, tx, s, in, &res))
		return false;
	PQclear(res);
	return true;
}

static bool rows_err(struct work *w, const struct sql *s, int n)
{
	return err_set(w, ERR_BUG, "db.row_count", "%s: %d rows", s->name, n);
}

bool query_maybe(struct work *w, struct tx *tx, const struct sql *s, const void *in, void *out, bool *found)
{
	PGresult *res;
	bool ok = true;

	*found = false;
	memset(out, 0, s->size_out);
	if (!run(w, tx, s, in, &res))
		return false;
	if (PQntuples(res) > 1)
		ok = rows_err(w, s, PQntuples(res));
	else if (PQntuples(res) == 1)
		ok = *found = query_decode(w, s, res, 0, out);
	PQclear(res);
	return ok;
}

bool query_one(struct work *w, struct tx *tx, const struct sql *s, const void *in, void *out)
{
	bool found;

	if (!query_maybe(w, tx, s, in, out, &found))
		return false;
	return found || rows_err(w, s, 0);
}

bool query_many(struct work *w, struct tx *tx, const struct sql *s, const void *in, void **rows, size_t *n)
{
	PGresult *res;
	char *at;
	bool ok = true;

	*rows = NULL;
	*n = 0;
	if (!run(w, tx, s, in, &res))
		return false;
	at = arena_zero(w->arena, (size_t)PQntuples(res) * s->size_out);
	for (int i = 0; ok && i < PQntuples(res); i++)
		ok = query_decode(w, s, res, i, at + (size_t)i * s->size_out);
	if (ok) {
		*rows = at;
		*n = (size_t)PQntuples(res);
	}
	PQclear(res);
	return ok;
}
