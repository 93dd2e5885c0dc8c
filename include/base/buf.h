/* Growing bytes in an arena with a ceiling. Past the ceiling writes are dropped and buf_full() says so:
 * write everything, ask once. */
#pragma once

#include "base/arena.h"

struct buf {
	struct arena *arena;
	char *p;
	size_t n, cap, max;
	bool full;
};

struct buf buf_new(struct arena *arena, size_t max);
void buf_add(struct buf *b, str s);
void buf_byte(struct buf *b, uint8_t byte);
void buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
char *buf_extend(struct buf *b, size_t n); /* n writable bytes, counted as written; NULL past the ceiling */
static inline str buf_str(const struct buf *b)
{
	return (str){ b->p, b->n };
}
static inline bool buf_full(const struct buf *b)
{
	return b->full;
}
