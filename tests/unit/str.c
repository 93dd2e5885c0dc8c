#include "tests/unit/check.h"

#include <time.h>

#include "base/str.h"

static void compares(void **state)
{
	(void)state;
	assert_true(str_eq(STR("a"), STR("a")));
	assert_false(str_eq(STR("a"), STR("b")));
	assert_true(str_eq(STR(""), (str){ 0 }));
	assert_true(str_eq_nocase(STR("aZ@[`{"), STR("Az@[`{")));
	assert_false(str_eq_nocase(STR("@"), STR("`")));
	assert_false(str_eq_nocase(STR("\xc3\xa9"), STR("\xc3\x89")));
	assert_true(str_cmp(STR("a"), STR("ab")) < 0);
	assert_true(str_cmp(STR("b"), STR("ab")) > 0);
	assert_true(str_cmp(STR("\x7f"), STR("\x80")) < 0);
	assert_int_equal(str_cmp((str){ 0 }, STR("")), 0);
}

static void secrets(void **state)
{
	(void)state;
	assert_true(str_eq_secret(STR("0123"), STR("0123")));
	assert_true(str_eq_secret(STR(""), (str){ 0 }));
	assert_false(str_eq_secret(STR("0123"), STR("012")));
	assert_false(str_eq_secret(STR("0123"), STR("1123")));
	assert_false(str_eq_secret(STR("0123"), STR("0122")));
	assert_false(str_eq_secret(STR("\x80"), STR("\0")));
}

static int64_t cpu_ns(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The least time that a comparison ever took is that of an idle machine: others can only add to it. Were it to end at the first byte
 * that differs, the first case would take next to nothing. */
static void I1_a_comparison_of_secrets_takes_as_long_wherever_they_differ(void **state)
{
	enum { LENGTH = 1 << 18, ROUNDS = 40, CASES = 4 };
	static const size_t at[CASES] = { 0, LENGTH / 2, LENGTH - 1, LENGTH }; /* the last: nowhere */
	static char known[LENGTH], given[LENGTH + 1];
	int64_t least[CASES] = { INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX }, shortest = INT64_MAX, longest = 0;

	(void)state;
	for (int i = 0; i < ROUNDS * CASES; i++) {
		int64_t from, took;
		bool same;

		given[at[i % CASES]] = 1;
		from = cpu_ns();
		same = str_eq_secret(str_of(known, LENGTH), str_of(given, LENGTH));
		took = cpu_ns() - from;
		given[at[i % CASES]] = 0;
		assert_int_equal(same, at[i % CASES] == LENGTH);
		if (took < least[i % CASES])
			least[i % CASES] = took;
	}
	for (int i = 0; i < CASES; i++) {
		shortest = least[i] < shortest ? least[i] : shortest;
		longest = least[i] > longest ? least[i] : longest;
	}
	assert_true(longest < 2 * shortest);
}

static void searches(void **state)
{
	char bytes[4];
	size_t at = 99;

	(void)state;
	assert_true(str_starts(STR("abc"), STR("ab")));
	assert_true(str_starts(STR("abc"), STR("")));
	assert_false(str_starts(STR("ab"), STR("abc")));
	assert_true(str_ends(STR("abc"), STR("bc")));
	assert_false(str_ends(STR("abc"), STR("ab")));
	assert_true(str_ends(STR(""), STR("")));
	assert_true(str_find(STR("a\0bcbc"), STR("bc"), &at));
	assert_int_equal(at, 2);
	assert_true(str_find(STR("abc"), STR(""), &at));
	assert_int_equal(at, 0);
	assert_false(str_find(STR("abc"), STR("cd"), &at));
	assert_false(str_find((str){ 0 }, STR("c"), &at));
	assert_true(str_into(STR("abc"), bytes, 3));
	assert_memory_equal(bytes, "abc", 3);
	assert_false(
		str_into(STR("abc"), bytes, 4) || str_into(STR("abc"), bytes, 2) || str_into((str){ 0 }, bytes, 0));
}

static void trims_and_skips(void **state)
{
	(void)state;
	assert_str(str_trim(STR(" \t\r\na b\n ")), "a b");
	assert_str(str_trim(STR(" \n ")), "");
	assert_str(str_skip(STR("abc"), 2), "c");
	assert_str(str_skip(STR("abc"), 9), "");
	assert_null(str_skip((str){ 0 }, 3).p);
}

static void splits(void **state)
{
	str rest = STR("a,,b,"), piece;

	(void)state;
	assert_true(str_next(&rest, ',', &piece));
	assert_str(piece, "a");
	assert_true(str_next(&rest, ',', &piece));
	assert_str(piece, "");
	assert_true(str_next(&rest, ',', &piece));
	assert_str(piece, "b");
	assert_false(str_next(&rest, ',', &piece));
	rest = (str){ 0 };
	assert_false(str_next(&rest, ',', &piece));
}

static void integers(void **state)
{
	static const struct {
		const char *text;
		bool ok;
		int64_t v;
	} cases[] = {
		{ "0", true, 0 },
		{ "-1", true, -1 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775809", false, 0 },
		{ "99999999999999999999999", false, 0 },
		{ "", false, 0 },
		{ "-", false, 0 },
		{ "-0", false, 0 },
		{ "00", false, 0 },
		{ "01", false, 0 },
		{ "-01", false, 0 },
		{ "+1", false, 0 },
		{ " 1", false, 0 },
		{ "1 ", false, 0 },
		{ "1.0", false, 0 },
		{ "0x1", false, 0 },
		{ "--1", false, 0 },
	};
	uint64_t u;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t v = 77;

		if (str_i64(str_c(cases[i].text), &v) != cases[i].ok)
			fail_msg("\"%s\"", cases[i].text);
		assert_int_equal(v, cases[i].ok ? cases[i].v : 77);
	}
	assert_true(str_u64(STR("18446744073709551615"), &u));
	assert_true(u == UINT64_MAX);
	assert_false(str_u64(STR("18446744073709551616"), &u));
	assert_false(str_u64(STR("-1"), &u));
	assert_false(str_u64(STR("1\0"), &u));
}

static void utf8(void **state)
{
	static const struct {
		str text;
		bool ok;
	} cases[] = {
		{ { "", 0 }, true },
		{ { "a\x7f", 2 }, true },
		{ { "\xc2\x80\xdf\xbf", 4 }, true },
		{ { "\xe0\xa0\x80\xef\xbf\xbf", 6 }, true },
		{ { "\xed\x9f\xbf\xee\x80\x80", 6 }, true },
		{ { "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8 }, true },
		{ { "a\0b", 3 }, false },             /* NUL */
		{ { "\x80", 1 }, false },             /* a continuation alone */
		{ { "\xc3", 1 }, false },             /* cut */
		{ { "\xe2\x82", 2 }, false },         /* cut */
		{ { "\xf0\x9f\x98", 3 }, false },     /* cut */
		{ { "\xc0\xaf", 2 }, false },         /* overlong */
		{ { "\xc1\xbf", 2 }, false },         /* overlong */
		{ { "\xe0\x9f\xbf", 3 }, false },     /* overlong */
		{ { "\xf0\x8f\xbf\xbf", 4 }, false }, /* overlong */
		{ { "\xed\xa0\x80", 3 }, false },     /* surrogate */
		{ { "\xed\xbf\xbf", 3 }, false },     /* surrogate */
		{ { "\xf4\x90\x80\x80", 4 }, false }, /* above 10FFFF */
		{ { "\xf5\x80\x80\x80", 4 }, false },
		{ { "\xff", 1 }, false },
		{ { "\xe2\x28\xa1", 3 }, false },
		{ { "\xe2\x82\x28", 3 }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (str_utf8(cases[i].text) != cases[i].ok)
			fail_msg("case %zu", i);
	assert_int_equal(str_utf8_char(STR("\xf0\x9f\x98\x80"
					   "a")),
		4);
	assert_int_equal(str_utf8_char(STR("")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares),
		cmocka_unit_test(secrets),
		cmocka_unit_test(I1_a_comparison_of_secrets_takes_as_long_wherever_they_differ),
		cmocka_unit_test(searches),
		cmocka_unit_test(splits),
		cmocka_unit_test(integers),
		cmocka_unit_test(utf8),
		cmocka_unit_test(trims_and_skips),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
