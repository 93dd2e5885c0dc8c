#include "tests/vectors/vector.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/hex.h"
#include "model/account.h"

bool differs(struct vector *v, const char *format, ...)
{
	va_list args;

	if (v->why[0] != '\0')
		return false;
	va_start(args, format);
	vsnprintf(v->why, sizeof(v->why), format, args);
	va_end(args);
	return false;
}

bool failed(struct vector *v, const char *doing)
{
	return differs(
		v, "%s: %s: %s", doing, v->w->err.code == NULL ? "no error code" : v->w->err.code, v->w->err.text);
}

static const cJSON *member(const cJSON *object, const char *name)
{
	return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

bool need_text(struct vector *v, const cJSON *object, const char *name, str *out)
{
	const cJSON *item = member(object, name);

	if (!cJSON_IsString(item))
		return differs(v, "in: %s must be a text", name);
	*out = str_c(item->valuestring);
	return true;
}

bool need_hex(struct vector *v, const cJSON *object, const char *name, str *out)
{
	str text;

	return need_text(v, object, name, &text) &&
		(hex_0x_decode(v->w->arena, text, out) || differs(v, "in: %s must be 0x and hex digits", name));
}

bool need_fixed(struct vector *v, const cJSON *object, const char *name, uint8_t *out, size_t n)
{
	str text;

	return need_text(v, object, name, &text) &&
		(hex_0x_fixed(text, out, n) || differs(v, "in: %s must be %zu bytes of hex", name, n));
}

bool need_address(struct vector *v, const cJSON *object, const char *name, uint8_t out[20])
{
	str text;

	return need_text(v, object, name, &text) &&
		(address_parse(text, out) || differs(v, "in: %s is no address", name));
}

bool need_u256(struct vector *v, const cJSON *object, const char *name, u256 *out)
{
	const cJSON *item = member(object, name);
	int64_t n = -1;

	if (cJSON_IsString(item) && u256_parse(str_c(item->valuestring), out))
		return true;
	if (!cJSON_IsNumber(item) || !json_get_i64(object, name, &n) || n < 0)
		return differs(v, "in: %s must be a decimal number", name);
	*out = u256_of((uint64_t)n);
	return true;
}

bool need_u64(struct vector *v, const cJSON *object, const char *name, uint64_t *out)
{
	u256 n;

	return need_u256(v, object, name, &n) && (u256_u64(n, out) || differs(v, "in: %s is above 2^64", name));
}

bool need_object(struct vector *v, const cJSON *object, const char *name, const cJSON **out)
{
	*out = member(object, name);
	return cJSON_IsObject(*out) || differs(v, "in: %s must be an object", name);
}

bool need_array(struct vector *v, const cJSON *object, const char *name, const cJSON **out)
{
	*out = member(object, name);
	return cJSON_IsArray(*out) || differs(v, "in: %s must be an array", name);
}

const cJSON *expected(struct vector *v, const char *name)
{
	const cJSON *item;
	unsigned at = 0;

	cJSON_ArrayForEach(item, v->out) {
		if (at < OUT_MAX && item->string != NULL && strcmp(item->string, name) == 0) {
			v->checked |= UINT64_C(1) << at;
			return item;
		}
		at++;
	}
	differs(v, "out: %s is missing", name);
	return NULL;
}

bool want_text(struct vector *v, const char *name, str got)
{
	const cJSON *item = expected(v, name);

	if (item == NULL)
		return false;
	if (!cJSON_IsString(item))
		return differs(v, "out: %s must be a text", name);
	if (!str_eq(str_c(item->valuestring), got))
		return differs(v, "%s: expected %.120s, got %.*s", name, item->valuestring,
			got.n > 120 ? 120 : (int)got.n, got.p);
	return true;
}

bool want_hex(struct vector *v, const char *name, str got)
{
	return want_text(v, name, hex_0x(v->w->arena, got));
}

bool want_hash(struct vector *v, const char *name, const uint8_t got[32])
{
	return want_hex(v, name, str_of(got, 32));
}

bool want_address(struct vector *v, const char *name, const uint8_t got[20])
{
	char text[ADDRESS_TEXT];

	address_format(got, text);
	return want_text(v, name, str_of(text, ADDRESS_TEXT));
}

bool want_bool(struct vector *v, const char *name, bool got)
{
	const cJSON *item = expected(v, name);

	if (item == NULL)
		return false;
	if (!cJSON_IsBool(item))
		return differs(v, "out: %s must be true or false", name);
	return cJSON_IsTrue(item) == got || differs(v, "%s: got %s", name, got ? "true" : "false");
}

bool want_u64(struct vector *v, const char *name, uint64_t got)
{
	const cJSON *item = expected(v, name);
	int64_t n = -1;

	if (item == NULL)
		return false;
	if (!cJSON_IsNumber(item) || !json_get_i64(v->out, name, &n) || n < 0)
		return differs(v, "out: %s must be a number", name);
	return (uint64_t)n == got || differs(v, "%s: expected %" PRId64 ", got %" PRIu64, name, n, got);
}

bool same_json(struct vector *v, const char *name, const cJSON *a, const cJSON *b)
{
	str want, got;

	if (!json_canonical(v->w, a, &want) || !json_canonical(v->w, b, &got))
		return failed(v, name);
	return str_eq(want, got) ||
		differs(v, "%s: expected %.*s, got %.*s", name, want.n > 150 ? 150 : (int)want.n, want.p,
			got.n > 150 ? 150 : (int)got.n, got.p);
}

bool want_json(struct vector *v, const char *name, str got)
{
	const cJSON *item = expected(v, name), *tree;

	if (item == NULL)
		return false;
	return json_parse(v->w, got, &tree) ? same_json(v, name, item, tree) : failed(v, name);
}
