/* Which parts of a Markdown text are not said by its author now: code, quotes, comments (CommonMark 0.31 sections 4.4, 4.5,
 * 5.1, 6.1; GitHub renders by these). Where a rule needs the whole block structure (code inside lists), more is masked rather
 * than less: a reference that is overlooked costs a look by a person, one that is made up costs money. */
#include "model/closing.h"

struct mask {
	char *p; /* the copy that is written */
	size_t n;
	char fence; /* '`', '~', 0 outside a fence */
	size_t fence_n;
	bool quote, code, blank; /* of the line before */
};

static size_t line_end(const struct mask *m, size_t at)
{
	const char *end = memchr(m->p + at, '\n', m->n - at);

	return end == NULL ? m->n : (size_t)(end - m->p);
}

static void hide(struct mask *m, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (m->p[i] != '\n' && m->p[i] != '\r')
			m->p[i] = ' ';
}

static size_t run(const struct mask *m, size_t at, size_t end, char c)
{
	size_t n = 0;

	while (at + n < end && m->p[at + n] == c)
		n++;
	return n;
}

static bool only_spaces(const struct mask *m, size_t at, size_t end)
{
	return str_trim(str_of(m->p + at, end - at)).n == 0;
}

/* Columns of white space; a tab goes to the next multiple of four. */
static size_t indent(const struct mask *m, size_t at, size_t end, size_t *first)
{
	size_t columns = 0;

	for (; at < end && (m->p[at] == ' ' || m->p[at] == '\t'); at++)
		columns = m->p[at] == '\t' ? (columns / 4 + 1) * 4 : columns + 1;
	*first = at;
	return columns;
}

/* The length of a fence that opens at `first`, 0 when none does */
static size_t fence_opens(const struct mask *m, size_t first, size_t end)
{
	char c = first < end ? m->p[first] : 0;
	size_t n = run(m, first, end, c);

	if ((c != '`' && c != '~') || n < 3)
		return 0;
	return c == '`' && memchr(m->p + first + n, '`', end - first - n) != NULL ? 0 : n;
}

/* Does a paragraph end before this line: blank, fence, quote? */
static bool interrupts(const struct mask *m, size_t at)
{
	size_t end = line_end(m, at), first, columns = indent(m, at, end, &first);

	return only_spaces(m, at, end) || (columns < 4 && (m->p[first] == '>' || fence_opens(m, first, end) > 0));
}

/* Where the code span that opens with n backticks at `at` ends; 0 when it never closes in its paragraph */
static size_t span_end(const struct mask *m, size_t at, size_t n)
{
	for (size_t i = at + n; i < m->n;) {
		size_t r = run(m, i, m->n, '`');

		if (r == n)
			return i + r;
		if (m->p[i] == '\n' && i + 1 < m->n && interrupts(m, i + 1))
			return 0;
		i += r > 0 ? r : 1;
	}
	return 0;
}

static size_t comment_end(const struct mask *m, size_t at)
{
	size_t found;

	return str_find(str_of(m->p + at, m->n - at), STR("-->"), &found) ? at + found + 3 : m->n;
}

/* Text outside blocks of code and quotes: hides spans and comments that begin in [at, end); returns where to go on. */
static size_t inline_text(struct mask *m, size_t at, size_t end)
{
	while (at < end) {
		size_t ticks = run(m, at, m->n, '`'), to = 0;

		if (m->p[at] == '\\' && at + 1 < end) {
			at += 2;
			continue;
		}
		if (ticks > 0)
			to = span_end(m, at, ticks);
		else if (str_starts(str_of(m->p + at, m->n - at), STR("<!--")))
			to = comment_end(m, at + 4);
		if (to > 0)
			hide(m, at, to);
		at = to > 0 ? to : at + (ticks > 0 ? ticks : 1);
	}
	return at;
}

static bool in_fence(struct mask *m, size_t first, size_t columns, size_t end)
{
	size_t n = run(m, first, end, m->fence == 0 ? '`' : m->fence);

	if (m->fence == 0) {
		n = columns < 4 ? fence_opens(m, first, end) : 0;
		m->fence = n > 0 ? m->p[first] : 0;
		m->fence_n = n;
		return n > 0;
	}
	if (columns < 4 && n >= m->fence_n && only_spaces(m, first + n, end))
		m->fence = 0;
	return true;
}

/* One line that begins at `at`; returns where the next begins, or the line that a span or comment reached ends. */
static size_t line(struct mask *m, size_t at)
{
	size_t end = line_end(m, at), first, columns = indent(m, at, end, &first);
	bool blank = first == end || only_spaces(m, first, end), hidden = true;

	if (in_fence(m, first, columns, end)) {
		m->quote = m->code = false;
	} else if (!blank && columns >= 4 && (m->blank || m->code)) {
		m->code = true;
		m->quote = false;
	} else if (!blank && columns < 4 && m->p[first] == '>') {
		m->quote = true;
		m->code = false;
	} else {
		/* a line right below a quote still belongs to it */
		m->quote = m->quote && !blank;
		m->code = m->code && blank;
		hidden = m->quote;
	}
	m->blank = blank;
	if (!hidden)
		return inline_text(m, at, end < m->n ? end + 1 : end);
	hide(m, at, end);
	return end < m->n ? end + 1 : end;
}

str closing_mask(struct arena *arena, str text)
{
	struct mask m = { .p = arena_cstr(arena, text), .n = text.n, .blank = true };
	size_t at = 0;

	while (at < m.n) {
		at = line(&m, at);
		/* a span or comment ended inside a line: the rest of that line is text */
		while (at < m.n && at > 0 && m.p[at - 1] != '\n')
			at = inline_text(&m, at, line_end(&m, at) < m.n ? line_end(&m, at) + 1 : m.n);
	}
	return str_of(m.p, m.n);
}
