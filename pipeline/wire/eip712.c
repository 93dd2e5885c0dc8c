#include "wire/eip712.h"

#include "base/hex.h"
#include "crypto/keccak.h"
#include "model/account.h"

#define DEPTH_MAX 16   /* of structs and arrays in one another */
#define STRUCTS_MAX 64 /* struct types that one type may refer to */
#define TEXT_MAX 16384 /* bytes of encodeType */

struct typed {
	struct work *w;
	const cJSON *types;
	const cJSON *made; /* EIP712Domain, when `types` has none */
};

static bool hash_struct(const struct typed *t, str name, const cJSON *value, int depth, uint8_t out[32]);

static bool bad_types(const struct typed *t, const char *what, str at)
{
	return err_set(t->w, ERR_INVALID, "eip712.types", "%s: %.*s", what, at.n > 100 ? 100 : (int)at.n, at.p);
}

static bool bad_value(const struct typed *t, const char *what, str at)
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

/* The members of a struct type: an array of {name, type}; NULL when there is no such type. */
static const cJSON *members_of(const struct typed *t, str name)
{
	const cJSON *at;

	cJSON_ArrayForEach(at, t->types)
		if (str_eq(str_c(at->string), name))
			return cJSON_IsArray(at) ? at : NULL;
	return str_eq(name, STR("EIP712Domain")) ? t->made : NULL;
}

static str text_of(const cJSON *object, const char *member)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, member);

	return cJSON_IsString(item) ? str_c(item->valuestring) : (str){ NULL, 0 };
}

/* The type without its array suffixes. */
static str element_of(str type)
{
	const char *bracket = type.n == 0 ? NULL : memchr(type.p, '[', type.n);

	return bracket == NULL ? type : str_of(type.p, (size_t)(bracket - type.p));
}

/* encodeType */

struct names {
	str at[STRUCTS_MAX];
	size_t n;
};

/* Adds name and all that it refers to, in ascending order. */
static bool collect(const struct typed *t, str name, struct names *found, int depth)
{
	const cJSON *members = members_of(t, name), *m;
	size_t at = 0;

	if (members == NULL)
		return true; /* an atomic type: encode_value knows them */
	while (at < found->n && str_cmp(found->at[at], name) < 0)
		at++;
	if (at < found->n && str_eq(found->at[at], name))
		return true;
	if (found->n == STRUCTS_MAX || depth == STRUCTS_MAX || !is_name(name))
		return bad_types(t, "too many types, or no name", name);
	memmove(&found->at[at + 1], &found->at[at], (found->n - at) * sizeof(found->at[0]));
	found->at[at] = name;
	found->n++;
	cJSON_ArrayForEach(m, members)
		if (!collect(t, element_of(text_of(m, "type")), found, depth + 1))
			return false;
	return true;
}

static bool write_type(const struct typed *t, str name, struct buf *b)
{
	const cJSON *members = members_of(t, name), *m;
	const char *comma = "";

	if (members == NULL)
		return bad_types(t, "no such type", name);
	buf_printf(b, STR_FMT "(", STR_ARG(name));
	cJSON_ArrayForEach(m, members) {
		str type = text_of(m, "type"), member = text_of(m, "name");

		if (!is_name(member) || !is_name(element_of(type)))
			return bad_types(t, "a member needs a name and a type", name);
		buf_printf(b, "%s" STR_FMT " " STR_FMT, comma, STR_ARG(type), STR_ARG(member));
		comma = ",";
	}
	buf_byte(b, ')');
	return true;
}

static bool encode_type(const struct typed *t, str name, str *out)
{
	struct buf b = buf_new(t->w->arena, TEXT_MAX);
	struct names found = { .n = 0 };

	if (!collect(t, name, &found, 0) || !write_type(t, name, &b))
		return false;
	for (size_t i = 0; i < found.n; i++)
		if (!str_eq(found.at[i], name) && !write_type(t, found.at[i], &b))
			return false;
	*out = buf_str(&b);
	return !buf_full(&b) || bad_types(t, "the types are too long", name);
}

/* encodeData: each value as one word */

/* uintN, intN: N; 0 when type is neither. */
static unsigned bits_of(str type, bool *is_signed)
{
	uint64_t bits;

	*is_signed = str_starts(type, STR("int"));
	if (!*is_signed && !str_starts(type, STR("uint")))
		return 0;
	if (!str_u64(str_skip(type, *is_signed ? 3 : 4), &bits) || bits % 8 != 0 || bits > 256)
		return 0;
	return (unsigned)bits;
}

/* Decimal or 0x digits. */
static bool parse_magnitude(str s, u256 *out)
{
	uint8_t be[32] = { 0 };
	char digits[64];

	if (!str_starts(s, STR("0x")))
		return u256_parse(s, out);
	s = str_skip(s, 2);
	if (s.n == 0 || s.n > sizeof(digits))
		return false;
	memset(digits, '0', sizeof(digits));
	memcpy(digits + sizeof(digits) - s.n, s.p, s.n);
	return hex_decode(str_of(digits, sizeof(digits)), be, 32) && u256_from_be(be, 32, out);
}

/* Whether |v| fits: below 2^bits, or for a signed type up to 2^(bits-1), exclusive unless negative. */
static bool fits(u256 v, unsigned bits, bool is_signed, bool negative)
{
	uint8_t be[32], limit[33] = { 0 };
	unsigned power = is_signed ? bits - 1 : bits;
	int cmp;

	limit[32 - power / 8] = (uint8_t)(1 << power % 8);
	u256_to_be(v, be);
	cmp = limit[0] != 0 ? -1 : memcmp(be, limit + 1, 32);
	return cmp < 0 || (cmp == 0 && negative);
}

static void negate(uint8_t be[32])
{
	unsigned carry = 1;

	for (int i = 31; i >= 0; i--) {
		carry += (uint8_t)~be[i];
		be[i] = (uint8_t)carry;
		carry >>= 8;
	}
}

static bool encode_number(const struct typed *t, str type, const cJSON *v, uint8_t out[32])
{
	bool is_signed, negative;
	unsigned bits = bits_of(type, &is_signed);
	u256 magnitude;
	str s;

	if (cJSON_IsNumber(v)) {
		if (v->valuedouble != (double)(int64_t)v->valuedouble || v->valuedouble > 9007199254740991.0 ||
		    v->valuedouble < -9007199254740991.0)
			return bad_value(t, "a JSON number must be an integer within 2^53", type);
		s = arena_printf(t->w->arena, "%lld", (long long)v->valuedouble);
	} else {
		s = cJSON_IsString(v) ? str_c(v->valuestring) : STR("");
	}
	negative = str_starts(s, STR("-"));
	if (!parse_magnitude(negative ? str_skip(s, 1) : s, &magnitude) || (negative && !is_signed) ||
	    !fits(magnitude, bits, is_signed, negative))
		return bad_value(t, "no number of this type", type);
	u256_to_be(magnitude, out);
	if (negative)
		negate(out);
	return true;
}

/* bytesN: N; 0 when type is none. */
static size_t width_of(str type)
{
	uint64_t n;

	if (!str_starts(type, STR("bytes")) || !str_u64(str_skip(type, 5), &n) || n > 32)
		return 0;
	return (size_t)n;
}

static bool encode_text(const struct typed *t, str type, str s, uint8_t out[32])
{
	bool is_bytes = str_eq(type, STR("bytes"));
	size_t n = width_of(type);
	str bytes = s;

	memset(out, 0, 32);
	if (s.p == NULL)
		return bad_value(t, "a string is needed", type);
	if (str_eq(type, STR("address")))
		return address_parse(s, out + 12) || bad_value(t, "no address", s);
	if (n > 0)
		return hex_0x_fixed(s, out, n) || bad_value(t, "not the bytes of this type", type);
	if (is_bytes && !hex_0x_decode(t->w->arena, s, &bytes))
		return bad_value(t, "bytes are 0x and hex digits", type);
	if (!is_bytes && !str_eq(type, STR("string")))
		return bad_types(t, "no such type", type);
	keccak256(bytes, out);
	return true;
}

static bool encode_atom(const struct typed *t, str type, const cJSON *v, uint8_t out[32])
{
	bool is_signed;

	if (bits_of(type, &is_signed) > 0)
		return encode_number(t, type, v, out);
	if (!str_eq(type, STR("bool")))
		return encode_text(t, type, cJSON_IsString(v) ? str_c(v->valuestring) : (str){ NULL, 0 }, out);
	if (!cJSON_IsBool(v))
		return bad_value(t, "true or false is needed", type);
	memset(out, 0, 32);
	out[31] = cJSON_IsTrue(v);
	return true;
}

static bool encode_value(const struct typed *t, str type, const cJSON *v, int depth, uint8_t out[32]);

/* type is T[] or T[k]: the hash of the elements' words */
static bool encode_array(const struct typed *t, str type, const cJSON *v, int depth, uint8_t out[32])
{
	size_t open = type.n - 1;
	struct keccak k;
	const cJSON *item;
	uint64_t length;
	uint8_t word[32];

	while (open > 0 && type.p[open] != '[')
		open--;
	str size = str_of(type.p + open + 1, type.n - open - 2);
	if (!cJSON_IsArray(v))
		return bad_value(t, "an array is needed", type);
	if (size.n > 0 && !str_u64(size, &length))
		return bad_types(t, "no such type", type);
	if (size.n > 0 && length != (uint64_t)cJSON_GetArraySize(v))
		return bad_value(t, "an array of another length", type);
	keccak_init(&k);
	cJSON_ArrayForEach(item, v) {
		if (!encode_value(t, str_of(type.p, open), item, depth + 1, word))
			return false;
		keccak_add(&k, str_of(word, 32));
	}
	keccak_end(&k, out);
	return true;
}

static bool encode_value(const struct typed *t, str type, const cJSON *v, int depth, uint8_t out[32])
{
	if (depth > DEPTH_MAX)
		return bad_value(t, "nested too deeply", type);
	if (str_ends(type, STR("]")) && element_of(type).n < type.n)
		return encode_array(t, type, v, depth, out);
	if (members_of(t, type) != NULL)
		return hash_struct(t, type, v, depth + 1, out);
	return encode_atom(t, type, v, out);
}

/* What is not in the type would be shown to the signer and not be signed. */
static bool same_members(const struct typed *t, str name, const cJSON *members, const cJSON *value)
{
	if (!cJSON_IsObject(value))
		return bad_value(t, "an object is needed", name);
	if (cJSON_GetArraySize(value) != cJSON_GetArraySize(members))
		return bad_value(t, "members other than those of the type", name);
	return true;
}

static bool hash_struct(const struct typed *t, str name, const cJSON *value, int depth, uint8_t out[32])
{
	const cJSON *members = members_of(t, name), *m;
	struct keccak k;
	uint8_t word[32];
	str text;

	if (!encode_type(t, name, &text) || !same_members(t, name, members, value))
		return false;
	keccak256(text, word);
	keccak_init(&k);
	keccak_add(&k, str_of(word, 32));
	cJSON_ArrayForEach(m, members) {
		str member = text_of(m, "name");
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(value, member.p);

		if (item == NULL)
			return bad_value(t, "a member is missing", member);
		if (!encode_value(t, text_of(m, "type"), item, depth, word))
			return false;
		keccak_add(&k, str_of(word, 32));
	}
	keccak_end(&k, out);
	return true;
}

/* The domain's type from the members it has, in the order of EIP-712. */
static bool make_domain_type(struct typed *t, const cJSON *domain)
{
	static const char *const known[][2] = {
		{ "name", "string" },	{ "version", "string" }, { "chainId", "uint256" },
		{ "verifyingContract", "address" }, { "salt", "bytes32" },
	};
	struct buf b = buf_new(t->w->arena, 1024);
	struct json j = { &b };

	json_open(&j, NULL, '[');
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (cJSON_GetObjectItemCaseSensitive(domain, known[i][0]) == NULL)
			continue;
		json_open(&j, NULL, '{');
		json_str(&j, "name", str_c(known[i][0]));
		json_str(&j, "type", str_c(known[i][1]));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	return json_parse(t->w, buf_str(&b), &t->made);
}

bool eip712_hash(struct work *w, const cJSON *types, str primary_type, const cJSON *domain, const cJSON *message,
		 struct eip712 *out)
{
	struct typed t = { .w = w, .types = types };
	struct keccak k;

	if (!cJSON_IsObject(types) || !cJSON_IsObject(domain))
		return bad_types(&t, "types and domain are objects", primary_type);
	if (!make_domain_type(&t, domain) || !encode_type(&t, primary_type, &out->encode_type))
		return false;
	keccak256(out->encode_type, out->type_hash);
	if (!hash_struct(&t, STR("EIP712Domain"), domain, 0, out->domain_separator) ||
	    !hash_struct(&t, primary_type, message, 0, out->struct_hash))
		return false;
	keccak_init(&k);
	keccak_add(&k, STR("\x19\x01"));
	keccak_add(&k, str_of(out->domain_separator, 32));
	keccak_add(&k, str_of(out->struct_hash, 32));
	keccak_end(&k, out->digest);
	return true;
}
