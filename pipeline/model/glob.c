#include "model/glob.h"

#define NONE SIZE_MAX

static bool is_any_folders(str part)
{
	return str_eq(part, STR("**"));
}

static bool is_part(str part)
{
	size_t at;

	if (part.n == 0 || str_eq(part, STR(".")) || str_eq(part, STR("..")))
		return false;
	return is_any_folders(part) || !str_find(part, STR("**"), &at);
}

static str unslashed(str pattern)
{
	if (str_starts(pattern, STR("/")))
		pattern = str_skip(pattern, 1);
	if (str_ends(pattern, STR("/")))
		pattern.n--;
	return pattern;
}

bool glob_valid(str pattern)
{
	str rest = unslashed(pattern), part;

	if (pattern.n > GLOB_MAX || rest.n == 0 || str_ends(rest, STR("/")) || !str_utf8(pattern))
		return false;
	for (size_t i = 0; i < pattern.n; i++)
		if ((uint8_t)pattern.p[i] < ' ' || pattern.p[i] == 0x7f || memchr("\\[]{}", pattern.p[i], 5) != NULL)
			return false;
	while (str_next(&rest, '/', &part))
		if (!is_part(part))
			return false;
	return true;
}

static size_t char_size(str s)
{
	size_t n = str_utf8_char(s);

	return n == 0 ? 1 : n;
}

/* What a star took is only ever made longer, and of several stars the last one's alone: an earlier one's never helps. */
static bool part_matches(str pattern, str text)
{
	size_t i = 0, at = 0, star = NONE, from = 0;

	while (at < text.n) {
		if (i < pattern.n && pattern.p[i] == '*') {
			star = ++i;
			from = at;
		} else if (i < pattern.n && pattern.p[i] == '?') {
			at += char_size(str_skip(text, at));
			i++;
		} else if (i < pattern.n && pattern.p[i] == text.p[at]) {
			at++;
			i++;
		} else if (star != NONE) {
			from += char_size(str_skip(text, from));
			at = from;
			i = star;
		} else {
			return false;
		}
	}
	while (i < pattern.n && pattern.p[i] == '*')
		i++;
	return i == pattern.n;
}

struct walk {
	str pattern, path; /* what is left of them */
};

static bool has_wildcard(str part)
{
	size_t at;

	return str_find(part, STR("*"), &at) || str_find(part, STR("?"), &at);
}

static str last_part(str pattern)
{
	str part = pattern;

	while (str_next(&pattern, '/', &part))
		;
	return part;
}

/* One part of each; false when they do not agree. */
static bool step(struct walk *at)
{
	str part, name;

	return str_next(&at->pattern, '/', &part) && str_next(&at->path, '/', &name) && part_matches(part, name);
}

/* What of a path may be left when the pattern ends. */
enum rest { NOTHING, ANYTHING, SOMETHING };

/* As part_matches, a part for a character, and "**" for the star; floating begins with one. */
static bool parts_match(str pattern, str path, bool floating, enum rest left)
{
	struct walk at = { pattern, path }, any = at;
	bool has_any = floating;
	str part;

	while (at.path.n > 0) {
		struct walk next = at;

		if (at.pattern.n == 0 && left != NOTHING)
			return true;
		if (str_next(&next.pattern, '/', &part) && is_any_folders(part)) {
			if (next.pattern.n == 0)
				return true;
			at = any = next;
			has_any = true;
		} else if (!step(&at)) {
			if (!has_any || !str_next(&any.path, '/', &part))
				return false;
			at = any;
		}
	}
	return at.pattern.n == 0 && left != SOMETHING;
}

static enum rest rest_of(str pattern)
{
	if (str_ends(pattern, STR("/")))
		return SOMETHING;
	return has_wildcard(last_part(pattern)) ? NOTHING : ANYTHING;
}

bool glob_match(str pattern, str path)
{
	bool rooted = memchr(pattern.p, '/', pattern.n - 1) != NULL;

	return path.n <= GLOB_PATH_MAX && parts_match(unslashed(pattern), path, !rooted, rest_of(pattern));
}
