#include "tests/unit/check.h"

#include "base/err.h"

static int new_work(void **state)
{
	static struct work w;

	work_init(&w);
	*state = &w;
	return 0;
}

static int end_work(void **state)
{
	work_end(*state);
	return 0;
}

static void sets(void **state)
{
	struct work *w = *state;

	assert_false(err_set(w, ERR_INVALID, "area.word", "number %d", 7));
	assert_int_equal(w->err.kind, ERR_INVALID);
	assert_string_equal(w->err.code, "area.word");
	assert_string_equal(w->err.text, "number 7");
	assert_int_equal(w->err.retry_after, 0);
	err_clear(w);
	assert_int_equal(w->err.kind, ERR_NONE);
	assert_null(w->err.code);
	assert_string_equal(w->err.text, "");
}

static void says_when_to_come_back(void **state)
{
	struct work *w = *state;

	assert_false(err_retry_after(w, 30 * USEC_S, "github.rate_limited", "resets in %ds", 30));
	assert_int_equal(w->err.kind, ERR_RETRY);
	assert_int_equal(w->err.retry_after, 30 * USEC_S);
	(void)err_set(w, ERR_BUG, "area.other", "x");
	assert_int_equal(w->err.retry_after, 0);
}

static void may_quote_the_error_it_replaces(void **state)
{
	struct work *w = *state;

	(void)err_set(w, ERR_RETRY, "a.b", "inner");
	(void)err_set(w, ERR_RETRY, "c.d", "outer: %s", w->err.text);
	assert_string_equal(w->err.text, "outer: inner");
}

static void text_is_cut_and_clean(void **state)
{
	struct work *w = *state;
	char text[400];

	memset(text, 'a', sizeof(text));
	memcpy(text + 237, "\xe2\x82\xac", 3); /* 240 with the NUL: the euro sign does not fit */
	text[399] = '\0';
	(void)err_set(w, ERR_INVALID, "a.b", "%s", text);
	assert_int_equal(strlen(w->err.text), 239);
	assert_true(str_utf8(str_c(w->err.text)));
	assert_string_equal(w->err.text + 235, "aa??");
	(void)err_set(w, ERR_INVALID, "a.b", "%s", "x\ny\x1b[31m\x7f\xff z \xe2\x82\xac");
	assert_string_equal(w->err.text, "x?y?[31m?? z \xe2\x82\xac");
}

static void kinds_have_names(void **state)
{
	(void)state;
	assert_string_equal(err_kind_name(ERR_NONE), "none");
	assert_string_equal(err_kind_name(ERR_INVALID), "invalid");
	assert_string_equal(err_kind_name(ERR_RETRY), "retry");
	assert_string_equal(err_kind_name(ERR_UNCERTAIN), "uncertain");
	assert_string_equal(err_kind_name(ERR_BUG), "bug");
}

static void count(void *n)
{
	++*(int *)n;
}

static void reset_is_a_fresh_unit(void **state)
{
	struct work *w = *state;
	struct arena *arena = w->arena;
	int released = 0;

	w->job = 7;
	w->stage = "pay";
	w->deadline = 1;
	w->request_id = arena_str(w->arena, STR("r"));
	strcpy(w->trace, "00-1");
	arena_defer(w->arena, count, &released);
	(void)err_set(w, ERR_BUG, "a.b", "x");
	work_reset(w);
	assert_int_equal(released, 1);
	assert_ptr_equal(w->arena, arena);
	assert_int_equal(arena_used(w->arena), 0);
	assert_int_equal(w->err.kind, ERR_NONE);
	assert_true(w->job == 0 && w->stage == NULL && w->deadline == 0 && w->request_id.n == 0 && w->trace[0] == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sets, new_work, end_work),
		cmocka_unit_test_setup_teardown(says_when_to_come_back, new_work, end_work),
		cmocka_unit_test_setup_teardown(may_quote_the_error_it_replaces, new_work, end_work),
		cmocka_unit_test_setup_teardown(text_is_cut_and_clean, new_work, end_work),
		cmocka_unit_test_setup_teardown(kinds_have_names, new_work, end_work),
		cmocka_unit_test_setup_teardown(reset_is_a_fresh_unit, new_work, end_work),
	};

	return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
