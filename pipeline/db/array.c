#include <assert.h>

#include "codec.h"

/* An array of one dimension: int32 dimensions, any NULL, element's oid, length, lower bound; then int32 size and bytes each. */
#define ARRAY_HEAD 20

static const void *array_of(enum sql_type type, const void *field, size_t *n)
{
	switch (type) {
	case SQL_INT4S:
		*n = ((const struct i32s *)field)->n;
		return ((const struct i32s *)field)->at;
	case SQL_INT8S:
		*n = ((const struct i64s *)field)->n;
		return ((const struct i64s *)field)->at;
	case SQL_UUIDS:
		*n = ((const struct uuids *)field)->n;
		return ((const struct uuids *)field)->at;
	default:
		*n = ((const struct strs *)field)->n;
		return ((const struct strs *)field)->at;
	}
}

static size_t element_max(enum sql_type type, const void *at, size_t i)
{
	const str *s = at;

	return type == SQL_INT4S ? 4 : type == SQL_INT8S ? 8 : type == SQL_UUIDS ? 16 : s[i].n + (type == SQL_JSONBS);
}

static char *put_str(char *p, enum sql_type type, str s)
{
	bool jsonb = type == SQL_JSONBS;

	if (s.p == NULL)
		return put32(p, UINT32_MAX);
	p = put32(p, (uint32_t)(s.n + jsonb));
	if (jsonb)
		*p++ = JSONB_VERSION;
	memcpy(p, s.p, s.n);
	return p + s.n;
}

static char *put_element(char *p, enum sql_type type, const void *at, size_t i)
{
	switch (type) {
	case SQL_INT4S:
		return put32(put32(p, 4), (uint32_t)((const int32_t *)at)[i]);
	case SQL_INT8S:
		return put64(put32(p, 8), (uint64_t)((const int64_t *)at)[i]);
	case SQL_UUIDS:
		p = put32(p, sizeof(uuid));
		memcpy(p, ((const uuid *)at)[i].b, sizeof(uuid));
		return p + sizeof(uuid);
	default:
		return put_str(p, type, ((const str *)at)[i]);
	}
}

static bool has_null(enum sql_type type, const void *at, size_t n)
{
	const str *s = at;

	if (type == SQL_INT4S || type == SQL_INT8S || type == SQL_UUIDS)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i].p == NULL)
			return true;
	}
	return false;
}

int array_put(struct arena *arena, enum sql_type type, Oid element, const void *field, const char **out)
{
	size_t n, size = ARRAY_HEAD;
	const void *at = array_of(type, field, &n);
	char *p, *start;

	for (size_t i = 0; i < n; i++)
		size += 4 + element_max(type, at, i);
	assert(size <= INT32_MAX);
	p = start = arena_alloc(arena, size);
	p = put32(p, n > 0);
	p = put32(p, has_null(type, at, n));
	p = put32(p, element);
	if (n > 0)
		p = put32(put32(p, (uint32_t)n), 1);
	for (size_t i = 0; i < n; i++)
		p = put_element(p, type, at, i);
	*out = start;
	return (int)(p - start);
}

static bool get_str(struct arena *arena, enum sql_type type, const char *p, size_t n, str *out)
{
	if (type == SQL_JSONBS) {
		if (n < 2 || *p != JSONB_VERSION)
			return false;
		p++, n--;
	}
	*out = arena_str(arena, str_of(p, n));
	return true;
}

static bool get_element(struct arena *arena, enum sql_type type, const char *p, size_t n, void *at, size_t i)
{
	switch (type) {
	case SQL_INT4S:
		((int32_t *)at)[i] = n == 4 ? (int32_t)get32(p) : 0;
		return n == 4;
	case SQL_INT8S:
		((int64_t *)at)[i] = n == 8 ? (int64_t)get64(p) : 0;
		return n == 8;
	case SQL_UUIDS:
		if (n == sizeof(uuid))
			memcpy(((uuid *)at)[i].b, p, n);
		return n == sizeof(uuid);
	default:
		return get_str(arena, type, p, n, (str *)at + i);
	}
}

static bool get_elements(struct arena *arena, enum sql_type type, const char *p, const char *end, void *at, size_t n)
{
	bool strings = type != SQL_INT4S && type != SQL_INT8S && type != SQL_UUIDS;

	for (size_t i = 0; i < n; i++) {
		int32_t size;

		if (end - p < 4)
			return false;
		size = (int32_t)get32(p);
		p += 4;
		if (size == -1 && strings) {
			((str *)at)[i] = (str){ NULL, 0 };
			continue;
		}
		if (size < 0 || size > end - p || !get_element(arena, type, p, (size_t)size, at, i))
			return false;
		p += size;
	}
	return p == end;
}

static void set_array(enum sql_type type, void *field, const void *at, size_t n)
{
	switch (type) {
	case SQL_INT4S:
		*(struct i32s *)field = (struct i32s){ at, n };
		return;
	case SQL_INT8S:
		*(struct i64s *)field = (struct i64s){ at, n };
		return;
	case SQL_UUIDS:
		*(struct uuids *)field = (struct uuids){ at, n };
		return;
	default:
		*(struct strs *)field = (struct strs){ at, n };
	}
}

bool array_get(struct arena *arena, enum sql_type type, Oid element, const char *p, size_t n, void *field)
{
	const size_t size = type == SQL_INT4S ? 4 : type == SQL_INT8S ? 8 : sizeof(str);
	size_t count;
	void *at;

	set_array(type, field, NULL, 0);
	if (n < 12 || get32(p) > 1 || get32(p + 8) != element)
		return false;
	if (get32(p) == 0)
		return n == 12;
	if (n < ARRAY_HEAD || (count = get32(p + 12)) > (n - ARRAY_HEAD) / 4)
		return false;
	at = arena_array(arena, count, size);
	set_array(type, field, at, count);
	return get_elements(arena, type, p + ARRAY_HEAD, p + n, at, count);
}
