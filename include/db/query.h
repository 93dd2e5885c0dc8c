/* Named statements. sql/NOUN/VERB.sql becomes at build time (sql/embed.awk) in build/gen/sql.h:
 *
 *     struct sql_bounty_fund_in { int64_t bounty_id; str payer; u256 amount; };
 *     struct sql_bounty_fund_out { int64_t job_id; };
 *     extern const struct sql sql_bounty_fund_stmt;
 *     bool sql_bounty_fund(w, tx, &in, &out);
 *
 * The file's head:
 *
 *     -- SHAPE: one line that says what it does
 *     -- in   NAME  TYPE[?]   comment          $1, $2 ... in this order; "?" = may be NULL
 *     -- out  NAME  TYPE[?]   comment          the columns in this order
 *     -- role NAME...                          who runs it: api worker relay auditor operator owner; check-sql proves the grants
 *
 * Other comments may stand between these lines; in, out and role come before the statement's first line.
 *
 * SHAPE   none   no rows wanted                       f(w, tx, &in)
 *         one    exactly one row, else ERR_BUG        f(w, tx, &in, &out)
 *         maybe  no row or one                        f(w, tx, &in, &out, &found)
 *         many   rows in w's arena                    f(w, tx, &in, &rows, &n)
 * A statement without `in` takes no in.
 *
 * TYPE     C                       TYPE          C
 * bool     bool                    numeric       u256 (never negative; scale 0)
 * int4     int32_t                 numeric_s     str, signed decimal text
 * int8     int64_t                 timestamptz   usec since 1970
 * text     str                     interval      usec (no months)
 * jsonb    str, its text           int8[]        struct i64s { const int64_t *at; size_t n; }
 * bytea    str, bytes              text[] uuid[] bytea[] jsonb[]   struct strs / uuids { at, n }
 * uuid     uuid                    int4[]        struct i32s { at, n }
 *
 * A nullable NAME of a type that is not a str adds `bool has_NAME` before it (in: set it to send a value); a str NULL is
 * { NULL, 0 }, and so is a NULL element of strs; a str of a NAME without "?" is sent as empty when its p is NULL.
 * Everything travels in binary, prepared once per connection. str and arrays of a row live in w's arena. */
#pragma once

#include "base/u256.h"
#include "base/uuid.h"
#include "db/tx.h"

struct i64s {
	const int64_t *at;
	size_t n;
};
struct i32s {
	const int32_t *at;
	size_t n;
};
struct strs {
	const str *at;
	size_t n;
};
struct uuids {
	const uuid *at;
	size_t n;
};

enum sql_shape { SQL_NONE, SQL_ONE, SQL_MAYBE, SQL_MANY };
enum sql_type {
	SQL_BOOL,
	SQL_INT4,
	SQL_INT8,
	SQL_TEXT,
	SQL_JSONB,
	SQL_BYTEA,
	SQL_UUID,
	SQL_NUMERIC,
	SQL_NUMERIC_S,
	SQL_TIMESTAMPTZ,
	SQL_INTERVAL,
	SQL_INT4S,
	SQL_INT8S,
	SQL_TEXTS,
	SQL_BYTEAS,
	SQL_JSONBS,
	SQL_UUIDS,
};

struct sql_value {
	const char *name;
	enum sql_type type;
	size_t offset;
	size_t has; /* offset of has_NAME, (size_t)-1 without one */
	bool nullable;
	const char *doc;
};

struct sql {
	const char *name; /* "bounty.fund", also the prepared statement's */
	const char *text;
	const char *doc;
	const char *roles; /* "api worker"; NULL = the head names none */
	enum sql_shape shape;
	const struct sql_value *in, *out;
	int n_in, n_out;
	size_t size_in, size_out;
};

extern const struct sql *const sql_all[]; /* every statement of sql/, NULL at the end */

/* What the generated functions call.
 * fails  as sqlstate_err; ERR_BUG db.row, db.row_count (not as many rows as the shape says); ERR_RETRY db.busy (w's
 *        deadline: the statement is cancelled); ERR_UNCERTAIN db.commit_unknown when the connection breaks under a
 *        statement that is its own transaction */
MUST bool query_none(struct work *w, struct tx *tx, const struct sql *s, const void *in);
MUST bool query_one(struct work *w, struct tx *tx, const struct sql *s, const void *in, void *out);
MUST bool query_maybe(struct work *w, struct tx *tx, const struct sql *s, const void *in, void *out, bool *found);
MUST bool query_many(struct work *w, struct tx *tx, const struct sql *s, const void *in, void **rows, size_t *n);

Oid query_oid(enum sql_type type); /* the type's number in pg_type */

/* The halves, for who owns the connection otherwise (the API's event loop). */
#define QUERY_MAX_IN 32
struct query_params {
	int n;
	Oid types[QUERY_MAX_IN];
	const char *values[QUERY_MAX_IN];
	int lengths[QUERY_MAX_IN], formats[QUERY_MAX_IN];
};
void query_encode(struct arena *arena, const struct sql *s, const void *in, struct query_params *out);
/* One row of a PGRES_TUPLES_OK result into the out struct; checks the number of columns.  fails  ERR_BUG db.row */
MUST bool query_decode(struct work *w, const struct sql *s, PGresult *res, int row, void *out);
