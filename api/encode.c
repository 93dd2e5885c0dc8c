#include "encode.h"

#include "cursor.h"
#include "model/account.h"
#include "problem.h"
#include "request.h"
#include "routes.h"

bool encode_is_member(const struct sql_value *v)
{
	return strcmp(v->name, "refused") != 0 && strcmp(v->name, "cursor") != 0 && strcmp(v->name, "more") != 0 &&
		!(strcmp(v->name, "status") == 0 && v->type == SQL_INT4);
}

size_t encode_group(const struct sql_value *v)
{
	const char *at = strstr(v->name, "__");

	return at == NULL ? 0 : (size_t)(at - v->name);
}

static bool is_str(enum sql_type type)
{
	return type == SQL_TEXT || type == SQL_JSONB || type == SQL_BYTEA || type == SQL_NUMERIC_S;
}

static bool is_null(const struct sql_value *v, const void *row)
{
	const char *at = (const char *)row + v->offset;

	if (v->has != (size_t)-1)
		return !*(const bool *)((const char *)row + v->has);
	return is_str(v->type) && ((const str *)at)->p == NULL;
}

/* 20 bytes are an EVM address, in EIP-55's case; all else is plain hex. */
static void put_bytes(struct json *j, const char *key, str bytes)
{
	char text[ADDRESS_TEXT];

	if (bytes.n != 20) {
		json_hex(j, key, bytes);
		return;
	}
	address_format((const uint8_t *)bytes.p, text);
	json_str(j, key, str_of(text, sizeof(text)));
}

static void put_numbers(struct json *j, const char *key, struct i64s all)
{
	json_open(j, key, '[');
	for (size_t i = 0; i < all.n; i++)
		json_i64(j, NULL, all.at[i]);
	json_close(j, ']');
}

static void put_seconds(struct json *j, const char *key, usec span)
{
	char text[32];
	int n = snprintf(text, sizeof(text), "%.6f", (double)span / USEC_S);

	json_raw(j, key, str_of(text, (size_t)n));
}

static void put(struct json *j, const char *key, const struct sql_value *v, const void *row)
{
	const void *at = (const char *)row + v->offset;

	if (is_null(v, row)) {
		json_null(j, key);
		return;
	}
	switch (v->type) {
	case SQL_BOOL: json_bool(j, key, *(const bool *)at); break;
	case SQL_INT4: json_i64(j, key, *(const int32_t *)at); break;
	case SQL_INT8: json_i64(j, key, *(const int64_t *)at); break;
	case SQL_TEXT:
	case SQL_NUMERIC_S: json_str(j, key, *(const str *)at); break;
	case SQL_JSONB: json_raw(j, key, *(const str *)at); break;
	case SQL_BYTEA: put_bytes(j, key, *(const str *)at); break;
	case SQL_UUID: json_uuid(j, key, *(const uuid *)at); break;
	case SQL_NUMERIC: json_u256(j, key, *(const u256 *)at); break;
	case SQL_TIMESTAMPTZ: json_time(j, key, *(const usec *)at); break;
	case SQL_INTERVAL: put_seconds(j, key, *(const usec *)at); break;
	case SQL_INT8S: put_numbers(j, key, *(const struct i64s *)at); break;
	default: json_null(j, key); break; /* no statement of a route has these: openapi.c refuses them at the start */
	}
}

/* Columns a__x, a__y, ... in a row make the object a; it is null when its first one is. */
static void put_row(struct json *j, const struct sql *s, const void *row)
{
	const char *group = NULL;
	size_t n = 0;
	bool skip = false;

	json_open(j, NULL, '{');
	for (int i = 0; i < s->n_out; i++) {
		const struct sql_value *v = &s->out[i];
		size_t len = encode_group(v);

		if (!encode_is_member(v))
			continue;
		if (group != NULL && (len != n || memcmp(group, v->name, n) != 0)) {
			if (!skip)
				json_close(j, '}');
			group = NULL;
		}
		if (len > 0 && group == NULL) {
			char name[64];

			snprintf(name, sizeof(name), "%.*s", (int)len, v->name);
			group = v->name;
			n = len;
			skip = is_null(v, row);
			if (skip)
				json_null(j, name);
			else
				json_open(j, name, '{');
		}
		if (group == NULL || !skip)
			put(j, len > 0 ? v->name + len + 2 : v->name, v, row);
	}
	if (group != NULL && !skip)
		json_close(j, '}');
	json_close(j, '}');
}

static const struct sql_value *column(const struct sql *s, const char *name, enum sql_type type)
{
	for (int i = 0; i < s->n_out; i++) {
		if (strcmp(s->out[i].name, name) == 0 && s->out[i].type == type)
			return &s->out[i];
	}
	return NULL;
}

/* A row that is refused may name what is in the way. */
static void note_subject(struct call *c, const void *row)
{
	const struct sql_value *v = column(c->route->sql, "id", SQL_UUID);

	if (v == NULL || v->has == (size_t)-1 || !*(const bool *)((const char *)row + v->has))
		return;
	c->subject = *(const uuid *)((const char *)row + v->offset);
	c->has_subject = true;
}

static bool check_refused(struct call *c, const void *row)
{
	const struct sql_value *v = column(c->route->sql, "refused", SQL_TEXT);
	str code = v == NULL ? (str){ NULL, 0 } : *(const str *)((const char *)row + v->offset);

	if (code.p == NULL)
		return true;
	note_subject(c, row);
	return problem_set(c, arena_cstr(c->w.arena, code));
}

static void take_status(struct call *c, const void *row)
{
	const struct sql_value *v = column(c->route->sql, "status", SQL_INT4);

	c->status = v == NULL ? c->route->status : *(const int32_t *)((const char *)row + v->offset);
}

static bool encode_object(struct call *c, PGresult *res)
{
	const struct sql *s = c->route->sql;
	void *row = arena_zero(c->w.arena, s->size_out);
	struct json j = { .b = &c->out };

	if (PQntuples(res) == 0)
		return problem_set(c, request_not_found(c));
	if (!query_decode(&c->w, s, res, 0, row) || !check_refused(c, row))
		return false;
	take_status(c, row);
	c->media = "application/json";
	if (c->route->finish != NULL && !c->route->finish(c, row))
		return false;
	if (c->out.n == 0)
		put_row(&j, s, row);
	return true;
}

static bool encode_page(struct call *c, PGresult *res)
{
	const struct sql *s = c->route->sql;
	const struct sql_value *position = column(s, "cursor", SQL_TEXT), *more = column(s, "more", SQL_BOOL);
	int n = PQntuples(res), shown = c->page > 0 && n > c->page ? c->page : n; /* without ?limit= all of them */
	struct json j = { .b = &c->out };
	str last = { NULL, 0 };

	c->media = "application/json";
	c->status = c->route->status;
	json_open(&j, NULL, '{');
	json_open(&j, "items", '[');
	for (int i = 0; i < shown; i++) {
		void *row = arena_zero(c->w.arena, s->size_out);

		if (!query_decode(&c->w, s, res, i, row))
			return false;
		if (position != NULL)
			last = *(const str *)((const char *)row + position->offset);
		if (more != NULL && *(const bool *)((const char *)row + more->offset))
			shown--; /* no row: where the search may go on from */
		else
			put_row(&j, s, row);
	}
	json_close(&j, ']');
	if (n > shown)
		json_str(&j, "next_cursor", cursor_seal(c, last));
	else
		json_null(&j, "next_cursor");
	json_close(&j, '}');
	return true;
}

static bool encode_own(struct call *c, PGresult *res)
{
	void *row = NULL;

	c->status = c->route->status;
	c->media = c->route->media;
	if (c->route->sql != NULL && c->route->sql->shape != SQL_MANY) {
		if (PQntuples(res) == 0)
			return problem_set(c, request_not_found(c));
		row = arena_zero(c->w.arena, c->route->sql->size_out);
		if (!query_decode(&c->w, c->route->sql, res, 0, row))
			return false;
	}
	return c->route->finish(c, row);
}

bool encode_reply(struct call *c, PGresult *res)
{
	bool ok = c->route->reply == REPLY_OBJECT ? encode_object(c, res)
		: c->route->reply == REPLY_PAGE   ? encode_page(c, res)
						  : encode_own(c, res);

	if (ok && buf_full(&c->out))
		return err_set(&c->w, ERR_BUG, "api.reply_too_large", "%s", c->route->path);
	return ok;
}
