/* Points, exactly. */
#include "check.h"

#include "base/hex.h"
#include "stages/score/formula.h"

static void points(void **state)
{
	static const int64_t want[] = { 1000000, 800000, 650000, 520000, 420000, 340000, 270000, 220000, 200000,
		200000 };

	(void)state;
	for (size_t i = 0; i < COUNT(want); i++)
		assert_int_equal(formula_points((int64_t)i, false, false), want[i]);
	assert_int_equal(formula_points(INT64_MAX, false, false), 200000);
	assert_int_equal(formula_points(0, true, false), 0);
	assert_int_equal(formula_points(9, true, false), 0);
}

/* R4: money that goes to and fro counts a quarter, exactly. */
static void r4_reciprocal_counts_a_quarter(void **state)
{
	(void)state;
	for (int64_t i = 0; i < 12; i++)
		assert_int_equal(4 * formula_points(i, false, true), formula_points(i, false, false));
	assert_int_equal(formula_points(0, false, true), 250000);
	assert_int_equal(formula_points(0, true, true), 0);
}

/* A change of these bytes is a change of the rules: it needs a new version. */
static void text(void **state)
{
	struct work w;
	uint8_t hash[32];
	str formula;

	(void)state;
	work_init(&w);
	assert_true(formula_text(&w, 1, &formula, hash));
	assert_str(formula,
		"{\"kind\":\"merge\",\"period\":\"month UTC\",\"points_micro\":1000000,\"self_merge_micro\":0,"
		"\"version\":1,\"weight_per_mille\":[1000,800,650,520,420,340,270,220,200]}");
	assert_str(
		hex_str(w.arena, str_of(hash, 32)), "f9380336c4e9d25ef5c9dc9c6ef785bc3f26af43dad1437905aa976331bf8836");
	assert_true(formula_text(&w, 2, &formula, hash));
	assert_str(formula,
		"{\"kind\":\"merge\",\"period\":\"month UTC\",\"points_micro\":1000000,\"reciprocal_days\":90,"
		"\"reciprocal_per_mille\":250,\"self_merge_micro\":0,\"version\":2,"
		"\"weight_per_mille\":[1000,800,650,520,420,340,270,220,200]}");
	assert_str(
		hex_str(w.arena, str_of(hash, 32)), "eb69eccdc54f6fe2d512999a65f6ee864134a33e4296f9d7a17cf08a139be07a");
	work_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(points), cmocka_unit_test(r4_reciprocal_counts_a_quarter),
		cmocka_unit_test(text) };

	return cmocka_run_group_tests_name("formula", tests, NULL, NULL);
}
