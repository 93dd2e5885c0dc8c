#include "wire/rlp.h"

#include "base/hex.h"
#include "tests/unit/check.h"

static void numbers(void **state)
{
	static const struct {
		uint64_t n;
		const char *hex;
	} cases[] = { { 0, "80" }, { 1, "01" }, { 127, "7f" }, { 128, "8180" }, { 255, "81ff" }, { 256, "820100" },
		{ 1024, "820400" }, { UINT64_MAX, "88ffffffffffffffff" } };
	struct arena *arena = arena_new();

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf a = buf_new(arena, 64), b = buf_new(arena, 64);

		rlp_u64(&a, cases[i].n);
		rlp_u256(&b, u256_of(cases[i].n));
		assert_str(hex_str(arena, buf_str(&a)), cases[i].hex);
		assert_str(hex_str(arena, buf_str(&b)), cases[i].hex);
	}
	arena_free(&arena);
}

static bool valid(const char *hex)
{
	uint8_t bytes[64];
	size_t n = strlen(hex) / 2;
	uint8_t *copy = malloc(n == 0 ? 1 : n); /* of its exact size, so that reading past its end is seen */
	bool ok;

	assert_true(hex_decode(str_c(hex), bytes, n));
	memcpy(copy, bytes, n);
	ok = rlp_valid(str_of(copy, n));
	free(copy);
	return ok;
}

static void hostile(void **state)
{
	static const char *const bad[] = {
		"bfffffffffffffffff",
		"ffffffffffffffffff",
		"bf0000000000000038",
		"b8",
		"f8",
		"b9ff",
		"f90000",
		"b838",
		"f838",
		"81",
		"8100",
		"817f",
		"c1",
		"c2c1",
		"c281",
		"c28101",
		"c3c28101",
		"b80100",
		"f80100",
		"0000",
		"c000",
		"bb00000038",
		"fbffffffff",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (valid(bad[i]))
			fail_msg("took %s", bad[i]);
	assert_true(valid("c1c0"));
	assert_true(valid("8180"));
}

/* 32 lists in one another are enough for anybody; a megabyte of 0xc1 must not use up the stack. */
static void nesting(void **state)
{
	struct arena *arena = arena_new();
	str item = STR("\xc0");

	(void)state;
	for (int depth = 1; depth <= 40; depth++) {
		struct buf b = buf_new(arena, 1024);

		assert_true(rlp_valid(item) == (depth <= 32));
		rlp_list(&b, item);
		item = buf_str(&b);
	}
	for (size_t n = 2; n < 60000; n *= 3) {
		struct buf b = buf_new(arena, 1 << 20);

		memset(buf_extend(&b, n), 0xc1, n);
		assert_false(rlp_valid(buf_str(&b)));
	}
	arena_free(&arena);
}

static void next_leaves_the_rest(void **state)
{
	str rest = STR("\x83"
		       "dog"
		       "\xc1\x05"
		       "\x00");
	struct rlp_item item;

	(void)state;
	assert_true(rlp_next(&rest, &item));
	assert_false(item.list);
	assert_str(item.body, "dog");
	assert_true(rlp_next(&rest, &item));
	assert_true(item.list);
	assert_str(item.body, "\x05");
	assert_true(rlp_next(&rest, &item));
	assert_int_equal(item.body.n, 1);
	assert_false(rlp_next(&rest, &item));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(hostile),
		cmocka_unit_test(nesting),
		cmocka_unit_test(next_leaves_the_rest),
	};

	return cmocka_run_group_tests_name("rlp", tests, NULL, NULL);
}
