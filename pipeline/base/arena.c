#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

/* Blocks double from FIRST to LARGEST; a larger request gets a block of its own size. */
#define FIRST ((size_t)8 << 10)
#define LARGEST ((size_t)1 << 20)
#define ALIGN _Alignof(max_align_t)

/* Poisoned bytes behind each allocation let the sanitizer see an overrun inside a block. */
#ifdef __SANITIZE_ADDRESS__
#define GAP ALIGN
#else
#define GAP 0
#endif

struct block {
	struct block *older;
	size_t used, cap;
	_Alignas(max_align_t) char bytes[];
};

struct deferred {
	struct deferred *older;
	void (*fn)(void *);
	void *arg;
};

struct arena {
	struct block *newest; /* never NULL: the oldest block stays until arena_free */
	struct deferred *deferred;
};

static _Noreturn void out_of_memory(size_t size)
{
	fprintf(stderr, "level=error event=arena.out_of_memory size=%zu\n", size);
	abort();
}

static struct block *block_new(struct block *older, size_t cap)
{
	struct block *b = malloc(sizeof(*b) + cap);

	if (b == NULL)
		out_of_memory(cap);
	*b = (struct block){ .older = older, .cap = cap };
	ASAN_POISON_MEMORY_REGION(b->bytes, cap);
	return b;
}

static void block_free(struct block *b)
{
	ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->cap);
	free(b);
}

struct arena *arena_new(void)
{
	struct arena *arena = malloc(sizeof(*arena));

	if (arena == NULL)
		out_of_memory(sizeof(*arena));
	*arena = (struct arena){ .newest = block_new(NULL, FIRST) };
	return arena;
}

void arena_free(struct arena **arena)
{
	if (*arena == NULL)
		return;
	arena_rewind(*arena, (struct arena_mark){ 0 });
	block_free((*arena)->newest);
	free(*arena);
	*arena = NULL;
}

static size_t next_cap(size_t last, size_t size)
{
	size_t cap = last * 2 > LARGEST ? LARGEST : last * 2;

	return size > cap ? size : cap;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct block *b = arena->newest;
	size_t room;
	void *p;

	if (size > PTRDIFF_MAX - sizeof(*b) - GAP - ALIGN)
		out_of_memory(size);
	room = (size + GAP + ALIGN - 1) & ~(ALIGN - 1);
	if (room > b->cap - b->used)
		b = arena->newest = block_new(b, next_cap(b->cap, room));
	p = b->bytes + b->used;
	b->used += room;
	ASAN_UNPOISON_MEMORY_REGION(p, size);
	return p;
}

void *arena_zero(struct arena *arena, size_t size)
{
	return memset(arena_alloc(arena, size), 0, size);
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		out_of_memory(SIZE_MAX);
	return arena_alloc(arena, bytes);
}

str arena_str(struct arena *arena, str s)
{
	if (s.p == NULL)
		return s;
	return (str){ memcpy(arena_alloc(arena, s.n), s.p, s.n), s.n };
}

char *arena_cstr(struct arena *arena, str s)
{
	char *z = arena_alloc(arena, s.n + 1);

	if (s.n > 0)
		memcpy(z, s.p, s.n);
	z[s.n] = '\0';
	return z;
}

str arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *p;
	int n;

	va_start(args, format);
	va_copy(again, args);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		out_of_memory(0);
	p = arena_alloc(arena, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, format, again);
	va_end(again);
	return (str){ p, (size_t)n };
}

void arena_defer(struct arena *arena, void (*fn)(void *), void *arg)
{
	struct deferred *d = arena_alloc(arena, sizeof(*d));

	*d = (struct deferred){ arena->deferred, fn, arg };
	arena->deferred = d;
}

struct arena_mark arena_mark(const struct arena *arena)
{
	return (struct arena_mark){ arena->newest, arena->newest->used, arena->deferred };
}

void arena_rewind(struct arena *arena, struct arena_mark mark)
{
	struct block *b;

	while (arena->deferred != mark.deferred) {
		struct deferred *d = arena->deferred;

		arena->deferred = d->older;
		d->fn(d->arg);
	}
	for (b = arena->newest; b != mark.block && b->older != NULL; b = arena->newest) {
		arena->newest = b->older;
		block_free(b);
	}
	assert(b != NULL); /* the first block stays */
	b->used = mark.used;
	ASAN_POISON_MEMORY_REGION(b->bytes + b->used, b->cap - b->used);
}

size_t arena_used(const struct arena *arena)
{
	size_t used = 0;

	for (const struct block *b = arena->newest; b != NULL; b = b->older)
		used += b->used;
	return used;
}
