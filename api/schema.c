#include "host.h"

#include "encode.h"
#include "schema.h"

static void begin(struct json *j, const char *key, const char *type, const char *format, const char *pattern)
{
	json_open(j, key, '{');
	json_str(j, "type", str_c(type));
	if (format != NULL)
		json_str(j, "format", str_c(format));
	if (pattern != NULL)
		json_str(j, "pattern", str_c(pattern));
}

static void one_of(struct json *j, const char *list)
{
	str rest = str_c(list), piece;

	json_open(j, "enum", '[');
	while (str_next(&rest, '|', &piece))
		json_str(j, NULL, piece);
	json_close(j, ']');
}

void schema_of_field(struct json *j, const char *key, const struct field *f)
{
	bool ranged = f->min < f->max;

	switch (f->type) {
	case FIELD_BOOL: begin(j, key, "boolean", NULL, NULL); break;
	case FIELD_I32: begin(j, key, "integer", "int32", NULL); break;
	case FIELD_I64: begin(j, key, "integer", "int64", NULL); break;
	case FIELD_U256: begin(j, key, "string", NULL, "^(0|[1-9][0-9]{0,77})$"); break;
	case FIELD_UUID: begin(j, key, "string", "uuid", NULL); break;
	case FIELD_TIME: begin(j, key, "string", "date-time", NULL); break;
	case FIELD_HEX: begin(j, key, "string", NULL, "^0x([0-9a-fA-F]{2})*$"); break;
	case FIELD_JSON: json_open(j, key, '{'); break; /* any value */
	default: begin(j, key, "string", NULL, NULL); break;
	}
	if (f->type == FIELD_I32 || f->type == FIELD_I64) {
		if (ranged)
			json_i64(j, "minimum", f->min);
		if (ranged && f->max <= INT64_C(1) << 53)
			json_i64(j, "maximum", f->max);
	} else if (f->type == FIELD_STR) {
		if (f->min > 0)
			json_i64(j, "minLength", f->min);
		if (f->max > 0)
			json_i64(j, "maxLength", f->max);
		if (f->one_of != NULL)
			one_of(j, f->one_of);
	} else if (f->type == FIELD_HEX && f->max > 0) {
		json_i64(j, "minLength", 2 + 2 * f->max);
		json_i64(j, "maxLength", 2 + 2 * f->max);
	}
	if (f->doc != NULL)
		json_str(j, "description", str_c(f->doc));
	json_close(j, '}');
}

static void put_type(struct json *j, const char *type, bool nullable)
{
	if (!nullable) {
		json_str(j, "type", str_c(type));
		return;
	}
	json_open(j, "type", '[');
	json_str(j, NULL, str_c(type));
	json_str(j, NULL, STR("null"));
	json_close(j, ']');
}

/* A column of a row; one that may be null only because the request can be refused is never null in an answer. */
static void column_schema(struct json *j, const char *key, const struct sql_value *v, bool refusable)
{
	bool null = v->nullable && !refusable;

	json_open(j, key, '{');
	switch (v->type) {
	case SQL_BOOL: put_type(j, "boolean", null); break;
	case SQL_INT4:
	case SQL_INT8: put_type(j, "integer", null); break;
	case SQL_INT8S:
		put_type(j, "array", null);
		json_open(j, "items", '{');
		json_str(j, "type", STR("integer"));
		json_close(j, '}');
		break;
	case SQL_INTERVAL: put_type(j, "number", null); break; /* seconds */
	case SQL_JSONB: break;                                 /* any value: its shape is in the description */
	case SQL_UUID:
		put_type(j, "string", null);
		json_str(j, "format", STR("uuid"));
		break;
	case SQL_TIMESTAMPTZ:
		put_type(j, "string", null);
		json_str(j, "format", STR("date-time"));
		break;
	case SQL_BYTEA:
		put_type(j, "string", null);
		json_str(j, "pattern", STR("^0x([0-9a-fA-F]{2})*$"));
		break;
	case SQL_NUMERIC:
		put_type(j, "string", null);
		json_str(j, "pattern", STR("^(0|[1-9][0-9]{0,77})$"));
		break;
	case SQL_TEXT: put_type(j, "string", null); break;
	default: fatal("openapi: column %s has a type that replies do not write", v->name);
	}
	if (v->doc != NULL && v->doc[0] != '\0')
		json_str(j, "description", str_c(v->doc));
	json_close(j, '}');
}

static bool is_refusable(const struct sql *s)
{
	return s->n_out > 0 && strcmp(s->out[0].name, "refused") == 0;
}

/* The columns from i on that belong to one object, as that object; returns how many. */
static int group_schema(struct json *j, const struct sql *s, int i)
{
	size_t n = encode_group(&s->out[i]);
	char name[64];
	int end = i;

	snprintf(name, sizeof(name), "%.*s", (int)n, s->out[i].name);
	json_open(j, name, '{');
	put_type(j, "object", s->out[i].nullable && !is_refusable(s));
	json_open(j, "properties", '{');
	for (; end < s->n_out && encode_group(&s->out[end]) == n && memcmp(s->out[end].name, name, n) == 0; end++)
		column_schema(j, s->out[end].name + n + 2, &s->out[end], is_refusable(s));
	json_close(j, '}');
	json_close(j, '}');
	return end - i;
}

void schema_of_row(struct json *j, const char *key, const struct sql *s)
{
	json_open(j, key, '{');
	json_str(j, "type", STR("object"));
	json_open(j, "properties", '{');
	for (int i = 0; i < s->n_out;) {
		if (!encode_is_member(&s->out[i]))
			i++;
		else if (encode_group(&s->out[i]) > 0)
			i += group_schema(j, s, i);
		else
			column_schema(j, s->out[i].name, &s->out[i], is_refusable(s)), i++;
	}
	json_close(j, '}');
	json_close(j, '}');
}

void schema_of_page(struct json *j, const struct sql *s)
{
	json_open(j, "schema", '{');
	json_str(j, "type", STR("object"));
	json_open(j, "required", '[');
	json_str(j, NULL, STR("items"));
	json_str(j, NULL, STR("next_cursor"));
	json_close(j, ']');
	json_open(j, "properties", '{');
	json_open(j, "items", '{');
	json_str(j, "type", STR("array"));
	schema_of_row(j, "items", s);
	json_close(j, '}');
	json_open(j, "next_cursor", '{');
	put_type(j, "string", true);
	json_close(j, '}');
	json_close(j, '}');
	json_close(j, '}');
}
