#include <assert.h>
#include <stddef.h>

#include "codec.h"

/* An array of one dimension: int32 dimensions, any NULL, element's oid, length, lower bound; then int32 size and bytes each. */
#define ARRAY_HEAD 20

/* struct i32s, i64s, strs and uuids look alike. */
struct view {
	const void *at;
	size_t n;
};

static struct view view_of(const void *field)
{
	struct view v;

	_Static_assert(
		sizeof(v) == sizeof(struct strs) && offsetof(struct view, n) == offsetof(struct i64s, n), "layout");
	memcpy(&v, field, sizeof(v));
	return v;
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
	const int32_t *i4 = at;
	const int64_t *i8 = at;
	const uuid *ids = at;
	const str *strings = at;

	if (type == SQL_INT4S)
		return put32(put32(p, 4), (uint32_t)i4[i]);
	if (type == SQL_INT8S)
		return put64(put32(p, 8), (uint64_t)i8[i]);
	if (type != SQL_UUIDS)
		return put_str(p, type, strings[i]);
	p = put32(p, sizeof(uuid));
	memcpy(p, ids[i].b, sizeof(uuid));
	return p + sizeof(uuid);
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
	struct view v = view_of(field);
	size_t size = ARRAY_HEAD;
	char *p, *start;

	for (size_t i = 0; i < v.n; i++)
		size += 4 + element_max(type, v.at, i);
	assert(size <= INT32_MAX);
	p = start = arena_alloc(arena, size);
	p = put32(p, v.n > 0);
	p = put32(p, has_null(type, v.at, v.n));
	p = put32(p, element);
	if (v.n > 0)
		p = put32(put32(p, (uint32_t)v.n), 1);
	for (size_t i = 0; i < v.n; i++)
		p = put_element(p, type, v.at, i);
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
	int32_t *i4 = at;
	int64_t *i8 = at;
	uuid *ids = at;
	str *strings = at;

	if (type == SQL_TEXTS || type == SQL_BYTEAS || type == SQL_JSONBS)
		return get_str(arena, type, p, n, &strings[i]);
	if (n != (type == SQL_INT4S ? 4 : type == SQL_INT8S ? 8 : sizeof(uuid)))
		return false;
	if (type == SQL_INT4S)
		i4[i] = (int32_t)get32(p);
	else if (type == SQL_INT8S)
		i8[i] = (int64_t)get64(p);
	else
		memcpy(ids[i].b, p, n);
	return true;
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

bool array_get(struct arena *arena, enum sql_type type, Oid element, const char *p, size_t n, void *field)
{
	const size_t size = type == SQL_INT4S ? 4 : type == SQL_INT8S ? 8 : sizeof(str);
	struct view v = { NULL, 0 };
	size_t count;
	void *at;

	memcpy(field, &v, sizeof(v));
	if (n < 12 || get32(p) > 1 || get32(p + 8) != element)
		return false;
	if (get32(p) == 0)
		return n == 12;
	if (n < ARRAY_HEAD || (count = get32(p + 12)) > (n - ARRAY_HEAD) / 4)
		return false;
	at = arena_array(arena, count, size);
	v = (struct view){ at, count };
	memcpy(field, &v, sizeof(v));
	return get_elements(arena, type, p + ARRAY_HEAD, p + n, at, count);
}
