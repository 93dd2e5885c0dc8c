/* verify on real rows: the look at the end of the hold, and the deadline. */
#include "tests/unit/check.h"

#include "rows_verify.h"

static void S10_what_stands_is_paid(void **state)
{
	(void)state;
	in_hold();
	rows_settled_twice(&verify_recheck, looked_at(NULL));
	assert_value("select state || ' ' || (rechecked_at is not null) from ledger.payout", "hold true");
	assert_value("select count(*) from q.job where kind = 'pay.quote'", "1");
	assert_value("select kind || ' ' || result from proof.verdict where kind = 'hold'", "hold pass");
	assert_true(((struct recheck_task *)rows_planned(&verify_recheck, RECHECK))->merge.decided);
}

/* Asked for once more at the end of the hold. */
static void looks_again(struct recheck_task *t)
{
	assert_false(rows_settle(&rows_work, rows_conn, &verify_recheck, t));
	assert_true(rows_work.err.snooze);
	assert_true(rows_work.err.retry_after > 23 * 3600 * USEC_S);
	assert_err(&rows_work, ERR_RETRY, "pay.not_due");
	assert_value("select rechecked_at is null from ledger.payout", "t");
	assert_value("select count(*) from q.job where kind = 'pay.quote'", "0");
}

/* Before its time a look can stop, and cannot pay; the clock may also go back between two of its transactions. */
static void S10_F28_a_look_before_the_end_looks_again_at_it(void **state)
{
	struct recheck_task *t;

	(void)state;
	in_hold();
	t = looked_at(NULL);
	assert_int_equal(t->wait, 0);
	db_test_sql("update ledger.payout set due_at = now() + interval '1 day'");
	looks_again(t);
	looks_again(looked_at(NULL));
	assert_value("select count(*) from q.job where kind = 'pay.quote'", "0");
	rows_settled_twice(&verify_recheck, looked_at(reverted));
	assert_value("select state from core.bounty", "frozen");
}

static void S10_a_revert_stops_the_payout(void **state)
{
	(void)state;
	in_hold();
	rows_settled_twice(&verify_recheck, looked_at(reverted));
	assert_value("select state || ' ' || blocker from ledger.payout",
		"hold a maintainer: a later commit takes the work back");
	assert_value("select state from core.bounty", "frozen");
	assert_value("select reason from core.submission where id = '" SUBMISSION "'", "verify.reverted");
	assert_value("select body ->> 'code' from q.outbox where topic = 'payout.stopped'", "verify.reverted");
	assert_value("select count(*) from q.job where kind = 'pay.quote'", "0");
	assert_value(RESOLVE("true"), "done");
	assert_value("select state from core.bounty", "hold");
	assert_value("select (rechecked_at is not null) || ' ' || (blocker is null) from ledger.payout", "true true");
	assert_value("select count(*) from q.job where kind = 'pay.quote'", "1");
}

static void S10_a_rejected_payout_gives_its_money_back(void **state)
{
	(void)state;
	in_hold();
	rows_settled(&verify_recheck, looked_at(reverted));
	assert_value(RESOLVE("false"), "done");
	assert_value("select state from ledger.payout", "cancelled");
	assert_value("select state from core.bounty", "open");
	assert_value(
		"select string_agg(a.kind || ' ' || b.posted, ',' order by a.kind) from ledger.balance b join ledger.account a"
		" on a.id = b.account_id where b.posted <> 0",
		"escrow 1000");
	assert_true(((struct recheck_task *)rows_planned(&verify_recheck, RECHECK))->merge.decided);
}

#define DEADLINE "{\"bounty_id\": \"" BOUNTY "\"}"

static void V17_the_deadline_ends_a_bounty(void **state)
{
	void *task = NULL;

	(void)state;
	rows_open();
	assert_value("select count(*) from q.job where key = 'deadline:" BOUNTY "'", "1");
	assert_false(rows_plan(&rows_work, rows_conn, &verify_deadline, DEADLINE, &task));
	assert_err(&rows_work, ERR_RETRY, "verify.not_due");
	rows_pulls();
	db_test_sql("update core.bounty set deadline_at = now() - interval '1 day';"
		    "update core.submission set created_at = now() - interval '2 days';"
		    "update core.pull set state = 'open', merge_sha = null, merged_at = null");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &verify_deadline, DEADLINE, &task));
	assert_err(&rows_work, ERR_RETRY, "verify.in_grace");
	db_test_sql("update core.bounty set grace = '1 hour'");
	task = rows_planned(&verify_deadline, DEADLINE);
	db_test_sql(
		"update core.bounty set deadline_at = deadline_at + interval '2 days'"); /* F28: the clock goes back */
	assert_false(rows_settle(&rows_work, rows_conn, &verify_deadline, task));
	assert_err(&rows_work, ERR_RETRY, "verify.not_due");
	assert_value("select state from core.bounty", "open");
	db_test_sql("update core.bounty set deadline_at = deadline_at - interval '2 days'");
	rows_settled_twice(&verify_deadline, rows_planned(&verify_deadline, DEADLINE));
	assert_value(
		"select state || ' ' || (blocker like 'the clock: the escrow gives the money back %') from core.bounty",
		"refunding true");
	assert_value("select string_agg(state || ' ' || reason, ',') from core.submission",
		"rejected bounty.expired,rejected bounty.expired");
	assert_value("select body ->> 'state' from q.outbox where topic = 'bounty.expired'", "refunding");
	assert_true(((struct deadline_task *)rows_planned(&verify_deadline, DEADLINE))->decided);
}

static void V17_a_bounty_without_its_money_is_cancelled(void **state)
{
	(void)state;
	rows_bounty();
	db_test_sql("update core.bounty set deadline_at = now()");
	rows_settled_twice(&verify_deadline, rows_planned(&verify_deadline, DEADLINE));
	assert_value(
		"select b.state || ' ' || e.event from core.bounty b, core.bounty_event e order by e.seq desc limit 1",
		"cancelled funding_expired");
	assert_value("select body ->> 'state' from q.outbox where topic = 'bounty.expired'", "cancelled");
}

static void V17_a_merge_in_review_outlives_the_deadline(void **state)
{
	void *task = NULL;

	(void)state;
	rows_open();
	rows_pulls();
	db_test_sql("update core.bounty set deadline_at = '2026-01-03Z'");
	assert_false(rows_plan(&rows_work, rows_conn, &verify_deadline, DEADLINE, &task));
	assert_err(&rows_work, ERR_RETRY, "verify.in_review");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &verify_deadline, "{\"bounty_id\": \"" ID(99) "\"}", &task));
	assert_err(&rows_work, ERR_INVALID, "verify.bounty_unknown");
}

/* Nobody has to link an account, and no bounty waits for it for ever. */
static void V17_an_unlinked_author_has_30_days(void **state)
{
	void *task = NULL;

	(void)state;
	rows_open();
	rows_pulls();
	db_test_sql("update core.bounty set deadline_at = now() - interval '20 days';"
		    "delete from core.submission where id = '" RIVAL_SUBMISSION
		    "'; update core.submission set claimant_id = null;"
		    "update core.pull set merged_at = now() - interval '29 days'");
	assert_false(rows_plan(&rows_work, rows_conn, &verify_deadline, DEADLINE, &task));
	assert_err(&rows_work, ERR_RETRY, "verify.in_review");
	db_test_sql("update core.pull set merged_at = now() - interval '31 days'");
	rows_settled_twice(&verify_deadline, rows_planned(&verify_deadline, DEADLINE));
	assert_value("select state from core.bounty", "refunding");
	assert_value("select state || ' ' || reason from core.submission", "rejected bounty.expired");
}

/* Frozen for 30 days, and the deadline is over: nobody said that it should be paid, so it goes back. */
static void V17_nobody_decides_for_30_days(void **state)
{
	void *task = NULL;

	(void)state;
	in_hold();
	rows_settled(&verify_recheck, looked_at(reverted));
	db_test_sql(
		"update core.bounty set deadline_at = now() - interval '1 day', state_since = now() - interval '29 days'");
	assert_false(rows_plan(&rows_work, rows_conn, &verify_deadline, DEADLINE, &task));
	assert_err(&rows_work, ERR_RETRY, "verify.in_review");
	db_test_sql("update core.bounty set state_since = now() - interval '31 days'");
	rows_settled(&verify_deadline, rows_planned(&verify_deadline, DEADLINE));
	assert_value(
		"select state || ' ' || (blocker like 'the clock: the escrow gives the money back %') from core.bounty",
		"refunding true");
	assert_value("select state from ledger.payout", "cancelled");
	assert_value("select decision || ' ' || actor || ' ' || reason from core.resolution",
		"reject stage:verify nobody has decided for 30 days");
	assert_value(
		"select actor_kind || ' ' || actor_id from audit.log where action = 'submission.resolved' order by id desc limit 1",
		"stage verify");
	assert_value(
		"select string_agg(a.kind || ' ' || b.posted, ',' order by a.kind) from ledger.balance b join ledger.account a"
		" on a.id = b.account_id where b.posted <> 0 and a.kind in ('escrow', 'payable')",
		"escrow 1000");
	assert_true(((struct deadline_task *)rows_planned(&verify_deadline, DEADLINE))->decided);
}

/* Frozen without anything to decide about: its issue went to a repository that nobody has registered. */
static void V17_what_is_frozen_without_a_merge_goes_back(void **state)
{
	(void)state;
	rows_open();
	db_test_sql(
		"insert into core.bounty_state_rule values ('open', 'test', 'frozen');"
		"select core.bounty_move('" BOUNTY "', 'test', 'test', null);"
		"delete from core.bounty_state_rule where event = 'test';"
		"update core.bounty set deadline_at = now() - interval '1 day', state_since = now() - interval '31 days'");
	rows_settled_twice(&verify_deadline, rows_planned(&verify_deadline, DEADLINE));
	assert_value("select state from core.bounty", "refunding");
}

/* Somebody decides between plan and settle: the clock gives way. */
static void V17_a_late_decision_counts(void **state)
{
	struct deadline_task *t;

	(void)state;
	rows_open();
	rows_pulls();
	rows_settled(&verify_merge, judged(MERGE, other_base));
	db_test_sql(
		"update core.bounty set deadline_at = now() - interval '1 day', state_since = now() - interval '31 days'");
	t = rows_planned(&verify_deadline, DEADLINE);
	assert_value(RESOLVE("true"), "done");
	assert_false(rows_settle(&rows_work, rows_conn, &verify_deadline, t));
	assert_err(&rows_work, ERR_RETRY, "verify.bounty_moved");
	assert_value("select state from core.bounty", "verified");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(S10_what_stands_is_paid, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(S10_F28_a_look_before_the_end_looks_again_at_it, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(S10_a_revert_stops_the_payout, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(S10_a_rejected_payout_gives_its_money_back, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V17_the_deadline_ends_a_bounty, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V17_a_bounty_without_its_money_is_cancelled, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V17_a_merge_in_review_outlives_the_deadline, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V17_an_unlinked_author_has_30_days, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V17_nobody_decides_for_30_days, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V17_what_is_frozen_without_a_merge_goes_back, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V17_a_late_decision_counts, rows_start, rows_stop),
	};

	return cmocka_run_group_tests_name("stages_deadline", tests, rows_begin, rows_end);
}
