/* The chain of the audit log, computed from its rows. */
#include "ops/audit.h"

#include <inttypes.h>

#include "base/buf.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "wire/note.h"

#define PAGE 2000

static void add_field(struct buf *b, str v)
{
	uint32_t n = v.p == NULL ? UINT32_MAX : (uint32_t)v.n;

	for (int shift = 24; shift >= 0; shift -= 8)
		buf_byte(b, (uint8_t)(n >> shift));
	buf_add(b, v);
}

static void add_number(struct work *w, struct buf *b, int64_t v)
{
	add_field(b, arena_printf(w->arena, "%" PRId64, v));
}

/* Of one place, from the one before it; both 32 bytes. */
static void hash_of(struct work *w, const uint8_t prev[32], const struct sql_audit_chain_out *row, uint8_t out[32])
{
	const str fields[] = { row->actor_kind, row->actor_id, row->db_role, row->action, row->object_type,
		row->object_id, row->request_id, row->trace_id, row->reason, row->detail };
	struct buf b = buf_new(w->arena, SIZE_MAX);

	buf_add(&b, str_of(prev, 32));
	add_field(&b, STR("patchwork audit 1"));
	add_number(w, &b, row->seq);
	add_number(w, &b, row->log_id);
	add_number(w, &b, row->at);
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		add_field(&b, fields[i]);
	sha256(buf_str(&b), out);
}

str audit_origin(struct work *w, str env)
{
	return arena_printf(w->arena, "patchwork/" STR_FMT "/audit", STR_ARG(env));
}

str audit_note(struct work *w, str origin, const struct audit_checkpoint *c, usec at, const uint8_t seed[32])
{
	char time[CLOCK_TEXT];
	size_t n = clock_format(at, time);
	str text = arena_printf(w->arena, STR_FMT "\n%" PRId64 "\n" STR_FMT "\n%.*s\n", STR_ARG(origin), c->size,
		STR_ARG(base64_str(w->arena, str_of(c->hash, 32))), (int)n, time);

	return note_sign(w, text, origin, seed);
}

bool audit_note_open(struct work *w, str note, str origin, const struct audit_keys *keys, struct audit_checkpoint *out)
{
	str text, line, bytes;
	bool ok = false;

	for (size_t i = 0; !ok && i < keys->n; i++)
		ok = note_open(w, note, origin, keys->at + 32 * i, &text);
	if (!ok)
		return false;
	err_clear(w);
	if (str_next(&text, '\n', &line) && str_eq(line, origin) && str_next(&text, '\n', &line) &&
		str_i64(line, &out->size) && out->size > 0 && str_next(&text, '\n', &line) &&
		base64_decode(w->arena, line, &bytes) && str_into(bytes, out->hash, 32))
		return true;
	return err_set(w, ERR_INVALID, "note.malformed", "it is not a checkpoint of " STR_FMT, STR_ARG(origin));
}

struct walk {
	const struct audit_check *check;
	struct audit_report *report;
	size_t saved; /* of check->saved, compared */
};

/* Checkpoints of this size: what is signed must be what the chain says. */
static bool meets(struct work *w, struct walk *k, const struct audit_checkpoint *c)
{
	k->report->checkpoints++;
	if (memcmp(c->hash, k->report->head, 32) == 0) {
		k->report->signed_rows = c->size;
		return true;
	}
	return err_set(w, ERR_INVALID, "audit.rewritten",
		"the chain up to row %" PRId64 " is not what was signed; it is up to row %" PRId64, c->size,
		k->report->signed_rows);
}

static bool step(struct work *w, struct walk *k, const struct sql_audit_chain_out *row)
{
	struct audit_report *r = k->report;
	uint8_t hash[32];

	if (row->seq != r->rows + 1)
		return err_set(
			w, ERR_INVALID, "audit.row_missing", "row %" PRId64 " of the chain is gone", r->rows + 1);
	if (!row->there)
		return err_set(w, ERR_INVALID, "audit.row_missing",
			"row %" PRId64 " of the chain (id %" PRId64 ") is gone from the log", row->seq, row->log_id);
	hash_of(w, r->head, row, hash);
	if (!str_eq(row->hash, str_of(hash, 32)))
		return err_set(w, ERR_INVALID, "audit.row_changed",
			"row %" PRId64 " of the chain (id %" PRId64 ") is not what was sealed there", row->seq,
			row->log_id);
	memcpy(r->head, hash, 32);
	r->rows++;
	for (; k->saved < k->check->n_saved && k->check->saved[k->saved].size == r->rows; k->saved++)
		if (!meets(w, k, &k->check->saved[k->saved]))
			return false;
	return true;
}

/* The database's own checkpoints of (from, to]: opened, and in *out. */
static bool read_checkpoints(struct work *w, struct tx *tx, const struct audit_check *c, int64_t from, int64_t to,
	struct audit_checkpoint **out, size_t *n)
{
	struct sql_audit_checkpoints_out *rows;

	*n = 0;
	if (c->keys.n == 0)
		return true;
	if (!sql_audit_checkpoints(w, tx, &(struct sql_audit_checkpoints_in){ from, to, PAGE }, &rows, n))
		return false;
	*out = arena_array(w->arena, *n, sizeof(**out));
	for (size_t i = 0; i < *n; i++)
		if (!audit_note_open(w, rows[i].note, c->origin, &c->keys, &(*out)[i]) ||
			(*out)[i].size != rows[i].size || !str_eq(rows[i].hash, str_of((*out)[i].hash, 32)))
			return err_set(w, ERR_INVALID, "audit.checkpoint_forged",
				"the checkpoint at row %" PRId64 " is not signed by this key, or says something else",
				rows[i].size);
	return true;
}

/* A page of at most PAGE places has at most as many checkpoints. */
static bool page(struct work *w, struct tx *tx, struct walk *k, size_t *n)
{
	struct audit_checkpoint *own = NULL;
	struct sql_audit_chain_out *rows;
	size_t n_own, next = 0;
	int64_t from = k->report->rows;

	if (!sql_audit_chain(w, tx, &(struct sql_audit_chain_in){ from, PAGE }, &rows, n) ||
		!read_checkpoints(w, tx, k->check, from, from + (int64_t)*n, &own, &n_own))
		return false;
	for (size_t i = 0; i < *n; i++) {
		struct arena_mark mark = arena_mark(w->arena);

		if (!step(w, k, &rows[i]))
			return false;
		for (; next < n_own && own[next].size == k->report->rows; next++)
			if (!meets(w, k, &own[next]))
				return false;
		arena_rewind(w->arena, mark);
	}
	return true;
}

static bool check_tail(struct work *w, struct tx *tx, struct walk *k)
{
	const struct audit_check *c = k->check;
	struct sql_audit_stray_out stray;
	struct audit_checkpoint *beyond;
	int64_t size = 0;
	size_t n;

	if (!read_checkpoints(w, tx, c, k->report->rows, INT64_MAX, &beyond, &n))
		return false;
	if (n > 0)
		size = beyond[n - 1].size;
	if (k->saved < c->n_saved && c->saved[c->n_saved - 1].size > size)
		size = c->saved[c->n_saved - 1].size;
	if (size > 0)
		return err_set(w, ERR_INVALID, "audit.truncated",
			"the chain ends with row %" PRId64 ", but %" PRId64
			" rows were signed: the first missing is %" PRId64,
			k->report->rows, size, k->report->rows + 1);
	if (!sql_audit_stray(w, tx, &(struct sql_audit_stray_in){ c->age }, &stray))
		return false;
	return stray.rows == 0 ||
		err_set(w, ERR_INVALID, "audit.unsealed",
			"%" PRId64 " rows have no place in the chain, the first has id %" PRId64, stray.rows,
			stray.first);
}

/* One snapshot: a checkpoint that is signed meanwhile is not taken for one beyond the end. */
static bool freeze(struct work *w, struct conn *conn)
{
	PGresult *res = PQexec(conn_pg(conn), "set transaction isolation level repeatable read");
	bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;

	PQclear(res);
	return ok || err_set(w, ERR_RETRY, "db.unreachable", "the connection broke at the transaction's start");
}

static bool walk(struct work *w, struct tx *tx, struct walk *k)
{
	size_t n;

	do {
		struct arena_mark mark = arena_mark(w->arena);

		if (!page(w, tx, k, &n))
			return false;
		arena_rewind(w->arena, mark);
	} while (n == PAGE);
	return check_tail(w, tx, k);
}

bool audit_verify(struct work *w, struct conn *conn, const struct audit_check *c, struct audit_report *out)
{
	struct walk k = { .check = c, .report = out };
	struct tx tx;
	bool ok;

	memset(out, 0, sizeof(*out));
	ok = tx_begin(w, conn, TX_READ, &tx) && freeze(w, conn) && walk(w, &tx, &k);
	tx_rollback(&tx);
	return ok;
}
