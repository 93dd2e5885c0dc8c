/* encodeData of EIP-712 for single values: each becomes one word. */
#include "base/hex.h"
#include "crypto/keccak.h"
#include "eip712_type.h"
#include "model/account.h"

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

static bool encode_number(const struct eip712_typed *t, str type, const cJSON *v, uint8_t out[32])
{
	bool is_signed, negative;
	unsigned bits = bits_of(type, &is_signed);
	u256 magnitude;
	str s;

	if (cJSON_IsNumber(v)) {
		if (v->valuedouble != (double)(int64_t)v->valuedouble || v->valuedouble > 9007199254740991.0 ||
			v->valuedouble < -9007199254740991.0)
			return eip712_bad_value(t, "a JSON number must be an integer within 2^53", type);
		s = arena_printf(t->w->arena, "%lld", (long long)v->valuedouble);
	} else {
		s = cJSON_IsString(v) ? str_c(v->valuestring) : STR("");
	}
	negative = str_starts(s, STR("-"));
	if (!parse_magnitude(negative ? str_skip(s, 1) : s, &magnitude) || (negative && !is_signed) ||
		!fits(magnitude, bits, is_signed, negative))
		return eip712_bad_value(t, "no number of this type", type);
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

static bool encode_text(const struct eip712_typed *t, str type, str s, uint8_t out[32])
{
	bool is_bytes = str_eq(type, STR("bytes"));
	size_t n = width_of(type);
	str bytes = s;

	memset(out, 0, 32);
	if (s.p == NULL)
		return eip712_bad_value(t, "a string is needed", type);
	if (str_eq(type, STR("address")))
		return address_parse(s, out + 12) || eip712_bad_value(t, "no address", s);
	if (n > 0)
		return hex_0x_fixed(s, out, n) || eip712_bad_value(t, "not the bytes of this type", type);
	if (is_bytes && !hex_0x_decode(t->w->arena, s, &bytes))
		return eip712_bad_value(t, "bytes are 0x and hex digits", type);
	if (!is_bytes && !str_eq(type, STR("string")))
		return eip712_bad_types(t, "no such type", type);
	keccak256(bytes, out);
	return true;
}

bool eip712_encode_atom(const struct eip712_typed *t, str type, const cJSON *v, uint8_t out[32])
{
	bool is_signed;

	if (bits_of(type, &is_signed) > 0)
		return encode_number(t, type, v, out);
	if (!str_eq(type, STR("bool")))
		return encode_text(t, type, cJSON_IsString(v) ? str_c(v->valuestring) : (str){ NULL, 0 }, out);
	if (!cJSON_IsBool(v))
		return eip712_bad_value(t, "true or false is needed", type);
	memset(out, 0, 32);
	out[31] = cJSON_IsTrue(v);
	return true;
}
