/* O8, aging: who waited longer than the span has a part of each claim, and no more than that. */
#include "check.h"

#include "queue/aging.h"

#define SPAN (8 * USEC_S)
#define LOW 4 /* the place of priority 2 */

static const int64_t nothing[WATERMARK_PRIOS] = { WATERMARK_NONE, WATERMARK_NONE, WATERMARK_NONE, WATERMARK_NONE,
	WATERMARK_NONE };

static void see(struct aging *a, usec now, int64_t head, int64_t low)
{
	int64_t first[WATERMARK_PRIOS];

	memcpy(first, nothing, sizeof(first));
	first[0] = head; /* there is always something urgent */
	first[LOW] = low;
	aging_saw(a, now, SPAN, head, first);
}

static void O8_priorities_are_strict_while_nothing_is_old(void **state)
{
	struct aging a = { 0 };

	(void)state;
	for (usec now = 0; now < SPAN; now += USEC_S) {
		struct aging_order o;

		see(&a, now, 100 + now / USEC_S, 100);
		o = aging_order(&a, 100);
		for (int i = 0; i < WATERMARK_PRIOS; i++) {
			assert_int_equal(o.order[i], i);
			assert_int_equal(o.most[i], 100);
		}
	}
}

static void O8_what_waited_has_a_quarter_first(void **state)
{
	struct aging a = { 0 };
	struct aging_order o;
	bool seen[WATERMARK_PRIOS] = { 0 };

	(void)state;
	for (usec now = 0; now <= 2 * SPAN; now += USEC_S / 10)
		see(&a, now, 100 + now / USEC_S, 100);
	o = aging_order(&a, 100);
	assert_int_equal(o.order[0], LOW);
	assert_int_equal(o.most[0], 25);
	for (int i = 0; i < WATERMARK_PRIOS; i++)
		seen[o.order[i]] = true;
	for (int i = 0; i < WATERMARK_PRIOS; i++)
		assert_true(seen[i]);
	for (int i = 1; i < WATERMARK_PRIOS; i++)
		assert_int_equal(o.most[i], 100);
	see(&a, 2 * SPAN + 1, 200, 199); /* the old one is gone, what is there is young */
	assert_int_equal(aging_order(&a, 100).order[0], 0);
}

static void O8_small_claims_give_every_fourth(void **state)
{
	struct aging a = { 0 };
	int low_first = 0;

	(void)state;
	see(&a, 0, 100, 100);
	see(&a, SPAN, 101, 100);
	for (int i = 0; i < 40; i++)
		low_first += aging_order(&a, 1).order[0] == LOW;
	assert_int_equal(low_first, 10);
}

static void O8_a_fast_and_a_slow_worker_know_the_age_alike(void **state)
{
	(void)state;
	for (usec step = 1000; step <= SPAN; step *= 2) {
		struct aging a = { 0 };
		usec now = 0;

		for (; now < 20 * SPAN && !a.waited[LOW]; now += step)
			see(&a, now, 100 + now / 1000, 100 + SPAN / 1000); /* handed out at SPAN */
		assert_true(now >= 2 * SPAN && now <= 2 * SPAN + SPAN / 4 + 2 * step);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(O8_priorities_are_strict_while_nothing_is_old),
		cmocka_unit_test(O8_what_waited_has_a_quarter_first),
		cmocka_unit_test(O8_small_claims_give_every_fourth),
		cmocka_unit_test(O8_a_fast_and_a_slow_worker_know_the_age_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
