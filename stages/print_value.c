/* One value, and one row of them, as text for people or JSON for programs. */
#include "base/hex.h"
#include "base/json.h"
#include "print_value.h"

static bool control(str character)
{
	uint8_t first = (uint8_t)character.p[0];

	return first < 0x20 || first == 0x7f || (first == 0xc2 && (uint8_t)character.p[1] < 0xa0) ||
		(first == 0xe2 && (uint8_t)character.p[1] == 0x80 && (uint8_t)character.p[2] >= 0xaa &&
			(uint8_t)character.p[2] <= 0xae) ||
		(first == 0xe2 && (uint8_t)character.p[1] == 0x81 && (uint8_t)character.p[2] >= 0xa6 &&
			(uint8_t)character.p[2] <= 0xa9);
}

str print_plain(struct work *w, str text)
{
	struct buf b = buf_new(w->arena, 2 * text.n + 1);

	while (text.n > 0) {
		size_t n = str_utf8_char(text);

		if (text.p[0] == '\n' || text.p[0] == '\t')
			buf_byte(&b, ' ');
		else if (n == 0 || control(str_of(text.p, n)))
			buf_byte(&b, '?');
		else
			buf_add(&b, str_of(text.p, n));
		text = str_skip(text, n == 0 ? 1 : n);
	}
	return buf_str(&b);
}

static const void *value_at(const struct sql_value *v, const void *row)
{
	return (const char *)row + v->offset;
}

static bool is_str(enum sql_type type)
{
	return type == SQL_TEXT || type == SQL_JSONB || type == SQL_BYTEA || type == SQL_NUMERIC_S;
}

bool print_is_null(const struct sql_value *v, const void *row)
{
	if (v->has != (size_t)-1)
		return !*(const bool *)((const char *)row + v->has);
	return is_str(v->type) && ((const str *)value_at(v, row))->p == NULL;
}

static str time_text(struct work *w, usec t)
{
	char text[CLOCK_TEXT];

	return arena_str(w->arena, str_of(text, clock_format(t, text)));
}

static str to_seconds(struct work *w, str text)
{
	size_t dot;

	return str_find(text, STR("."), &dot) ? arena_printf(w->arena, STR_FMT "Z", (int)dot, text.p) : text;
}

static str decimal(struct work *w, u256 v)
{
	char text[U256_DEC];

	return arena_str(w->arena, str_of(text, u256_format(v, text)));
}

static str uuid_text(struct work *w, uuid id)
{
	char text[UUID_TEXT];

	uuid_format(id, text);
	return arena_str(w->arena, str_of(text, sizeof(text)));
}

static str seconds(struct work *w, usec span)
{
	usec size = span < 0 ? -span : span;

	return arena_printf(w->arena, "%s%lld.%03lld", span < 0 ? "-" : "", (long long)(size / USEC_S),
		(long long)(size % USEC_S / USEC_MS));
}

static str i64_text(struct work *w, int64_t v)
{
	return arena_printf(w->arena, "%lld", (long long)v);
}

static size_t count(const struct sql_value *v, const void *row)
{
	return v->type == SQL_INT4S    ? ((const struct i32s *)value_at(v, row))->n
		: v->type == SQL_INT8S ? ((const struct i64s *)value_at(v, row))->n
		: v->type == SQL_UUIDS ? ((const struct uuids *)value_at(v, row))->n
				       : ((const struct strs *)value_at(v, row))->n;
}

static str element(struct work *w, const struct sql_value *v, const void *row, size_t i)
{
	const void *p = value_at(v, row);

	switch (v->type) {
	case SQL_INT4S: return i64_text(w, ((const struct i32s *)p)->at[i]);
	case SQL_INT8S: return i64_text(w, ((const struct i64s *)p)->at[i]);
	case SQL_UUIDS: return uuid_text(w, ((const struct uuids *)p)->at[i]);
	case SQL_BYTEAS: return hex_0x(w->arena, ((const struct strs *)p)->at[i]);
	default: return ((const struct strs *)p)->at[i];
	}
}

static str list_text(struct work *w, const struct sql_value *v, const void *row)
{
	struct buf b = buf_new(w->arena, PRINT_MAX);

	for (size_t i = 0; i < count(v, row); i++) {
		if (i > 0)
			buf_add(&b, STR(", "));
		buf_add(&b, element(w, v, row, i));
	}
	return buf_str(&b);
}

/* As people read it; empty for NULL. */
str print_text(struct work *w, const struct sql_value *v, const void *row)
{
	const void *p = value_at(v, row);

	if (print_is_null(v, row))
		return STR("");
	switch (v->type) {
	case SQL_BOOL: return *(const bool *)p ? STR("yes") : STR("no");
	case SQL_INT4: return i64_text(w, *(const int32_t *)p);
	case SQL_INT8: return i64_text(w, *(const int64_t *)p);
	case SQL_UUID: return uuid_text(w, *(const uuid *)p);
	case SQL_NUMERIC: return decimal(w, *(const u256 *)p);
	case SQL_TIMESTAMPTZ: return to_seconds(w, time_text(w, *(const usec *)p));
	case SQL_INTERVAL: return arena_printf(w->arena, STR_FMT " s", STR_ARG(seconds(w, *(const usec *)p)));
	case SQL_BYTEA: return hex_0x(w->arena, *(const str *)p);
	case SQL_TEXT:
	case SQL_JSONB:
	case SQL_NUMERIC_S: return print_plain(w, *(const str *)p);
	default: return print_plain(w, list_text(w, v, row));
	}
}

static void json_number(struct json *j, const char *key, int64_t v, struct work *w)
{
	if (v > -(INT64_C(1) << 53) && v < INT64_C(1) << 53)
		json_i64(j, key, v);
	else
		json_str(j, key, i64_text(w, v));
}

static void json_list(struct json *j, const struct sql_value *v, const void *row, struct work *w)
{
	bool raw = v->type == SQL_INT4S || v->type == SQL_INT8S || v->type == SQL_JSONBS;

	json_open(j, v->name, '[');
	for (size_t i = 0; i < count(v, row); i++) {
		str text = element(w, v, row, i);

		if (raw && text.p != NULL)
			json_raw(j, NULL, text);
		else
			json_str(j, NULL, text);
	}
	json_close(j, ']');
}

static void json_value(struct json *j, const struct sql_value *v, const void *row, struct work *w)
{
	const void *p = value_at(v, row);

	if (print_is_null(v, row)) {
		json_null(j, v->name);
		return;
	}
	switch (v->type) {
	case SQL_BOOL: json_bool(j, v->name, *(const bool *)p); break;
	case SQL_INT4: json_i64(j, v->name, *(const int32_t *)p); break;
	case SQL_INT8: json_number(j, v->name, *(const int64_t *)p, w); break;
	case SQL_UUID: json_uuid(j, v->name, *(const uuid *)p); break;
	case SQL_NUMERIC: json_u256(j, v->name, *(const u256 *)p); break;
	case SQL_TIMESTAMPTZ: json_time(j, v->name, *(const usec *)p); break;
	case SQL_INTERVAL: json_raw(j, v->name, seconds(w, *(const usec *)p)); break;
	case SQL_BYTEA: json_hex(j, v->name, *(const str *)p); break;
	case SQL_JSONB: json_raw(j, v->name, *(const str *)p); break;
	case SQL_TEXT:
	case SQL_NUMERIC_S: json_str(j, v->name, *(const str *)p); break;
	default: json_list(j, v, row, w);
	}
}

str print_json(struct work *w, struct print_shape shape, const void *row)
{
	struct buf b = buf_new(w->arena, PRINT_MAX);
	struct json j = { .b = &b };

	json_open(&j, NULL, '{');
	for (int i = 0; i < shape.n; i++)
		json_value(&j, &shape.at[i], row, w);
	json_close(&j, '}');
	return buf_str(&b);
}
