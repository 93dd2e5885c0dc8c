#include "tests/unit/check.h"

#include "base/arena.h"

static void aligned_and_apart(void **state)
{
	struct arena *arena = arena_new();
	char *before = NULL;

	(void)state;
	for (size_t size = 0; size < 300; size++) {
		char *p = arena_alloc(arena, size);

		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		memset(p, (int)size, size);
		if (size > 1)
			assert_int_equal((uint8_t)before[size - 2], (uint8_t)(size - 1));
		before = p;
	}
	arena_free(&arena);
	assert_null(arena);
	arena_free(&arena);
}

static void larger_than_a_block(void **state)
{
	struct arena *arena = arena_new();
	char *small = arena_zero(arena, 10), *large = arena_alloc(arena, (size_t)5 << 20);

	(void)state;
	memset(large, 7, (size_t)5 << 20);
	for (int i = 0; i < 10; i++)
		assert_int_equal(small[i], 0);
	assert_true(arena_used(arena) >= ((size_t)5 << 20) + 10);
	arena_free(&arena);
}

static void copies(void **state)
{
	struct arena *arena = arena_new();
	char source[] = "abc";
	str copy = arena_str(arena, str_of(source, 3));
	char *terminated = arena_cstr(arena, str_of(source, 2));
	str null = arena_str(arena, (str){ 0 }), empty = arena_str(arena, STR(""));

	(void)state;
	source[0] = 'x';
	assert_str(copy, "abc");
	assert_string_equal(terminated, "ab");
	assert_string_equal(arena_cstr(arena, (str){ 0 }), "");
	assert_null(null.p);
	assert_non_null(empty.p);
	assert_int_equal(empty.n, 0);
	assert_str(arena_printf(arena, "%s-%d", "n", 5), "n-5");
	assert_int_equal(arena_printf(arena, "%*d", 20000, 1).n, 20000);
	arena_free(&arena);
}

static char order[8];

static void note(void *arg)
{
	strcat(order, arg);
}

static void deferred_newest_first(void **state)
{
	struct arena *arena = arena_new();
	struct arena_mark mark;

	(void)state;
	order[0] = '\0';
	arena_defer(arena, note, "a");
	mark = arena_mark(arena);
	arena_defer(arena, note, "b");
	(void)arena_alloc(arena, 100000);
	arena_defer(arena, note, "c");
	arena_rewind(arena, mark);
	assert_string_equal(order, "cb");
	arena_rewind(arena, mark);
	assert_string_equal(order, "cb");
	arena_free(&arena);
	assert_string_equal(order, "cba");
}

static void rewind_gives_back(void **state)
{
	struct arena *arena = arena_new();
	char *kept = arena_cstr(arena, STR("kept"));
	struct arena_mark mark = arena_mark(arena);
	size_t used = arena_used(arena);
	void *first;

	(void)state;
	first = arena_alloc(arena, 64);
	for (int i = 0; i < 1000; i++) {
		(void)arena_alloc(arena, 1000);
		if (i % 10 == 9)
			arena_rewind(arena, mark);
	}
	assert_int_equal(arena_used(arena), used);
	assert_ptr_equal(arena_alloc(arena, 64), first);
	assert_string_equal(kept, "kept");
	arena_rewind(arena, (struct arena_mark){ 0 });
	assert_int_equal(arena_used(arena), 0);
	arena_free(&arena);
}

static void overflow(void *arena)
{
	(void)arena_array(arena, SIZE_MAX / 2, 3);
}

static void too_much(void *arena)
{
	(void)arena_alloc(arena, SIZE_MAX - 3);
}

static void no_memory_ends_the_process(void **state)
{
	struct arena *arena = arena_new();
	char text[256];
	int status = in_child(overflow, arena, text, sizeof(text));

	(void)state;
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	assert_non_null(strstr(text, "event=arena.out_of_memory"));
	status = in_child(too_much, arena, text, sizeof(text));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aligned_and_apart),
		cmocka_unit_test(larger_than_a_block),
		cmocka_unit_test(copies),
		cmocka_unit_test(deferred_newest_first),
		cmocka_unit_test(rewind_gives_back),
		cmocka_unit_test(no_memory_ends_the_process),
	};

	return cmocka_run_group_tests_name("arena", tests, NULL, NULL);
}
