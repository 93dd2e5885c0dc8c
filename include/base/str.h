/* Views: a pointer and a length, never owned, never terminated.
 * A str that comes out of an arena dies with that arena. SQL NULL is { NULL, 0 }. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MUST __attribute__((warn_unused_result))

typedef struct str {
	const char *p;
	size_t n;
} str;

#define STR(literal) ((str){ "" literal, sizeof(literal) - 1 })
#define STR_FMT "%.*s"
#define STR_ARG(s) (int)(s).n, (s).p /* for STR_FMT */

static inline str str_of(const void *p, size_t n)
{
	return (str){ p, n };
}

static inline str str_c(const char *z)
{
	return (str){ z, z == NULL ? 0 : strlen(z) };
}

static inline bool str_eq(str a, str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eq_nocase(str a, str b); /* ASCII only */
int str_cmp(str a, str b);        /* bytewise; a prefix sorts first */
bool str_starts(str s, str prefix);
bool str_ends(str s, str suffix);
str str_trim(str s);           /* space, tab, CR, LF on both sides */
str str_skip(str s, size_t n); /* without its first n bytes */
bool str_find(str s, str needle, size_t *at);
MUST bool str_into(str s, void *out, size_t n); /* its bytes, when they are exactly n */
/* "a,,b," gives "a", "", "b"; false when nothing is left. */
bool str_next(str *rest, char separator, str *piece);
bool str_one_of(str s, const char *list); /* "a|b|c" */
MUST bool str_i64(str s, int64_t *out);   /* the whole text, optional '-', no leading zeros */
MUST bool str_u64(str s, uint64_t *out);
size_t str_utf8_char(str s); /* bytes of the well-formed character that s begins with; 0 = none */
bool str_utf8(str s);        /* well-formed UTF-8, no surrogates, no NUL */
/* Compares in a time that depends on the lengths only. */
bool str_eq_secret(str a, str b);
