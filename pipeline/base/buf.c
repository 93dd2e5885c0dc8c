#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

#define FIRST ((size_t)256)

struct buf buf_new(struct arena *arena, size_t max)
{
	/* Not NULL even while empty: a str with NULL would read as SQL NULL. */
	return (struct buf){ .arena = arena, .p = arena_alloc(arena, 0), .max = max };
}

/* Makes room for n more bytes, or marks the buffer full. */
static bool reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap < FIRST ? FIRST : b->cap;
	char *p;

	if (b->full || n > b->max - b->n) {
		b->full = true;
		return false;
	}
	if (n <= b->cap - b->n)
		return true;
	while (cap - b->n < n)
		cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
	if (cap > b->max)
		cap = b->max;
	p = arena_alloc(b->arena, cap);
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	b->p = p;
	b->cap = cap;
	return true;
}

char *buf_extend(struct buf *b, size_t n)
{
	if (!reserve(b, n))
		return NULL;
	b->n += n;
	return b->p + b->n - n;
}

void buf_add(struct buf *b, str s)
{
	char *to = buf_extend(b, s.n);

	if (to != NULL && s.n > 0)
		memcpy(to, s.p, s.n);
}

void buf_byte(struct buf *b, uint8_t byte)
{
	if (reserve(b, 1))
		b->p[b->n++] = (char)byte;
}

/* vsnprintf ends its text with a NUL, for which the buffer may have no room: long text takes a way
 * round. */
static void add_long(struct buf *b, size_t n, const char *format, va_list args)
{
	struct arena_mark mark;
	char *text;

	if (!reserve(b, n))
		return;
	mark = arena_mark(b->arena);
	text = arena_alloc(b->arena, n + 1);
	vsnprintf(text, n + 1, format, args);
	buf_add(b, str_of(text, n));
	arena_rewind(b->arena, mark);
}

void buf_printf(struct buf *b, const char *format, ...)
{
	va_list args, again;
	char text[128];
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(text, sizeof(text), format, args);
	if (n >= (int)sizeof(text))
		add_long(b, (size_t)n, format, again);
	else if (n >= 0)
		buf_add(b, str_of(text, (size_t)n));
	va_end(again);
	va_end(args);
}
