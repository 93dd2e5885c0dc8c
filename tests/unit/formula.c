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
		assert_int_equal(formula_points((int64_t)i, false), want[i]);
	assert_int_equal(formula_points(INT64_MAX, false), 200000);
	assert_int_equal(formula_points(0, true), 0);
	assert_int_equal(formula_points(9, true), 0);
}

/* A change of these bytes is a change of the rules: it needs a new version. */
static void text(void **state)
{
	struct work w;
	uint8_t hash[32];
	str formula;

	(void)state;
	work_init(&w);
	assert_true(formula_text(&w, &formula, hash));
	assert_str(formula,
		"{\"kind\":\"merge\",\"period\":\"month UTC\",\"points_micro\":1000000,\"self_merge_micro\":0,"
		"\"version\":1,\"weight_per_mille\":[1000,800,650,520,420,340,270,220,200]}");
	assert_str(
		hex_str(w.arena, str_of(hash, 32)), "f9380336c4e9d25ef5c9dc9c6ef785bc3f26af43dad1437905aa976331bf8836");
	work_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(points), cmocka_unit_test(text) };

	return cmocka_run_group_tests_name("formula", tests, NULL, NULL);
}
