#include "base/u256.h"

#include "base/hex.h"

#define LIMBS 4

typedef unsigned __int128 wide;

u256 u256_of(uint64_t v)
{
	return (u256){ { v } };
}

bool u256_is_zero(u256 a)
{
	return (a.limb[0] | a.limb[1] | a.limb[2] | a.limb[3]) == 0;
}

int u256_cmp(u256 a, u256 b)
{
	for (int i = LIMBS - 1; i >= 0; i--)
		if (a.limb[i] != b.limb[i])
			return a.limb[i] < b.limb[i] ? -1 : 1;
	return 0;
}

bool u256_add(u256 a, u256 b, u256 *out)
{
	wide sum = 0;

	for (int i = 0; i < LIMBS; i++) {
		sum = (wide)a.limb[i] + b.limb[i] + (uint64_t)(sum >> 64);
		a.limb[i] = (uint64_t)sum;
	}
	if (sum >> 64 != 0)
		return false;
	*out = a;
	return true;
}

bool u256_sub(u256 a, u256 b, u256 *out)
{
	uint64_t borrow = 0;

	if (u256_cmp(a, b) < 0)
		return false;
	for (int i = 0; i < LIMBS; i++) {
		wide take = (wide)b.limb[i] + borrow;

		borrow = a.limb[i] < take;
		a.limb[i] -= (uint64_t)take;
	}
	*out = a;
	return true;
}

bool u256_mul_u64(u256 a, uint64_t b, u256 *out)
{
	wide product = 0;

	for (int i = 0; i < LIMBS; i++) {
		product = (wide)a.limb[i] * b + (uint64_t)(product >> 64);
		a.limb[i] = (uint64_t)product;
	}
	if (product >> 64 != 0)
		return false;
	*out = a;
	return true;
}

u256 u256_div_u64(u256 a, uint64_t b, uint64_t *remainder)
{
	uint64_t rest = 0;

	for (int i = LIMBS - 1; i >= 0; i--) {
		wide part = (wide)rest << 64 | a.limb[i];

		a.limb[i] = (uint64_t)(part / b);
		rest = (uint64_t)(part % b);
	}
	*remainder = rest;
	return a;
}

bool u256_u64(u256 a, uint64_t *out)
{
	if ((a.limb[1] | a.limb[2] | a.limb[3]) != 0)
		return false;
	*out = a.limb[0];
	return true;
}

bool u256_parse(str decimal, u256 *out)
{
	u256 v = { 0 };

	if (decimal.n == 0 || (decimal.n > 1 && decimal.p[0] == '0'))
		return false;
	for (size_t i = 0; i < decimal.n; i++) {
		char c = decimal.p[i];

		if (c < '0' || c > '9')
			return false;
		if (!u256_mul_u64(v, 10, &v) || !u256_add(v, u256_of((uint64_t)(c - '0')), &v))
			return false;
	}
	*out = v;
	return true;
}

/* Divides by the largest power of ten in a limb, so that the long division runs five times and
 * not 78. */
size_t u256_format(u256 a, char out[U256_DEC])
{
	const uint64_t chunk = UINT64_C(10000000000000000000);
	char text[U256_DEC];
	size_t at = sizeof(text), n;

	do {
		uint64_t digits;

		a = u256_div_u64(a, chunk, &digits);
		for (int i = 0; i < 19 && (digits != 0 || !u256_is_zero(a)); i++, digits /= 10)
			text[--at] = (char)('0' + digits % 10);
	} while (!u256_is_zero(a));
	if (at == sizeof(text))
		text[--at] = '0';
	n = sizeof(text) - at;
	memcpy(out, text + at, n);
	out[n] = '\0';
	return n;
}

void u256_to_be(u256 a, uint8_t out[32])
{
	for (size_t i = 0; i < 32; i++)
		out[31 - i] = (uint8_t)(a.limb[i / 8] >> (i % 8 * 8));
}

bool u256_from_be(const uint8_t *p, size_t n, u256 *out)
{
	u256 v = { 0 };

	if (n > 32)
		return false;
	for (size_t i = 0; i < n; i++)
		v.limb[i / 8] |= (uint64_t)p[n - 1 - i] << (i % 8 * 8);
	*out = v;
	return true;
}

bool u256_parse_quantity(str text, u256 *out)
{
	uint8_t bytes[32] = { 0 };
	char digits[64];
	str hex = str_skip(text, 2);

	if (!str_starts(text, STR("0x")) || hex.n == 0 || hex.n > sizeof(digits))
		return false;
	if (hex.p[0] == '0' && hex.n > 1)
		return false;
	memset(digits, '0', sizeof(digits));
	memcpy(digits + sizeof(digits) - hex.n, hex.p, hex.n);
	if (!hex_decode(str_of(digits, sizeof(digits)), bytes, sizeof(bytes)))
		return false;
	return u256_from_be(bytes, sizeof(bytes), out);
}
