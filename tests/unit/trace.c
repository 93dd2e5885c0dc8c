/* traceparent as W3C Trace Context level 1 has it (sections 3.2 and 4.3). */
#include "base/trace.h"

#include "check.h"

#define GOOD "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

static void only_what_is_well_formed_is_taken(void **state)
{
	static const struct {
		const char *text;
		bool valid;
	} rows[] = {
		{ GOOD, true },
		{ "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", true },
		{ "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true },
		{ "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what.the.future.will.be.like", true },
		{ "cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01.what", false },
		{ GOOD "-more", false },
		{ "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", false },
		{ "00-00000000000000000000000000000000-b7ad6b7169203331-01", false },
		{ "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false },
		{ "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false },
		{ "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x", false },
		{ "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0", false },
		{ "00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01", false },
		{ "0-0", false },
		{ "", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (trace_valid(str_c(rows[i].text)) != rows[i].valid)
			fail_msg("%s", rows[i].text);
	assert_false(trace_valid((str){ NULL, 0 }));
}

static void a_span_keeps_trace_and_flags(void **state)
{
	char next[TRACE_TEXT + 1], again[TRACE_TEXT + 1];

	(void)state;
	trace_next(STR(GOOD), next);
	trace_next(STR(GOOD), again);
	assert_true(trace_valid(str_c(next)));
	assert_memory_equal(next, GOOD, 36);
	assert_string_equal(next + 52, "-01");
	assert_string_not_equal(next, GOOD);
	assert_string_not_equal(next, again);
}

static void what_is_malformed_begins_a_trace(void **state)
{
	static const uint8_t zeros[TRACE_RANDOM];
	char next[TRACE_TEXT + 1];

	(void)state;
	trace_span(STR("00-0-0-0"), zeros, next);
	assert_string_equal(next, "00-01000000000000000000000000000000-0100000000000000-01");
	assert_true(trace_valid(str_c(next)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_is_well_formed_is_taken),
		cmocka_unit_test(a_span_keeps_trace_and_flags),
		cmocka_unit_test(what_is_malformed_begins_a_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
