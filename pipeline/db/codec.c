#include "codec.h"

#define EPOCH_2000 (INT64_C(946684800) * USEC_S) /* timestamptz counts from 2000-01-01 */
#define DAY (INT64_C(86400) * USEC_S)
/* pg_type.dat: these numbers never change. size: of a value in binary, 0 when it varies. */
static const struct {
	Oid oid, element;
	size_t size;
} types[] = {
	[SQL_BOOL] = { 16, 0, 1 },
	[SQL_INT4] = { 23, 0, 4 },
	[SQL_INT8] = { 20, 0, 8 },
	[SQL_TEXT] = { 25, 0, 0 },
	[SQL_JSONB] = { 3802, 0, 0 },
	[SQL_BYTEA] = { 17, 0, 0 },
	[SQL_UUID] = { 2950, 0, sizeof(uuid) },
	[SQL_NUMERIC] = { 1700, 0, 0 },
	[SQL_NUMERIC_S] = { 1700, 0, 0 },
	[SQL_TIMESTAMPTZ] = { 1184, 0, 8 },
	[SQL_INTERVAL] = { 1186, 0, 16 },
	[SQL_INT4S] = { 1007, 23, 0 },
	[SQL_INT8S] = { 1016, 20, 0 },
	[SQL_TEXTS] = { 1009, 25, 0 },
	[SQL_BYTEAS] = { 1001, 17, 0 },
	[SQL_JSONBS] = { 3807, 3802, 0 },
	[SQL_UUIDS] = { 2951, 2950, 0 },
};

Oid query_oid(enum sql_type type)
{
	return types[type].oid;
}

static bool is_str(enum sql_type type)
{
	return type == SQL_TEXT || type == SQL_JSONB || type == SQL_BYTEA || type == SQL_NUMERIC_S;
}

static uint64_t pg_time(usec t)
{
	usec pg;

	if (t == INT64_MAX || t == INT64_MIN)
		return (uint64_t)t; /* infinity */
	return (uint64_t)(__builtin_sub_overflow(t, EPOCH_2000, &pg) ? INT64_MIN + 1 : pg);
}

static bool get_time(const char *p, usec *out)
{
	int64_t pg = (int64_t)get64(p);

	if (pg != INT64_MAX && pg != INT64_MIN)
		return !__builtin_add_overflow(pg, EPOCH_2000, out);
	*out = pg;
	return true;
}

static bool get_interval(const char *p, usec *out)
{
	int64_t days;

	return get32(p + 12) == 0 && !__builtin_mul_overflow((int64_t)(int32_t)get32(p + 8), DAY, &days) &&
		!__builtin_add_overflow((int64_t)get64(p), days, out);
}

static void encode_str(struct arena *arena, const struct sql_value *v, str s, const char **p, int *n, int *format)
{
	char *copy;

	*n = (int)s.n;
	*p = s.p != NULL ? s.p : v->nullable ? NULL : "";
	if (*p == NULL)
		return;
	if (v->type == SQL_NUMERIC_S) {
		*format = 0;
		*p = arena_cstr(arena, s);
	} else if (v->type == SQL_JSONB) {
		copy = arena_alloc(arena, s.n + 1);
		copy[0] = JSONB_VERSION;
		memcpy(copy + 1, *p, s.n);
		*p = copy;
		*n = (int)s.n + 1;
	}
}

/* Returns the size; b has NUMERIC_MAX bytes. */
static int encode_fixed(enum sql_type type, const void *field, char *b)
{
	const int32_t *i4 = field;
	const int64_t *i8 = field;
	const bool *flag = field;
	const uuid *id = field;

	switch (type) {
	case SQL_BOOL: *b = *flag; break;
	case SQL_INT4: put32(b, (uint32_t)*i4); break;
	case SQL_TIMESTAMPTZ: put64(b, pg_time(*i8)); break;
	case SQL_INTERVAL: put64(put64(b, (uint64_t)*i8), 0); break; /* no days, no months */
	case SQL_UUID: memcpy(b, id->b, sizeof(id->b)); break;
	case SQL_NUMERIC: return numeric_put(b, *(const u256 *)field);
	default: put64(b, (uint64_t)*i8);
	}
	return (int)types[type].size;
}

void codec_encode(struct arena *arena, const struct sql_value *v, const void *in, const char **p, int *n, int *format)
{
	const void *field = (const char *)in + v->offset;
	const bool *has = (const bool *)((const char *)in + (v->has == (size_t)-1 ? 0 : v->has));
	char *b;

	*format = 1;
	*p = NULL;
	*n = 0;
	if (v->has != (size_t)-1 && !*has)
		return;
	if (is_str(v->type)) {
		encode_str(arena, v, *(const str *)field, p, n, format);
	} else if (types[v->type].element != 0) {
		*n = array_put(arena, v->type, types[v->type].element, field, p);
	} else {
		*p = b = arena_alloc(arena, NUMERIC_MAX);
		*n = encode_fixed(v->type, field, b);
	}
}

static bool decode_str(struct arena *arena, enum sql_type type, const char *p, size_t n, str *out)
{
	if (type == SQL_NUMERIC_S)
		return numeric_text(arena, p, n, out);
	if (type == SQL_JSONB) {
		if (n < 2 || *p != JSONB_VERSION)
			return false;
		p++, n--;
	}
	*out = arena_str(arena, str_of(p, n));
	return true;
}

static bool decode_fixed(enum sql_type type, const char *p, size_t n, void *field)
{
	if (n != types[type].size)
		return false;
	switch (type) {
	case SQL_BOOL: *(bool *)field = *p != 0; return true;
	case SQL_INT4: *(int32_t *)field = (int32_t)get32(p); return true;
	case SQL_INT8: *(int64_t *)field = (int64_t)get64(p); return true;
	case SQL_TIMESTAMPTZ: return get_time(p, field);
	case SQL_INTERVAL: return get_interval(p, field);
	default: memcpy(field, p, sizeof(uuid)); return true;
	}
}

bool codec_decode(struct arena *arena, const struct sql_value *v, const char *p, size_t n, void *out)
{
	void *field = (char *)out + v->offset;

	if (is_str(v->type))
		return decode_str(arena, v->type, p, n, field);
	if (types[v->type].element != 0)
		return array_get(arena, v->type, types[v->type].element, p, n, field);
	if (v->type == SQL_NUMERIC)
		return numeric_get(p, n, field);
	return decode_fixed(v->type, p, n, field);
}
