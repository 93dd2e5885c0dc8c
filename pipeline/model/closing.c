#include "model/closing.h"

#include "base/buf.h"

static const char *const keywords[] = {
	"close",
	"closes",
	"closed",
	"fix",
	"fixes",
	"fixed",
	"resolve",
	"resolves",
	"resolved",
};

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

static size_t span(str s, size_t at, bool (*accept)(char))
{
	size_t n = 0;

	while (at + n < s.n && accept(s.p[at + n]))
		n++;
	return n;
}

/* "#12" at s[at]: its length, 0 when it is no reference */
static size_t read_number(str s, size_t at, int32_t *number)
{
	size_t i = at + 1;
	int64_t v = 0;

	if (at >= s.n || s.p[at] != '#' || i >= s.n || s.p[i] < '1' || s.p[i] > '9')
		return 0;
	for (; i < s.n && s.p[i] >= '0' && s.p[i] <= '9' && v <= INT32_MAX; i++)
		v = v * 10 + (s.p[i] - '0');
	if (v > INT32_MAX || (i < s.n && is_word(s.p[i])))
		return 0;
	*number = (int32_t)v;
	return i - at;
}

static bool in_owner(char c)
{
	return c == '-' || (is_word(c) && c != '_');
}

static bool in_name(char c)
{
	return c == '-' || c == '.' || is_word(c);
}

/* "owner/name" at s[at]: its length, 0 without one */
static size_t read_repo(str s, size_t at)
{
	size_t owner = span(s, at, in_owner), name;

	if (owner == 0 || owner > 39 || at + owner >= s.n || s.p[at + owner] != '/')
		return 0;
	name = span(s, at + owner + 1, in_name);
	return name == 0 || name > 100 ? 0 : owner + 1 + name;
}

/* The length of a keyword that is a whole word at s[at], 0 without one */
static size_t read_keyword(str s, size_t at)
{
	size_t n = span(s, at, is_word);

	if (at > 0 && (is_word(s.p[at - 1]) || s.p[at - 1] == '-'))
		return 0;
	for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (str_eq_nocase(str_of(s.p + at, n), str_c(keywords[i])))
			return n;
	return 0;
}

/* KEYWORD [:] spaces [owner/name] #n at s[at]: its length, 0 when it is not one */
static size_t read_closing(str s, size_t at, struct closing_ref *ref)
{
	size_t i = at, n = read_keyword(s, at);

	if (n == 0)
		return 0;
	i += n;
	if (i < s.n && s.p[i] == ':')
		i++;
	if ((n = span(s, i, is_space)) == 0)
		return 0;
	i += n;
	n = read_repo(s, i);
	ref->repo = n == 0 ? (str){ NULL, 0 } : str_of(s.p + i, n);
	i += n;
	n = read_number(s, i, &ref->number);
	return n == 0 ? 0 : i + n - at;
}

size_t closing_refs(struct arena *arena, str text, const struct closing_ref **out)
{
	str s = closing_mask(arena, text);
	struct buf b = buf_new(arena, SIZE_MAX / 4);
	size_t count = 0, n;
	struct closing_ref ref;

	for (size_t i = 0; i < s.n; i += n) {
		n = read_closing(s, i, &ref);
		if (n == 0) {
			n = 1;
			continue;
		}
		buf_add(&b, str_of(&ref, sizeof(ref)));
		count++;
	}
	*out = (const struct closing_ref *)(const void *)b.p;
	return count;
}

/* "/claim #1, #2" and nothing else on the line; appends the numbers only when all of it is right */
static size_t read_claim(str line, struct buf *b)
{
	str command = STR("/claim");
	size_t at = command.n, n, count = 0, kept = b->n;
	int32_t number;

	if (!str_starts(line, command) || at >= line.n || !is_space(line.p[at]))
		return 0;
	for (;;) {
		at += span(line, at, is_space);
		if ((n = read_number(line, at, &number)) == 0)
			break;
		at += n;
		count++;
		buf_add(b, str_of(&number, sizeof(number)));
		at += span(line, at, is_space);
		if (at >= line.n)
			return count;
		at += line.p[at] == ',';
	}
	b->n = kept;
	return 0;
}

size_t claim_refs(struct arena *arena, str text, const int32_t **out)
{
	str rest = closing_mask(arena, text), line;
	struct buf b = buf_new(arena, SIZE_MAX / 4);
	size_t count = 0;

	while (str_next(&rest, '\n', &line)) {
		if (str_ends(line, STR("\r")))
			line.n--;
		count += read_claim(line, &b);
	}
	*out = (const int32_t *)(const void *)b.p;
	return count;
}
