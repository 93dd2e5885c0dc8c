#include "tests/unit/check.h"

#include "base/buf.h"

static int new_arena(void **state)
{
	*state = arena_new();
	return 0;
}

static int free_arena(void **state)
{
	arena_free((struct arena **)state);
	return 0;
}

static void grows(void **state)
{
	struct buf b = buf_new(*state, SIZE_MAX);

	for (int i = 0; i < 100000; i++)
		buf_byte(&b, (uint8_t)i);
	assert_int_equal(b.n, 100000);
	for (int i = 0; i < 100000; i++)
		assert_int_equal((uint8_t)b.p[i], (uint8_t)i);
	assert_false(buf_full(&b));
}

static void empty_is_not_null(void **state)
{
	struct buf b = buf_new(*state, 0);

	assert_non_null(buf_str(&b).p);
	buf_add(&b, (str){ 0 });
	buf_add(&b, STR(""));
	assert_false(buf_full(&b));
	buf_byte(&b, 'x');
	assert_true(buf_full(&b));
	assert_int_equal(b.n, 0);
}

static void ceiling_is_exact(void **state)
{
	struct buf b = buf_new(*state, 5);

	buf_add(&b, STR("abcde"));
	assert_false(buf_full(&b));
	buf_byte(&b, 'f');
	assert_true(buf_full(&b));
	assert_str(buf_str(&b), "abcde");
}

static void nothing_follows_what_was_dropped(void **state)
{
	struct buf b = buf_new(*state, 5);

	buf_add(&b, STR("abc"));
	buf_add(&b, STR("def"));
	buf_add(&b, STR("g"));
	assert_null(buf_extend(&b, 1));
	assert_str(buf_str(&b), "abc");
	assert_true(buf_full(&b));
}

static void prints(void **state)
{
	struct buf b = buf_new(*state, 1000), exact = buf_new(*state, 300), tight = buf_new(*state, 299);

	buf_printf(&b, "%d,%s", 7, "x");
	buf_printf(&b, "%s", "");
	assert_str(buf_str(&b), "7,x");
	buf_printf(&exact, "%*d", 300, 1);
	assert_false(buf_full(&exact));
	assert_int_equal(exact.n, 300);
	assert_int_equal(exact.p[299], '1');
	buf_printf(&tight, "%*d", 300, 1);
	assert_true(buf_full(&tight));
	assert_int_equal(tight.n, 0);
}

static void adds_itself(void **state)
{
	struct buf b = buf_new(*state, SIZE_MAX);

	buf_add(&b, STR("0123456789"));
	for (int i = 0; i < 10; i++)
		buf_add(&b, buf_str(&b));
	assert_int_equal(b.n, 10240);
	for (size_t i = 0; i < b.n; i++)
		assert_int_equal(b.p[i], '0' + (int)(i % 10));
}

static void extends(void **state)
{
	struct buf b = buf_new(*state, 4096);
	char *p;

	buf_add(&b, STR("ab"));
	p = buf_extend(&b, 4000);
	memset(p, 'z', 4000);
	assert_int_equal(b.n, 4002);
	assert_memory_equal(b.p, "abzz", 4);
	assert_null(buf_extend(&b, SIZE_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(grows, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(empty_is_not_null, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(ceiling_is_exact, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(nothing_follows_what_was_dropped, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(prints, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(adds_itself, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(extends, new_arena, free_arena),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
