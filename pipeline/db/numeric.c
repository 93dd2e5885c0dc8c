#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "codec.h"

#define NEGATIVE 0x4000 /* the sign word; 0xC000 is NaN, 0xD000 and 0xF000 are the infinities */

/* numeric: int16 count of digits, weight of the first, sign, decimals shown; then the digits, base 10000. */
int numeric_put(char *out, u256 v)
{
	uint64_t digit[U256_DIGITS];
	int n = 0, zeros = 0;
	char *p = out;

	for (; !u256_is_zero(v); n++)
		v = u256_div_u64(v, 10000, &digit[n]);
	while (zeros < n && digit[zeros] == 0)
		zeros++; /* trailing zeros are in the weight */
	p = put16(p, (uint16_t)(n - zeros));
	p = put16(p, (uint16_t)(n == 0 ? 0 : n - 1));
	p = put16(p, 0);
	p = put16(p, 0);
	for (int i = n - 1; i >= zeros; i--)
		p = put16(p, (uint16_t)digit[i]);
	return (int)(p - out);
}

struct numeric {
	int n, weight, sign, scale;
	const char *digits;
};

static bool parse(const char *p, size_t n, struct numeric *out)
{
	if (n < 8)
		return false;
	*out = (struct numeric){ get16(p), (int16_t)get16(p + 2), get16(p + 4), get16(p + 6), p + 8 };
	return n == 8 + 2 * (size_t)out->n && (out->sign == 0 || out->sign == NEGATIVE);
}

/* The digit of 10000^weight, 0 where none is stored. */
static unsigned digit_at(const struct numeric *v, int weight)
{
	int i = v->weight - weight;

	return i < 0 || i >= v->n ? 0 : get16(v->digits + 2 * (size_t)i);
}

bool numeric_get(const char *p, size_t n, u256 *out)
{
	struct numeric v;
	u256 sum = u256_of(0);

	if (!parse(p, n, &v) || v.sign != 0 || v.scale != 0 || v.weight >= U256_DIGITS)
		return false;
	for (int weight = v.weight; weight >= 0; weight--) {
		if (!u256_mul_u64(sum, 10000, &sum) || !u256_add(sum, u256_of(digit_at(&v, weight)), &sum))
			return false;
	}
	*out = sum;
	return true;
}

bool numeric_text(struct arena *arena, const char *p, size_t n, str *out)
{
	struct numeric v;
	struct buf b;
	char text[8];
	int shown = 0;

	if (!parse(p, n, &v))
		return false;
	b = buf_new(arena, 4 * (size_t)(abs(v.weight) + 2) + (size_t)v.scale + 16);
	if (v.sign != 0)
		buf_byte(&b, '-');
	buf_printf(&b, "%u", v.weight < 0 ? 0 : digit_at(&v, v.weight));
	for (int weight = v.weight - 1; weight >= 0; weight--)
		buf_printf(&b, "%04u", digit_at(&v, weight));
	if (v.scale > 0)
		buf_byte(&b, '.');
	for (int weight = -1; shown < v.scale; weight--, shown += 4) {
		snprintf(text, sizeof(text), "%04u", digit_at(&v, weight) % 10000);
		buf_add(&b, str_of(text, (size_t)(v.scale - shown < 4 ? v.scale - shown : 4)));
	}
	*out = buf_str(&b);
	return !buf_full(&b);
}
