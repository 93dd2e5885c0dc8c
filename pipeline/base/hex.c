#include "base/hex.h"

#include <stdio.h>

static const char hex_digits[] = "0123456789abcdef";

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

void hex_encode(const void *p, size_t n, char *out)
{
	const uint8_t *bytes = p;

	for (size_t i = 0; i < n; i++) {
		*out++ = hex_digits[bytes[i] >> 4];
		*out++ = hex_digits[bytes[i] & 15];
	}
}

bool hex_decode(str text, uint8_t *out, size_t n)
{
	if (text.n % 2 != 0 || text.n / 2 != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		int high = hex_value(text.p[2 * i]), low = hex_value(text.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

str hex_str(struct arena *arena, str bytes)
{
	char *text = arena_array(arena, bytes.n, 2);

	hex_encode(bytes.p, bytes.n, text);
	return str_of(text, bytes.n * 2);
}

str hex_0x(struct arena *arena, str bytes)
{
	char *text = arena_array(arena, bytes.n + 1, 2);

	memcpy(text, "0x", 2);
	hex_encode(bytes.p, bytes.n, text + 2);
	return str_of(text, bytes.n * 2 + 2);
}

bool hex_0x_decode(struct arena *arena, str text, str *out)
{
	size_t n = text.n < 2 ? 0 : (text.n - 2) / 2;
	uint8_t *bytes = arena_alloc(arena, n);

	if (!hex_0x_fixed(text, bytes, n))
		return false;
	*out = str_of(bytes, n);
	return true;
}

bool hex_0x_fixed(str text, uint8_t *out, size_t n)
{
	return str_starts(text, STR("0x")) && hex_decode(str_skip(text, 2), out, n);
}

/* The three bit-packed encodings differ in the width of a digit, the alphabet, and whether '='
 * fills the last group. */
struct encoding {
	int bits;
	size_t group; /* digits in a full group */
	bool padded;
	const char *alphabet;
};

static const struct encoding base32 = { 5, 8, false, "abcdefghijklmnopqrstuvwxyz234567" };
static const struct encoding base64 = { 6, 4, true,
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/" };
static const struct encoding base64url = { 6, 4, false,
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_" };

static str encode(struct arena *arena, const struct encoding *e, str bytes)
{
	char *text = arena_array(arena, bytes.n / 3 + 1, 8), *to = text;
	uint32_t bits = 0, mask = (1u << e->bits) - 1;
	int have = 0;

	for (size_t i = 0; i < bytes.n; i++) {
		bits = bits << 8 | (uint8_t)bytes.p[i];
		for (have += 8; have >= e->bits; have -= e->bits)
			*to++ = e->alphabet[bits >> (have - e->bits) & mask];
	}
	if (have > 0)
		*to++ = e->alphabet[bits << (e->bits - have) & mask];
	while (e->padded && (size_t)(to - text) % e->group != 0)
		*to++ = '=';
	return str_of(text, (size_t)(to - text));
}

/* Takes the '=' off text; false when their number is not the one that fills the group. */
static bool unpad(const struct encoding *e, str *text)
{
	size_t n = 0;

	if (!e->padded)
		return true;
	if (text->n % e->group != 0)
		return false;
	while (n < 2 && n < text->n && text->p[text->n - 1 - n] == '=')
		n++;
	text->n -= n;
	return true;
}

static void invert(const struct encoding *e, int8_t values[256])
{
	memset(values, -1, 256);
	for (int i = 0; i < 1 << e->bits; i++)
		values[(uint8_t)e->alphabet[i]] = (int8_t)i;
}

static bool decode(struct arena *arena, const struct encoding *e, str text, str *out)
{
	uint8_t *bytes = arena_alloc(arena, text.n), *to = bytes;
	int8_t values[256];
	uint32_t bits = 0;
	int have = 0;

	if (!unpad(e, &text))
		return false;
	invert(e, values);
	for (size_t i = 0; i < text.n; i++) {
		int8_t v = values[(uint8_t)text.p[i]];

		if (v < 0)
			return false;
		bits = bits << e->bits | (uint32_t)v;
		have += e->bits;
		if (have >= 8)
			*to++ = (uint8_t)(bits >> (have -= 8));
	}
	/* What is left must be fewer bits than a digit has (no digit for nothing), and zero. */
	if (have >= e->bits || (bits & ((1u << have) - 1)) != 0)
		return false;
	*out = str_of(bytes, (size_t)(to - bytes));
	return true;
}

str base32_str(struct arena *arena, str bytes)
{
	return encode(arena, &base32, bytes);
}

bool base32_decode(struct arena *arena, str text, str *out)
{
	return decode(arena, &base32, text, out);
}

str base64_str(struct arena *arena, str bytes)
{
	return encode(arena, &base64, bytes);
}

bool base64_decode(struct arena *arena, str text, str *out)
{
	return decode(arena, &base64, text, out);
}

str base64url_str(struct arena *arena, str bytes)
{
	return encode(arena, &base64url, bytes);
}

bool base64url_decode(struct arena *arena, str text, str *out)
{
	return decode(arena, &base64url, text, out);
}

str percent_str(struct arena *arena, str s)
{
	char *p = arena_alloc(arena, 3 * s.n + 1);
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || memchr("-._~", c, 4) != NULL)
			p[n++] = (char)c;
		else
			n += (size_t)sprintf(p + n, "%%%02X", c);
	}
	return str_of(p, n);
}
