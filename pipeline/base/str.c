#include "base/str.h"

static uint8_t lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

bool str_eq_nocase(str a, str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower((uint8_t)a.p[i]) != lower((uint8_t)b.p[i]))
			return false;
	return true;
}

int str_cmp(str a, str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n == 0 ? 0 : memcmp(a.p, b.p, n);

	if (order != 0)
		return order;
	return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts(str s, str prefix)
{
	return s.n >= prefix.n && str_eq(str_of(s.p, prefix.n), prefix);
}

bool str_ends(str s, str suffix)
{
	return s.n >= suffix.n && str_eq(str_skip(s, s.n - suffix.n), suffix);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

str str_trim(str s)
{
	while (s.n > 0 && is_space(s.p[0]))
		s = str_skip(s, 1);
	while (s.n > 0 && is_space(s.p[s.n - 1]))
		s.n--;
	return s;
}

str str_skip(str s, size_t n)
{
	if (s.p == NULL)
		return s;
	if (n > s.n)
		n = s.n;
	return (str){ s.p + n, s.n - n };
}

bool str_find(str s, str needle, size_t *at)
{
	const char *found = s.p;

	if (needle.n > s.n)
		return false;
	if (needle.n > 0)
		found = memmem(s.p, s.n, needle.p, needle.n);
	if (found == NULL && needle.n > 0)
		return false;
	*at = needle.n == 0 ? 0 : (size_t)(found - s.p);
	return true;
}

bool str_into(str s, void *out, size_t n)
{
	if (s.p == NULL || s.n != n)
		return false;
	memcpy(out, s.p, n);
	return true;
}

bool str_next(str *rest, char separator, str *piece)
{
	const char *end;

	if (rest->n == 0)
		return false;
	end = memchr(rest->p, separator, rest->n);
	piece->p = rest->p;
	piece->n = end == NULL ? rest->n : (size_t)(end - rest->p);
	*rest = str_skip(*rest, end == NULL ? rest->n : piece->n + 1);
	return true;
}

bool str_u64(str s, uint64_t *out)
{
	uint64_t v = 0;

	if (s.n == 0 || (s.n > 1 && s.p[0] == '0'))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, s.p[i] - '0', &v))
			return false;
	}
	*out = v;
	return true;
}

bool str_i64(str s, int64_t *out)
{
	bool negative = s.n > 0 && s.p[0] == '-';
	uint64_t v;

	if (!str_u64(negative ? str_skip(s, 1) : s, &v))
		return false;
	if (negative && v == 0)
		return false;
	if (v > (uint64_t)INT64_MAX + negative)
		return false;
	*out = negative ? -(int64_t)(v - 1) - 1 : (int64_t)v;
	return true;
}

/* Unicode 15, table 3-7: the second byte's range depends on the first, later ones are 80..BF. */
size_t str_utf8_char(str s)
{
	const uint8_t *p = (const uint8_t *)s.p;
	uint8_t least = 0x80, most = 0xbf;
	size_t n;

	if (s.n == 0 || p[0] == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	n = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	switch (p[0]) {
	case 0xe0: least = 0xa0; break;
	case 0xed: most = 0x9f; break;
	case 0xf0: least = 0x90; break;
	case 0xf4: most = 0x8f; break;
	}
	if (s.n < n || p[1] < least || p[1] > most)
		return 0;
	for (size_t i = 2; i < n; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return n;
}

bool str_utf8(str s)
{
	while (s.n > 0) {
		size_t n = str_utf8_char(s);

		if (n == 0)
			return false;
		s = str_skip(s, n);
	}
	return true;
}

bool str_eq_secret(str a, str b)
{
	volatile uint8_t different = 0;

	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		different = different | (uint8_t)(a.p[i] ^ b.p[i]);
	return different == 0;
}

bool str_one_of(str s, const char *list)
{
	str rest = str_c(list), piece;

	while (str_next(&rest, '|', &piece))
		if (str_eq(s, piece))
			return true;
	return false;
}
