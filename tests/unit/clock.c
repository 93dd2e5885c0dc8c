#include "tests/unit/check.h"

#include <limits.h>

#include "base/clock.h"

static void reads(void **state)
{
	static const struct {
		const char *text;
		usec t;
		const char *back;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z" },
		{ "1985-04-12T23:20:50.52Z", 482196050520000, "1985-04-12T23:20:50.520000Z" },
		{ "1996-12-19T16:39:57-08:00", 851042397000000, "1996-12-20T00:39:57Z" },
		{ "1937-01-01T12:00:27.87+00:20", -1041337172130000, "1937-01-01T11:40:27.870000Z" },
		{ "1990-12-31T23:59:60Z", 662688000000000, "1991-01-01T00:00:00Z" },
		{ "1990-12-31T15:59:60-08:00", 662688000000000, "1991-01-01T00:00:00Z" },
		{ "2024-02-29t12:00:00z", 1709208000000000, "2024-02-29T12:00:00Z" },
		{ "2000-02-29T00:00:00-00:00", 951782400000000, "2000-02-29T00:00:00Z" },
		{ "2026-01-02T03:04:05.123456789Z", 1767323045123456, "2026-01-02T03:04:05.123456Z" },
		{ "2026-01-02T03:04:05.000000999Z", 1767323045000000, "2026-01-02T03:04:05Z" },
		{ "2026-01-02T03:04:05.1+23:59", 1767236705100000, "2026-01-01T03:05:05.100000Z" },
		{ "1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59.999999Z" },
		{ "0000-01-01T00:00:00Z", -62167219200000000, "0000-01-01T00:00:00Z" },
		{ "9999-12-31T23:59:59.999999Z", 253402300799999999, "9999-12-31T23:59:59.999999Z" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[CLOCK_TEXT];
		usec t;

		if (!clock_parse(str_c(cases[i].text), &t))
			fail_msg("%s", cases[i].text);
		assert_int_equal(t, cases[i].t);
		assert_int_equal(clock_format(t, text), strlen(cases[i].back));
		assert_string_equal(text, cases[i].back);
	}
}

static void refuses(void **state)
{
	static const char *const bad[] = {
		"",
		"2026",
		"2026-01-02",
		"2026-01-02T03:04:05",
		"2026-01-02T03:04Z",
		"2026-01-02 03:04:05Z",
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2024-02-30T00:00:00Z",
		"2026-04-31T00:00:00Z",
		"2026-00-01T00:00:00Z",
		"2026-13-01T00:00:00Z",
		"2026-01-00T00:00:00Z",
		"2026-01-32T00:00:00Z",
		"2026-01-01T24:00:00Z",
		"2026-01-01T00:60:00Z",
		"2026-01-01T00:00:61Z",
		"2026-01-01T00:00:60Z",
		"1990-12-31T23:59:60-08:00",
		"2026-01-01T00:00:00.Z",
		"2026-01-01T00:00:00.1234567890Z",
		"2026-01-01T00:00:00,5Z",
		"2026-01-01T00:00:00+24:00",
		"2026-01-01T00:00:00+00:60",
		"2026-01-01T00:00:00+0000",
		"2026-01-01T00:00:00+00",
		"2026-01-01T00:00:00ZZ",
		"2026-01-01T00:00:00Z ",
		" 2026-01-01T00:00:00Z",
		"+2026-01-01T00:00:00Z",
		"26-01-01T00:00:00Z",
		"2026-1-01T00:00:00Z",
		"2026-01-01T0:00:00Z",
		"20260101T000000Z",
		"2026-01-01T-1:00:00Z",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		usec t = 5;

		if (clock_parse(str_c(bad[i]), &t))
			fail_msg("\"%s\"", bad[i]);
		assert_int_equal(t, 5);
	}
}

static void extremes(void **state)
{
	char text[CLOCK_TEXT];

	(void)state;
	clock_format(INT64_MAX, text);
	assert_memory_equal(text, "9999-12-31T23:59:59", 19);
	clock_format(INT64_MIN, text);
	assert_memory_equal(text, "0000-01-01T00:00:00", 19);
}

static void moves_on(void **state)
{
	usec wall = clock_now(), before = clock_monotonic(), span;

	(void)state;
	clock_sleep(20 * USEC_MS);
	span = clock_monotonic() - before;
	assert_true(span >= 20 * USEC_MS);
	assert_true(clock_now() - wall >= 19 * USEC_MS);
	clock_sleep(0);
	clock_sleep(-5);
	assert_true(wall > 1700000000 * USEC_S);
}

static void offset(void **state)
{
	usec before = clock_now(), moved;

	(void)state;
	setenv("PATCHWORK_CLOCK_OFFSET_S", "-3600", 1);
	moved = clock_now();
	unsetenv("PATCHWORK_CLOCK_OFFSET_S");
	assert_true(moved < before - 3500 * USEC_S && moved > before - 3700 * USEC_S);
}

static void deadline(void **state)
{
	struct work w;

	(void)state;
	work_init(&w);
	assert_true(work_left(&w) == INT64_MAX);
	w.deadline = clock_monotonic() + 10 * USEC_S;
	assert_true(work_left(&w) > 8 * USEC_S && work_left(&w) <= 10 * USEC_S);
	w.deadline = clock_monotonic() - 1;
	assert_int_equal(work_left(&w), 0);
	work_end(&w);
}

static void doubles(void **state)
{
	(void)state;
	assert_int_equal(clock_doubled(USEC_S, -1, 30 * USEC_S), USEC_S);
	assert_int_equal(clock_doubled(USEC_S, 0, 30 * USEC_S), USEC_S);
	assert_int_equal(clock_doubled(USEC_S, 4, 30 * USEC_S), 16 * USEC_S);
	assert_int_equal(clock_doubled(USEC_S, 5, 30 * USEC_S), 30 * USEC_S);
	assert_int_equal(clock_doubled(USEC_S, INT_MAX, INT64_MAX), INT64_MAX);
	assert_int_equal(clock_doubled(USEC_S, 0, USEC_MS), USEC_MS);
	assert_int_equal(clock_doubled(0, INT_MAX, USEC_S), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads),
		cmocka_unit_test(refuses),
		cmocka_unit_test(extremes),
		cmocka_unit_test(moves_on),
		cmocka_unit_test(offset),
		cmocka_unit_test(deadline),
		cmocka_unit_test(doubles),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
