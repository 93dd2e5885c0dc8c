#include "base/work.h"

void work_init(struct work *w)
{
	*w = (struct work){ .arena = arena_new() };
}

void work_end(struct work *w)
{
	arena_free(&w->arena);
	*w = (struct work){ 0 };
}

void work_reset(struct work *w)
{
	struct arena *arena = w->arena;

	arena_rewind(arena, (struct arena_mark){ 0 });
	*w = (struct work){ .arena = arena };
}

usec work_left(const struct work *w)
{
	usec left;

	if (w->deadline == 0)
		return INT64_MAX;
	left = w->deadline - clock_monotonic();
	return left > 0 ? left : 0;
}
