#include "tests/unit/check.h"

#include "base/field.h"

struct value {
	bool there;
	bool flag;
	int32_t small;
	int64_t number;
	str text;
	u256 amount;
	uuid id;
};

#define OF(t, ...)                                                                                                     \
	{                                                                                                              \
		.name = "x", .type = (t), .has = FIELD_NO_HAS, __VA_ARGS__                                             \
	}

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

/* Reads text as f, and writes it again; NULL when it does not fit. */
static const char *again(struct arena *arena, const struct field *f, const char *text)
{
	struct {
		u256 any;
		str more;
	} out = { 0 };
	char why[FIELD_WHY] = "";

	if (field_read(arena, f, str_c(text), &out, why) != FIELD_FITS) {
		assert_string_not_equal(why, "");
		return NULL;
	}
	return arena_cstr(arena, field_text(arena, f, &out));
}

static void texts(void **state)
{
	static const struct {
		enum field_type type;
		const char *text, *again;
	} cases[] = {
		{ FIELD_BOOL, "true", "true" },
		{ FIELD_BOOL, "false", "false" },
		{ FIELD_BOOL, "yes", NULL },
		{ FIELD_BOOL, "1", NULL },
		{ FIELD_BOOL, "", NULL },
		{ FIELD_I32, "-2147483648", "-2147483648" },
		{ FIELD_I32, "2147483648", NULL },
		{ FIELD_I64, "9223372036854775807", "9223372036854775807" },
		{ FIELD_I64, "9223372036854775808", NULL },
		{ FIELD_I64, "1.0", NULL },
		{ FIELD_STR, "", "" },
		{ FIELD_STR, "a b", "a b" },
		{ FIELD_STR, "\xff", NULL },
		{ FIELD_SECRET, "s", "s" },
		{ FIELD_U256, "340282366920938463463374607431768211456", "340282366920938463463374607431768211456" },
		{ FIELD_U256, "-1", NULL },
		{ FIELD_UUID, "0190163D-8694-739b-aea5-966c26f8ad91", "0190163d-8694-739b-aea5-966c26f8ad91" },
		{ FIELD_UUID, "0190163d", NULL },
		{ FIELD_TIME, "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z" },
		{ FIELD_TIME, "2026-01-01", NULL },
		{ FIELD_SPAN, "0s", "0s" },
		{ FIELD_SPAN, "250ms", "250ms" },
		{ FIELD_SPAN, "1500ms", "1500ms" },
		{ FIELD_SPAN, "2000ms", "2s" },
		{ FIELD_SPAN, "30s", "30s" },
		{ FIELD_SPAN, "90s", "90s" },
		{ FIELD_SPAN, "10m", "10m" },
		{ FIELD_SPAN, "120m", "2h" },
		{ FIELD_SPAN, "7d", "7d" },
		{ FIELD_SPAN, "5us", "5us" },
		{ FIELD_SPAN, "30", NULL },
		{ FIELD_SPAN, "s", NULL },
		{ FIELD_SPAN, "", NULL },
		{ FIELD_SPAN, "-1s", NULL },
		{ FIELD_SPAN, "1.5s", NULL },
		{ FIELD_SPAN, "01s", NULL },
		{ FIELD_SPAN, "1 s", NULL },
		{ FIELD_SPAN, "1S", NULL },
		{ FIELD_SPAN, "1h30m", NULL },
		{ FIELD_SPAN, "99999999999d", NULL },
		{ FIELD_SIZE, "0", "0" },
		{ FIELD_SIZE, "512", "512" },
		{ FIELD_SIZE, "1024", "1k" },
		{ FIELD_SIZE, "64k", "64k" },
		{ FIELD_SIZE, "25m", "25m" },
		{ FIELD_SIZE, "2g", "2g" },
		{ FIELD_SIZE, "1500k", "1500k" },
		{ FIELD_SIZE, "64K", NULL },
		{ FIELD_SIZE, "64kb", NULL },
		{ FIELD_SIZE, "-1", NULL },
		{ FIELD_SIZE, "9999999999g", NULL },
		{ FIELD_HEX, "0x00FF", "0x00ff" },
		{ FIELD_HEX, "0x", "0x" },
		{ FIELD_HEX, "00ff", NULL },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct field f = OF(cases[i].type);
		const char *got = again(*state, &f, cases[i].text);

		if ((got == NULL) != (cases[i].again == NULL) || (got != NULL && strcmp(got, cases[i].again) != 0))
			fail_msg("case %zu \"%s\": %s", i, cases[i].text, got == NULL ? "refused" : got);
	}
}

static void says_what_it_must_be(void **state)
{
	static const struct {
		struct field field;
		const char *text;
		enum field_fit fit;
		const char *why;
	} cases[] = {
		{ OF(FIELD_I32, .min = 1, .max = 64), "0", FIELD_OUT_OF_RANGE, "must be from 1 to 64" },
		{ OF(FIELD_I32, .min = 1, .max = 64), "64", FIELD_FITS, "" },
		{ OF(FIELD_I32, .min = 1, .max = 64), "many", FIELD_NOT_TYPE, "must be an integer" },
		{ OF(FIELD_I64, .min = -1, .max = 1), "2", FIELD_OUT_OF_RANGE, "must be from -1 to 1" },
		{ OF(FIELD_SPAN, .min = USEC_S, .max = 600 * USEC_S), "11m", FIELD_OUT_OF_RANGE,
			"must be from 1s to 10m" },
		{ OF(FIELD_SPAN, .min = USEC_S, .max = 600 * USEC_S), "600s", FIELD_FITS, "" },
		{ OF(FIELD_SIZE, .min = 1, .max = 65536), "65k", FIELD_OUT_OF_RANGE, "must be from 1 to 64k" },
		{ OF(FIELD_STR, .min = 2, .max = 3), "a", FIELD_OUT_OF_RANGE, "must have at least 2 bytes" },
		{ OF(FIELD_STR, .min = 2, .max = 3), "abcd", FIELD_OUT_OF_RANGE, "must have at most 3 bytes" },
		{ OF(FIELD_STR, .one_of = "a|b"), "c", FIELD_OUT_OF_RANGE, "must be one of a|b" },
		{ OF(FIELD_STR, .one_of = "a|b"), "b", FIELD_FITS, "" },
		{ OF(FIELD_U256, .min = 5), "4", FIELD_OUT_OF_RANGE, "must be at least 5" },
		{ OF(FIELD_U256, .min = 5), "18446744073709551616", FIELD_FITS, "" },
		{ OF(FIELD_U256, .max = 5), "18446744073709551616", FIELD_OUT_OF_RANGE, "must be at most 5" },
		{ OF(FIELD_HEX, .max = 20), "0x00", FIELD_OUT_OF_RANGE, "must be 0x and 40 hex digits" },
		{ OF(FIELD_SPAN), "x", FIELD_NOT_TYPE, "must be a span like 250ms, 30s, 10m, 2h, 7d" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct {
			u256 any;
			str more;
		} out = { 0 };
		char why[FIELD_WHY] = "";

		assert_int_equal(field_read(*state, &cases[i].field, str_c(cases[i].text), &out, why), cases[i].fit);
		assert_string_equal(why, cases[i].why);
	}
}

static void strings_are_copies(void **state)
{
	static const struct field f = FIELD(FIELD_STR, struct value, text, .has = offsetof(struct value, there));
	char source[] = "abc", why[FIELD_WHY];
	struct value v = { 0 };

	assert_int_equal(field_read(*state, &f, str_c(source), &v, why), FIELD_FITS);
	source[0] = 'x';
	assert_str(v.text, "abc");
	field_mark(&f, true, &v);
	assert_true(v.there);
	field_mark(&f, false, &v);
	assert_false(v.there);
}

static void a_refused_value_changes_nothing(void **state)
{
	static const struct field f[] = {
		FIELD(FIELD_BOOL, struct value, flag),
		FIELD(FIELD_I32, struct value, small, .min = 1, .max = 2),
		FIELD(FIELD_I64, struct value, number, .min = 1, .max = 2),
		FIELD(FIELD_STR, struct value, text, .max = 0, .one_of = "a"),
		FIELD(FIELD_U256, struct value, amount, .max = 2),
		FIELD(FIELD_UUID, struct value, id),
	};
	struct value v, before;
	char why[FIELD_WHY];

	memset(&before, 0, sizeof(before));
	before.number = 77;
	before.small = 7;
	memcpy(&v, &before, sizeof(v));
	for (size_t i = 0; i < COUNT(f); i++)
		assert_int_not_equal(field_read(*state, &f[i], STR("7"), &v, why), FIELD_FITS);
	assert_memory_equal(&v, &before, sizeof(v));
}

static void types_have_names(void **state)
{
	(void)state;
	for (int type = FIELD_BOOL; type <= FIELD_SECRET; type++)
		assert_true(strlen(field_type_name((enum field_type)type)) > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(texts, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(says_what_it_must_be, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(strings_are_copies, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(a_refused_value_changes_nothing, new_arena, free_arena),
		cmocka_unit_test(types_have_names),
	};

	return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
