/* verify on real rows: deposits and merges decided once, one winner, and what stays undecided. */
#include "tests/unit/check.h"

#include "crypto/digest.h"
#include "rows.h"
#include "stages/stages.h"
#include "stages/verify/verify.h"

#define FUND "{\"contribution_id\": \"" CONTRIBUTION "\"}"
#define MERGE "{\"submission_id\": \"" SUBMISSION "\"}"
#define MERGE_RIVAL "{\"submission_id\": \"" RIVAL_SUBMISSION "\"}"

static struct fund_task *funded(void)
{
	struct fund_task *t = rows_planned(&verify_fund, FUND);

	t->receipt = (struct chain_receipt){
		.seen = CHAIN_DONE, .block_number = 12, .bytes = STR("{}"), .endpoint = STR("node")
	};
	memset(t->locked.funder, 0xf1, 20);
	t->locked.amount = u256_of(1500);
	return t;
}

static void a_deposit_opens_the_bounty(void **state)
{
	struct fund_task *t;

	(void)state;
	rows_bounty();
	t = funded();
	assert_false(t->decided);
	assert_true(t->chain_id == 338 && t->n_wallets == 1 && t->bounty[15] == 0 && t->bounty[31] == 0x20 &&
		t->tx[0] == 0xc0);
	assert_true(t->keep_until == INT64_C(1893456000) * USEC_S); /* the deadline, and no hold */
	db_test_sql("update core.bounty set hold = '1 day'");
	assert_true(((struct fund_task *)rows_planned(&verify_fund, FUND))->keep_until == INT64_C(1893542400) * USEC_S);
	rows_settled_twice(&verify_fund, t);
	assert_value("select state from core.bounty", "open");
	assert_value("select state || ' ' || amount || ' ' || encode(funder, 'hex') from core.contribution",
		"confirmed 1500 f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1");
	assert_value(
		"select string_agg(a.kind || ' ' || e.amount, ',' order by line) from ledger.entry e join ledger.account a"
		" on a.id = account_id",
		"funder -1500,escrow 1500");
	assert_value("select topic || ' ' || (body ->> 'amount') from q.outbox", "bounty.opened 1500");
	assert_true(((struct fund_task *)rows_planned(&verify_fund, FUND))->decided);
}

static void a_wrong_deposit_is_refused(void **state)
{
	struct fund_task *t;

	(void)state;
	rows_bounty();
	t = rows_planned(&verify_fund, FUND);
	t->refused = "deposit.token";
	t->detail = "another token";
	rows_settled_twice(&verify_fund, t);
	assert_value("select state || ' ' || blocker from core.bounty", "draft the funder: another token");
	assert_value("select state || ' ' || reason from core.contribution", "refused deposit.token");
	assert_value("select count(*) from ledger.transfer", "0");
	assert_value("select topic || ' ' || (body ->> 'code') from q.outbox", "bounty.deposit_refused deposit.token");
}

/* Another deposit is still looked at: the refusal of one leaves the bounty where it is, the other opens it. */
static void one_of_two_deposits_is_enough(void **state)
{
	struct fund_task *refused, *right;

	(void)state;
	rows_bounty();
	db_test_sql("insert into core.contribution (id, bounty_id, funder_id, asset_id, deposit_tx) values ('" ID(
		22) "', '" BOUNTY "', '" FUNDER "', '" ASSET "', decode(repeat('c1', 32), 'hex'))");
	right = funded();
	refused = rows_planned(&verify_fund, "{\"contribution_id\": \"" ID(22) "\"}");
	refused->refused = "deposit.amount";
	refused->detail = "less";
	rows_settled_twice(&verify_fund, refused);
	assert_value("select state from core.bounty", "funding");
	rows_settled_twice(&verify_fund, right);
	assert_value("select state from core.bounty", "open");
}

/* Refused first, then a right one: the bounty is a draft again by then. */
static void a_draft_can_still_be_opened(void **state)
{
	struct fund_task *t;

	(void)state;
	rows_bounty();
	t = funded();
	db_test_sql("select core.bounty_move('" BOUNTY "', 'deposit_refused', 'test', null)");
	rows_settled_twice(&verify_fund, t);
	assert_value("select string_agg(event, ',' order by seq) from core.bounty_event",
		"deposit_seen,deposit_refused,deposit_seen,deposit_confirmed");
}

static void money_for_a_cancelled_bounty_is_booked_only(void **state)
{
	struct fund_task *t;

	(void)state;
	rows_bounty();
	t = funded();
	db_test_sql("select core.bounty_move('" BOUNTY "', 'funding_expired', 'test', null)");
	rows_settled_twice(&verify_fund, t);
	assert_value("select state from core.bounty", "cancelled");
	assert_value("select posted from ledger.balance", "1500");
	assert_value("select count(*) from q.outbox", "0");
}

/* As merge_effect leaves a task that GitHub answered well. */
static struct merge_task *judged(const char *args, void (*change)(struct facts *f))
{
	struct merge_task *t = rows_planned(&verify_merge, args);
	struct facts *f = &t->facts;

	assert_false(t->decided);
	f->issue_id = 33;
	f->pull_id = t->pull_number + 40;
	f->pull_number = t->pull_number;
	f->pull_repo_id = 10;
	f->author_uid = t->pull_number == 4 ? 7 : 9;
	f->default_branch = f->base = STR("main");
	f->issue_state = STR("closed");
	f->issue_reason = STR("completed");
	f->head_sha = f->merge_sha = STR(MERGE_SHA);
	f->closer_sha = f->merge_sha;
	f->author_type = STR("User");
	f->merged = f->reference = f->reachable = true;
	f->merged_at = 1767323045 * USEC_S;
	if (change != NULL)
		change(f);
	t->sources[0] = (struct source){ .bytes = STR("{\"a\":1}"), .url = STR("u1") };
	t->sources[1] = (struct source){ .bytes = f->base, .url = STR("u2") };
	for (int i = 0; i < 2; i++)
		sha256(t->sources[i].bytes, t->sources[i].sha256);
	t->n_sources = 2;
	evidence_sort(t->sources, &t->n_sources, t->root);
	verdict_of(&t->facts, &policy_v1, &t->verdict);
	return t;
}

static void unreachable(struct facts *f)
{
	f->reachable = false;
}
static void other_base(struct facts *f)
{
	f->base = STR("next");
}

static void a_merge_wins(void **state)
{
	struct merge_task *t;

	(void)state;
	rows_open();
	rows_pulls();
	t = judged(MERGE, NULL);
	assert_true(t->facts.reference_seen && t->facts.claimant_uid == 7 && t->facts.rival_first == 0);
	assert_value("select state from core.submission where id = '" SUBMISSION "'", "verifying");
	rows_settled_twice(&verify_merge, t);
	assert_value(
		"select state || ' ' || evidence_level from core.submission where id = '" SUBMISSION "'", "verified 5");
	assert_value("select state from core.bounty", "verified");
	assert_value(
		"select result || ' ' || cardinality(evidence) || ' ' || jsonb_array_length(checks) from proof.verdict",
		"pass 2 8");
	assert_value("select convert_from(body, 'utf8')::jsonb ->> 'result' from proof.verdict", "pass");
	assert_value("select key from q.job where kind = 'prove.proof'", "proof:" SUBMISSION);
	assert_value("select topic from q.outbox", "submission.verified");
	assert_true(((struct merge_task *)rows_planned(&verify_merge, MERGE))->decided);
}

static void a_failed_check_rejects(void **state)
{
	(void)state;
	rows_open();
	rows_pulls();
	rows_settled_twice(&verify_merge, judged(MERGE, unreachable));
	assert_value("select state || ' ' || reason from core.submission where id = '" SUBMISSION "'",
		"rejected verify.unreachable");
	assert_value("select state from core.bounty", "open");
	assert_value("select result from proof.verdict", "fail");
	assert_value(
		"select topic || ' ' || (body ->> 'code') from q.outbox", "submission.rejected verify.unreachable");
	assert_value("select count(*) from q.job where kind = 'prove.proof'", "0");
}

/* A person looks, lets it go on, and the same submission is judged again. */
static void a_review_freezes(void **state)
{
	struct merge_task *t;
	void *rival = NULL;

	(void)state;
	rows_open();
	rows_pulls();
	rows_settled_twice(&verify_merge, judged(MERGE, other_base));
	assert_value(
		"select state || ' ' || reason from core.submission where id = '" SUBMISSION "'", "review verify.base");
	assert_value("select state || ' ' || (blocker like 'a maintainer: %') from core.bounty", "frozen true");
	assert_value("select topic from q.outbox", "submission.review");
	assert_true(((struct merge_task *)rows_planned(&verify_merge, MERGE))->decided);
	assert_false(rows_plan(&rows_work, rows_conn, &verify_merge, MERGE_RIVAL, &rival));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "verify.bounty_frozen");
	db_test_sql("select core.bounty_move('" BOUNTY "', 'resumed', 'test', null)");
	t = judged(MERGE, NULL);
	rows_settled_twice(&verify_merge, t);
	assert_value("select state from core.bounty", "verified");
	assert_value("select string_agg(result, ',' order by created_at) from proof.verdict", "review,pass");
}

static void one_winner(void **state)
{
	struct merge_task *first, *second;

	(void)state;
	rows_open();
	rows_pulls();
	second = judged(MERGE_RIVAL, NULL);
	assert_int_equal(second->facts.rival_first, 4); /* ours was merged a minute earlier and is not decided */
	assert_int_equal(second->verdict.result, CHECK_WAIT);
	first = judged(MERGE, NULL);
	assert_int_equal(first->facts.rival_first, 0);
	rows_settled(&verify_merge, first);
	second = judged(MERGE_RIVAL, NULL);
	assert_int_equal(second->facts.rival_won, 4);
	rows_settled_twice(&verify_merge, second);
	assert_value("select state || ' ' || reason from core.submission where id = '" RIVAL_SUBMISSION "'",
		"lost verify.not_first");
	assert_value("select count(*) from core.submission where state = 'verified'", "1");
}

/* Both were asked at the same time, and both pass: the one that settles second finds the bounty gone and asks again. */
static void the_second_to_settle_asks_again(void **state)
{
	struct merge_task *first, *second;

	(void)state;
	rows_open();
	rows_pulls();
	first = judged(MERGE, NULL);
	second = judged(MERGE_RIVAL, NULL);
	second->facts.rival_first = 0;
	verdict_of(&second->facts, &policy_v1, &second->verdict);
	rows_settled(&verify_merge, first);
	assert_false(rows_settle(&rows_work, rows_conn, &verify_merge, second));
	assert_err(&rows_work, ERR_RETRY, "verify.bounty_moved");
	assert_value("select state from core.submission where id = '" RIVAL_SUBMISSION "'", "verifying");
	assert_value("select count(*) from proof.verdict", "1");
}

static void the_schema_allows_one_winner(void **state)
{
	struct tx tx = tx_auto(rows_conn);

	(void)state;
	rows_open();
	rows_pulls();
	rows_settled(&verify_merge, judged(MERGE, NULL));
	PGresult *res =
		PQexec(conn_pg(tx.conn), "update core.submission set state = 'paid' where id = '" RIVAL_SUBMISSION "'");
	assert_string_equal(PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME), "submission.winner");
	PQclear(res);
	res = PQexec(conn_pg(tx.conn), "update core.bounty set state = 'paid'");
	assert_string_equal(PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY), "bounty.transition");
	PQclear(res);
	res = PQexec(conn_pg(tx.conn), "select core.bounty_move('" BOUNTY "', 'payout_sent', 'test', null)");
	assert_string_equal(PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY), "bounty.transition");
	PQclear(res);
}

static void waits_for_what_is_missing(void **state)
{
	void *task = NULL;
	struct merge_task *t;

	(void)state;
	rows_bounty();
	rows_pulls();
	assert_false(rows_plan(&rows_work, rows_conn, &verify_merge, MERGE, &task));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "verify.bounty_unfunded");
	db_test_sql("select core.bounty_move('" BOUNTY "', 'deposit_confirmed', 'test', null);"
		    "update core.external_account set revoked_at = now() where provider_uid = 7");
	t = rows_planned(&verify_merge, MERGE);
	assert_int_equal(t->facts.claimant_uid, 0);
	assert_false(verify_merge.effect(&rows_work, &(struct outside){ 0 }, t));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "verify.author_unlinked");
	assert_value(
		"select state || ' ' || reason || ' ' || (claimant_id is null) from core.submission where id = '" SUBMISSION
		"'",
		"verifying verify.author_unlinked true");
	db_test_sql("select core.bounty_move('" BOUNTY "', 'cancelled', 'test', null)");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &verify_merge, MERGE, &task));
	assert_err(&rows_work, ERR_INVALID, "verify.bounty_closed");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &verify_merge, "{\"submission_id\": \"" ID(99) "\"}", &task));
	assert_err(&rows_work, ERR_INVALID, "verify.submission_unknown");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &verify_fund, "{\"contribution_id\": \"" ID(99) "\"}", &task));
	assert_err(&rows_work, ERR_INVALID, "verify.contribution_unknown");
}

/* An author who never links an account does not block a rival for ever. */
static void an_unlinked_rival_waits_a_week(void **state)
{
	(void)state;
	rows_open();
	rows_pulls();
	db_test_sql("update core.submission set claimant_id = null where id = '" SUBMISSION "'");
	assert_int_equal(judged(MERGE_RIVAL, NULL)->facts.rival_first, 0);
	db_test_sql("update core.pull set merged_at = now() - interval '6 days' where number = 4;"
		    "update core.pull set merged_at = now() - interval '5 days' where number = 5");
	assert_int_equal(judged(MERGE_RIVAL, NULL)->facts.rival_first, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_deposit_opens_the_bounty, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_wrong_deposit_is_refused, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(one_of_two_deposits_is_enough, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_draft_can_still_be_opened, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(money_for_a_cancelled_bounty_is_booked_only, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_merge_wins, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_failed_check_rejects, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_review_freezes, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(one_winner, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(the_second_to_settle_asks_again, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(the_schema_allows_one_winner, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(waits_for_what_is_missing, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(an_unlinked_rival_waits_a_week, rows_start, rows_stop),
	};

	return cmocka_run_group_tests_name("stages_verify", tests, rows_begin, rows_end);
}
