#include "base/conf_mask.h"

#include <ctype.h>

#include "base/buf.h"

#define KEY_LENGTH 16 /* a piece of a URL's path as long as this may be a provider's key */

static const str hidden = STR("...");

static bool is_any(char c, const char *of)
{
	return c != '\0' && strchr(of, c) != NULL;
}

/* The bytes of s before the first one of `of`. */
static str until(str s, const char *of)
{
	size_t n = 0;

	while (n < s.n && !is_any(s.p[n], of))
		n++;
	return str_of(s.p, n);
}

/* user:password@host as user:...@host; what comes before the last '@' is the user's. */
static void put_authority(struct buf *b, str s)
{
	size_t at = s.n;
	str user;

	while (at > 0 && s.p[at - 1] != '@')
		at--;
	if (at == 0) {
		buf_add(b, s);
		return;
	}
	user = until(str_of(s.p, at - 1), ":");
	buf_add(b, user);
	if (user.n < at - 1) {
		buf_add(b, STR(":"));
		buf_add(b, hidden);
	}
	buf_add(b, str_skip(s, at - 1));
}

static void put_path(struct buf *b, str s)
{
	str piece;

	while (s.n > 0) {
		piece = until(s, "/");
		buf_add(b, piece.n < KEY_LENGTH ? piece : hidden);
		s = str_skip(s, piece.n);
		if (s.n > 0) {
			buf_add(b, STR("/"));
			s = str_skip(s, 1);
		}
	}
}

static bool is_secret(str name)
{
	static const char *const words[] = { "pass", "key", "token", "secret" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (size_t at = 0; at + strlen(words[i]) <= name.n; at++)
			if (str_eq_nocase(str_of(name.p + at, strlen(words[i])), str_c(words[i])))
				return true;
	return false;
}

/* How much of s is the value that begins it: libpq's keywords may quote it. */
static size_t value_length(str s)
{
	size_t n = 1;

	if (s.n == 0 || s.p[0] != '\'')
		return until(s, " \t,&#").n;
	while (n < s.n && s.p[n] != '\'')
		n += s.p[n] == '\\' && n + 1 < s.n ? 2 : 1;
	return n < s.n ? n + 1 : s.n;
}

static str put_url(struct buf *b, str s)
{
	str part = until(s, "/?#, \t");

	put_authority(b, part);
	s = str_skip(s, part.n);
	part = until(s, "?#, \t");
	put_path(b, part);
	return str_skip(s, part.n);
}

str conf_mask(struct arena *arena, str text)
{
	struct buf b = buf_new(arena, SIZE_MAX);
	str word, rest = text;

	while (rest.n > 0) {
		for (word = rest, word.n = 0;
			word.n < rest.n && (isalnum((unsigned char)rest.p[word.n]) || rest.p[word.n] == '_');)
			word.n++;
		buf_add(&b, word);
		rest = str_skip(rest, word.n);
		if (str_starts(rest, STR("://"))) {
			buf_add(&b, STR("://"));
			rest = put_url(&b, str_skip(rest, 3));
		} else if (rest.n > 0) {
			buf_add(&b, str_of(rest.p, 1));
			rest = str_skip(rest, 1);
			if (rest.p[-1] == '=' && is_secret(word)) {
				buf_add(&b, hidden);
				rest = str_skip(rest, value_length(rest));
			}
		}
	}
	return buf_str(&b);
}
