/* Memory of one unit of work. Allocation cannot fail: no memory ends the process, and leases bring its jobs back. */
#pragma once

#include "base/str.h"

struct arena;

struct arena *arena_new(void);
void arena_free(struct arena **arena); /* runs what was deferred, newest first */

/* Aligned for any type, not zeroed; lives until arena_free or a rewind below it. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zero(struct arena *arena, size_t size);
/* NULL from a multiplication that overflows cannot happen: it ends the process. */
void *arena_array(struct arena *arena, size_t count, size_t size);
#define ARENA_NEW(arena, type) ((type *)arena_zero((arena), sizeof(type)))

str arena_str(struct arena *arena, str s);    /* a copy */
char *arena_cstr(struct arena *arena, str s); /* a terminated copy */
str arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Ties a foreign handle to the arena: fn(arg) runs on arena_free or when rewound past. */
void arena_defer(struct arena *arena, void (*fn)(void *), void *arg);

struct arena_mark {
	void *block;
	size_t used;
	void *deferred;
};
/* A mark of all zeros is the empty arena. */
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);
size_t arena_used(const struct arena *arena); /* bytes, for limits and tests */
