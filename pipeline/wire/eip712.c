#include "crypto/keccak.h"
#include "eip712_type.h"

#define DEPTH_MAX 16 /* of structs and arrays in one another */

static bool hash_struct(const struct eip712_typed *t, str name, const cJSON *value, int depth, uint8_t out[32]);
static bool encode_value(const struct eip712_typed *t, str type, const cJSON *v, int depth, uint8_t out[32]);

/* type is T[] or T[k]: the hash of the elements' words */
static bool encode_array(const struct eip712_typed *t, str type, const cJSON *v, int depth, uint8_t out[32])
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
		return eip712_bad_value(t, "an array is needed", type);
	if (size.n > 0 && !str_u64(size, &length))
		return eip712_bad_types(t, "no such type", type);
	if (size.n > 0 && length != (uint64_t)cJSON_GetArraySize(v))
		return eip712_bad_value(t, "an array of another length", type);
	keccak_init(&k);
	cJSON_ArrayForEach(item, v) {
		if (!encode_value(t, str_of(type.p, open), item, depth + 1, word))
			return false;
		keccak_add(&k, str_of(word, 32));
	}
	keccak_end(&k, out);
	return true;
}

static bool encode_value(const struct eip712_typed *t, str type, const cJSON *v, int depth, uint8_t out[32])
{
	if (depth > DEPTH_MAX)
		return eip712_bad_value(t, "nested too deeply", type);
	if (str_ends(type, STR("]")) && eip712_element(type).n < type.n)
		return encode_array(t, type, v, depth, out);
	if (eip712_members(t, type) != NULL)
		return hash_struct(t, type, v, depth + 1, out);
	return eip712_encode_atom(t, type, v, out);
}

/* What is not in the type would be shown to the signer and not be signed. */
static bool same_members(const struct eip712_typed *t, str name, const cJSON *members, const cJSON *value)
{
	if (!cJSON_IsObject(value))
		return eip712_bad_value(t, "an object is needed", name);
	if (cJSON_GetArraySize(value) != cJSON_GetArraySize(members))
		return eip712_bad_value(t, "members other than those of the type", name);
	return true;
}

static bool hash_struct(const struct eip712_typed *t, str name, const cJSON *value, int depth, uint8_t out[32])
{
	const cJSON *members = eip712_members(t, name), *m;
	struct keccak k;
	uint8_t word[32];
	str text;

	if (!eip712_encode_type(t, name, &text) || !same_members(t, name, members, value))
		return false;
	keccak256(text, word);
	keccak_init(&k);
	keccak_add(&k, str_of(word, 32));
	cJSON_ArrayForEach(m, members) {
		str member = eip712_text(m, "name");
		const cJSON *item = cJSON_GetObjectItemCaseSensitive(value, member.p);

		if (item == NULL)
			return eip712_bad_value(t, "a member is missing", member);
		if (!encode_value(t, eip712_text(m, "type"), item, depth, word))
			return false;
		keccak_add(&k, str_of(word, 32));
	}
	keccak_end(&k, out);
	return true;
}

/* The domain's type from the members it has, in the order of EIP-712. */
static bool make_domain_type(struct eip712_typed *t, const cJSON *domain)
{
	static const char *const known[][2] = {
		{ "name", "string" },
		{ "version", "string" },
		{ "chainId", "uint256" },
		{ "verifyingContract", "address" },
		{ "salt", "bytes32" },
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
	struct eip712_typed t = { .w = w, .types = types };
	struct keccak k;

	if (!cJSON_IsObject(types) || !cJSON_IsObject(domain))
		return eip712_bad_types(&t, "types and domain are objects", primary_type);
	if (!make_domain_type(&t, domain) || !eip712_encode_type(&t, primary_type, &out->encode_type))
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
