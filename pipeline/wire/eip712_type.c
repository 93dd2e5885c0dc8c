/* encodeType of EIP-712. */
#include "eip712_type.h"

#define STRUCTS_MAX 64 /* struct types that one type may refer to */
#define TEXT_MAX 16384 /* bytes of encodeType */

bool eip712_bad_types(const struct eip712_typed *t, const char *what, str at)
{
	return err_set(t->w, ERR_INVALID, "eip712.types", "%s: %.*s", what, at.n > 100 ? 100 : (int)at.n, at.p);
}

bool eip712_bad_value(const struct eip712_typed *t, const char *what, str at)
{
	return err_set(t->w, ERR_INVALID, "eip712.value", "%s: %.*s", what, at.n > 100 ? 100 : (int)at.n, at.p);
}

static bool is_name(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '$';

		if (!letter && (i == 0 || c < '0' || c > '9'))
			return false;
	}
	return s.n > 0;
}

const cJSON *eip712_members(const struct eip712_typed *t, str name)
{
	const cJSON *at;

	cJSON_ArrayForEach(at, t->types)
		if (str_eq(str_c(at->string), name))
			return cJSON_IsArray(at) ? at : NULL;
	return str_eq(name, STR("EIP712Domain")) ? t->made : NULL;
}

str eip712_text(const cJSON *object, const char *member)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, member);

	return cJSON_IsString(item) ? str_c(item->valuestring) : (str){ NULL, 0 };
}

str eip712_element(str type)
{
	const char *bracket = type.n == 0 ? NULL : memchr(type.p, '[', type.n);

	return bracket == NULL ? type : str_of(type.p, (size_t)(bracket - type.p));
}

struct names {
	str at[STRUCTS_MAX];
	size_t n;
};

/* Adds name and all that it refers to, in ascending order. */
static bool collect(const struct eip712_typed *t, str name, struct names *found, int depth)
{
	const cJSON *members = eip712_members(t, name), *m;
	size_t at = 0;

	if (members == NULL)
		return true; /* an atomic type: encode_value knows them */
	while (at < found->n && str_cmp(found->at[at], name) < 0)
		at++;
	if (at < found->n && str_eq(found->at[at], name))
		return true;
	if (found->n == STRUCTS_MAX || depth == STRUCTS_MAX || !is_name(name))
		return eip712_bad_types(t, "too many types, or no name", name);
	memmove(&found->at[at + 1], &found->at[at], (found->n - at) * sizeof(found->at[0]));
	found->at[at] = name;
	found->n++;
	cJSON_ArrayForEach(m, members)
		if (!collect(t, eip712_element(eip712_text(m, "type")), found, depth + 1))
			return false;
	return true;
}

static bool write_type(const struct eip712_typed *t, str name, struct buf *b)
{
	const cJSON *members = eip712_members(t, name), *m;
	const char *comma = "";

	if (members == NULL)
		return eip712_bad_types(t, "no such type", name);
	buf_printf(b, STR_FMT "(", STR_ARG(name));
	cJSON_ArrayForEach(m, members) {
		str type = eip712_text(m, "type"), member = eip712_text(m, "name");

		if (!is_name(member) || !is_name(eip712_element(type)))
			return eip712_bad_types(t, "a member needs a name and a type", name);
		buf_printf(b, "%s" STR_FMT " " STR_FMT, comma, STR_ARG(type), STR_ARG(member));
		comma = ",";
	}
	buf_byte(b, ')');
	return true;
}

bool eip712_encode_type(const struct eip712_typed *t, str name, str *out)
{
	struct buf b = buf_new(t->w->arena, TEXT_MAX);
	struct names found = { .n = 0 };

	if (!collect(t, name, &found, 0) || !write_type(t, name, &b))
		return false;
	for (size_t i = 0; i < found.n; i++)
		if (!str_eq(found.at[i], name) && !write_type(t, found.at[i], &b))
			return false;
	*out = buf_str(&b);
	return !buf_full(&b) || eip712_bad_types(t, "the types are too long", name);
}
