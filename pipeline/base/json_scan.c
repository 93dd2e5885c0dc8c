#include "json_scan.h"

struct scan {
	str rest;
	int depth;
	const char *why; /* what is wrong at rest; NULL with too_deep */
	bool too_deep;
};

static bool scan_value(struct scan *s);

static bool fail(struct scan *s, const char *why)
{
	s->why = why;
	return false;
}

static int peek(const struct scan *s)
{
	return s->rest.n == 0 ? -1 : (uint8_t)s->rest.p[0];
}

static void step(struct scan *s)
{
	s->rest = str_skip(s->rest, 1);
}

static bool take(struct scan *s, char c)
{
	if (peek(s) != (uint8_t)c)
		return false;
	step(s);
	return true;
}

static void skip_space(struct scan *s)
{
	while (peek(s) == ' ' || peek(s) == '\t' || peek(s) == '\n' || peek(s) == '\r')
		step(s);
}

static bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool take_digits(struct scan *s)
{
	if (!is_digit(peek(s)))
		return fail(s, "expected a digit");
	while (is_digit(peek(s)))
		step(s);
	return true;
}

static bool scan_number(struct scan *s)
{
	size_t before = s->rest.n;

	(void)take(s, '-');
	if (take(s, '0')) {
		if (is_digit(peek(s)))
			return fail(s, "a number begins with 0");
	} else if (!take_digits(s)) {
		return false;
	}
	if (take(s, '.') && !take_digits(s))
		return false;
	if (take(s, 'e') || take(s, 'E')) {
		if (!take(s, '-'))
			(void)take(s, '+');
		if (!take_digits(s))
			return false;
	}
	return before - s->rest.n <= JSON_NUMBER || fail(s, "a number has too many digits");
}

static bool take_hex4(struct scan *s, unsigned *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, step(s)) {
		int c = peek(s);

		if (is_digit(c))
			*out = *out << 4 | (unsigned)(c - '0');
		else if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
			*out = *out << 4 | (unsigned)((c | 0x20) - 'a' + 10);
		else
			return fail(s, "expected four hex digits");
	}
	return true;
}

static bool scan_unicode_escape(struct scan *s)
{
	unsigned high, low;

	if (!take_hex4(s, &high))
		return false;
	if (high == 0)
		return fail(s, "\\u0000 in a string");
	if (high < 0xd800 || high > 0xdfff)
		return true;
	if (high > 0xdbff || !take(s, '\\') || !take(s, 'u'))
		return fail(s, "a lone surrogate");
	if (!take_hex4(s, &low))
		return false;
	return (low >= 0xdc00 && low <= 0xdfff) || fail(s, "a lone surrogate");
}

static bool scan_escape(struct scan *s)
{
	int c = peek(s);

	if (c < 0 || strchr("\"\\/bfnrtu", c) == NULL || c == 0)
		return fail(s, "no such escape");
	step(s);
	return c != 'u' || scan_unicode_escape(s);
}

static bool scan_string(struct scan *s)
{
	if (!take(s, '"'))
		return fail(s, "expected a string");
	while (!take(s, '"')) {
		int c = peek(s);
		size_t n = str_utf8_char(s->rest);

		if (c < 0)
			return fail(s, "a string has no end");
		if (c < 0x20)
			return fail(s, "a control character in a string");
		if (n == 0)
			return fail(s, "invalid UTF-8");
		s->rest = str_skip(s->rest, n);
		if (c == '\\' && !scan_escape(s))
			return false;
	}
	return true;
}

static bool scan_members(struct scan *s)
{
	do {
		skip_space(s);
		if (!scan_string(s))
			return false;
		skip_space(s);
		if (!take(s, ':'))
			return fail(s, "expected ':'");
		if (!scan_value(s))
			return false;
	} while (take(s, ','));
	return take(s, '}') || fail(s, "expected ',' or '}'");
}

static bool scan_items(struct scan *s)
{
	do {
		if (!scan_value(s))
			return false;
	} while (take(s, ','));
	return take(s, ']') || fail(s, "expected ',' or ']'");
}

static bool scan_nested(struct scan *s)
{
	bool object = peek(s) == '{';
	bool ok;

	if (s->depth == JSON_DEPTH) {
		s->too_deep = true;
		return false;
	}
	step(s);
	skip_space(s);
	if (take(s, object ? '}' : ']'))
		return true;
	s->depth++;
	ok = object ? scan_members(s) : scan_items(s);
	s->depth--;
	return ok;
}

static bool scan_word(struct scan *s)
{
	static const str words[] = { { "true", 4 }, { "false", 5 }, { "null", 4 } };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (str_starts(s->rest, words[i])) {
			s->rest = str_skip(s->rest, words[i].n);
			return true;
		}
	}
	return fail(s, "expected a value");
}

/* One value and the space on both sides of it. */
static bool scan_value(struct scan *s)
{
	bool ok;
	int c;

	skip_space(s);
	c = peek(s);
	if (c == '{' || c == '[')
		ok = scan_nested(s);
	else if (c == '"')
		ok = scan_string(s);
	else if (c == '-' || is_digit(c))
		ok = scan_number(s);
	else
		ok = scan_word(s);
	skip_space(s);
	return ok;
}

bool json_scan(struct work *w, str text)
{
	struct scan s = { .rest = text };

	if (scan_value(&s) && (s.rest.n == 0 || fail(&s, "something after the value")))
		return true;
	if (s.too_deep)
		return err_set(w, ERR_INVALID, "json.too_deep", "more than %d levels", JSON_DEPTH);
	return err_set(w, ERR_INVALID, "json.malformed", "byte %zu: %s", text.n - s.rest.n, s.why);
}
