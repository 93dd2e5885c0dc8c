/* A tree back into text: compact as it is, or canonical (RFC 8785). cJSON's own printer would round
 * integers of more than 15 digits. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/json.h"

#define TOO_LARGE 9007199254740992.0 /* 2^53 */

struct printer {
	struct work *w;
	struct buf b;
	bool canonical;
};

static bool print_value(struct printer *p, const cJSON *item);

bool json_i64_of(const cJSON *number, int64_t *out)
{
	double v = number->valuedouble;

	if (!cJSON_IsNumber(number) || !(v > -TOO_LARGE && v < TOO_LARGE) || v != (double)(int64_t)v)
		return false;
	*out = (int64_t)v;
	return true;
}

static bool print_number(struct printer *p, const cJSON *item)
{
	int64_t v;

	if (json_i64_of(item, &v))
		buf_printf(&p->b, "%" PRId64, v);
	else if (p->canonical)
		return err_set(
			p->w, ERR_INVALID, "jcs.number", "%g is no integer below 2^53 in size", item->valuedouble);
	else
		buf_printf(&p->b, "%.17g", item->valuedouble);
	return true;
}

static bool print_text(struct printer *p, const char *text)
{
	if (p->canonical && !str_utf8(str_c(text)))
		return err_set(p->w, ERR_INVALID, "jcs.text", "a string is not UTF-8");
	json_quote(&p->b, str_c(text));
	return true;
}

static bool print_array(struct printer *p, const cJSON *array)
{
	const cJSON *item;

	buf_byte(&p->b, '[');
	cJSON_ArrayForEach(item, array) {
		if (item != array->child)
			buf_byte(&p->b, ',');
		if (!print_value(p, item))
			return false;
	}
	buf_byte(&p->b, ']');
	return true;
}

/* By UTF-16 code units. UTF-8 sorts alike, but for characters above U+FFFF (first byte F0 to F4):
 * their surrogates D800 to DFFF come before U+E000 to U+FFFF (first byte EE or EF). */
static int by_utf16(const void *a, const void *b)
{
	const uint8_t *x = (const uint8_t *)(*(const cJSON *const *)a)->string;
	const uint8_t *y = (const uint8_t *)(*(const cJSON *const *)b)->string;

	while (*x == *y && *x != 0) {
		x++;
		y++;
	}
	if (*x >= 0xee && *y >= 0xee && (*x >= 0xf0) != (*y >= 0xf0))
		return *x >= 0xf0 ? -1 : 1;
	return *x - *y;
}

static const cJSON **sorted_members(struct arena *arena, const cJSON *object, size_t *n)
{
	const cJSON **members, *item;

	*n = 0;
	cJSON_ArrayForEach(item, object)
		++*n;
	members = arena_array(arena, *n, sizeof(*members));
	*n = 0;
	cJSON_ArrayForEach(item, object)
		members[(*n)++] = item;
	qsort(members, *n, sizeof(*members), by_utf16);
	return members;
}

static bool print_member(struct printer *p, const cJSON *item, bool first)
{
	if (!first)
		buf_byte(&p->b, ',');
	if (!print_text(p, item->string))
		return false;
	buf_byte(&p->b, ':');
	return print_value(p, item);
}

static bool print_sorted(struct printer *p, const cJSON *object)
{
	size_t n;
	const cJSON **members = sorted_members(p->w->arena, object, &n);

	for (size_t i = 0; i < n; i++) {
		if (i > 0 && by_utf16(&members[i - 1], &members[i]) == 0)
			return err_set(p->w, ERR_INVALID, "json.duplicate_key", "\"%.64s\" twice in one object",
				members[i]->string);
		if (!print_member(p, members[i], i == 0))
			return false;
	}
	return true;
}

static bool print_object(struct printer *p, const cJSON *object)
{
	const cJSON *item;

	buf_byte(&p->b, '{');
	if (p->canonical) {
		if (!print_sorted(p, object))
			return false;
	} else {
		cJSON_ArrayForEach(item, object)
			if (!print_member(p, item, item == object->child))
				return false;
	}
	buf_byte(&p->b, '}');
	return true;
}

static bool print_value(struct printer *p, const cJSON *item)
{
	if (cJSON_IsObject(item))
		return print_object(p, item);
	if (cJSON_IsArray(item))
		return print_array(p, item);
	if (cJSON_IsString(item))
		return print_text(p, item->valuestring);
	if (cJSON_IsNumber(item))
		return print_number(p, item);
	if (cJSON_IsBool(item))
		buf_add(&p->b, cJSON_IsTrue(item) ? STR("true") : STR("false"));
	else
		buf_add(&p->b, STR("null"));
	return true;
}

str json_print(struct work *w, const cJSON *item)
{
	struct printer p = { .w = w, .b = buf_new(w->arena, SIZE_MAX) };

	(void)print_value(&p, item); /* only the canonical form refuses anything */
	return buf_str(&p.b);
}

bool json_canonical(struct work *w, const cJSON *value, str *out)
{
	struct printer p = { .w = w, .b = buf_new(w->arena, SIZE_MAX), .canonical = true };

	if (!print_value(&p, value))
		return false;
	*out = buf_str(&p.b);
	return true;
}

bool json_canonical_buf(struct work *w, const struct buf *b, const char *code, str *out)
{
	const cJSON *tree;

	if (buf_full(b))
		return err_set(w, ERR_INVALID, code, "more than %zu bytes", b->max);
	return json_parse(w, buf_str(b), &tree) && json_canonical(w, tree, out);
}
