/* verify on real rows: deposits and merges decided once, one winner, and what stays undecided. */
#include "tests/unit/check.h"

#include "crypto/digest.h"
#include "rows_verify.h"

#define FUND "{\"contribution_id\": \"" CONTRIBUTION "\"}"
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
	assert_true(t->keep_until == INT64_C(1893801600) * USEC_S); /* the deadline, no hold, four days */
	db_test_sql("update core.bounty set hold = '1 day'");
	assert_true(((struct fund_task *)rows_planned(&verify_fund, FUND))->keep_until == INT64_C(1893888000) * USEC_S);
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

/* The deposit was named while a `/bounty` was being edited: it waited for the edit, and had read the draft before. */
static void a_deposit_of_what_the_bounty_was_is_not_one_of_what_it_is(void **state)
{
	(void)state;
	rows_bounty();
	assert_false(((struct fund_task *)rows_planned(&verify_fund, FUND))->other_asset);
	db_test_sql(
		"with a as (insert into core.asset (caip19, chain_id, token, symbol, decimals) select 'x', chain_id,"
		" decode(repeat('bd', 20), 'hex'), 'BAD', 18 from core.asset returning id)"
		" update core.bounty set asset_id = a.id from a");
	assert_true(((struct fund_task *)rows_planned(&verify_fund, FUND))->other_asset);
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

static int64_t audited_before(void)
{
	return atoll(db_test_value("select coalesce(max(id), 0) from audit.log"));
}

static void assert_deposits_audited_since(int64_t before, const char *what)
{
	assert_value(arena_printf(rows_work.arena,
			     "select string_agg(action || ' ' || right(object_id, 2), ',' order by id) from audit.log"
			     " where object_type = 'contribution' and id > %lld%c",
			     (long long)before, '\0')
			     .p,
		what);
}

/* Another deposit is still looked at: the refusal of one leaves the bounty where it is, the other opens it. */
static void one_of_two_deposits_is_enough(void **state)
{
	struct fund_task *refused, *right;
	int64_t before;

	(void)state;
	rows_bounty();
	before = audited_before();
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
	assert_deposits_audited_since(before, "deposit.seen 22,deposit.refused 22,deposit.confirmed 21");
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
	int64_t before;

	(void)state;
	rows_bounty();
	before = audited_before();
	t = funded();
	db_test_sql("select core.bounty_move('" BOUNTY "', 'funding_expired', 'test', null)");
	rows_settled_twice(&verify_fund, t);
	assert_deposits_audited_since(before, "deposit.confirmed 21");
	assert_value("select state from core.bounty", "cancelled");
	assert_value("select posted from ledger.balance", "1500");
	assert_value("select count(*) from q.outbox", "0");
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
		"pass 2 17");
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
	assert_true(merge_judge(&rows_work, second, &policy_merge));
	rows_settled(&verify_merge, first);
	assert_false(rows_settle(&rows_work, rows_conn, &verify_merge, second));
	assert_err(&rows_work, ERR_RETRY, "verify.bounty_moved");
	assert_value("select state from core.submission where id = '" RIVAL_SUBMISSION "'", "verifying");
	assert_value("select count(*) from proof.verdict", "1");
}

/* A version that counts from then on; text NULL: the file is gone. */
static void policy_from(const char *since, const char *commit, const char *text)
{
	db_test_sql(arena_cstr(rows_work.arena,
		arena_printf(rows_work.arena,
			"with v as (insert into core.policy_version (project_id, commit_sha, sha256, text, url, code) values ('" PROJECT
			"', '%s', sha256(coalesce(%s::bytea, '')), %s, 'u', %s) returning id)"
			" insert into core.policy_reading (project_id, version_id, since) select '" PROJECT
			"', id, '%s' from v",
			commit, text == NULL ? "null::bytea" : text, text == NULL ? "null" : text,
			text != NULL && text[1] == '?' ? "'policy.malformed'" : "null", since)));
}
#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SHA_C "cccccccccccccccccccccccccccccccccccccccc"

static const char *policy_now(void)
{
	struct merge_task *t = rows_planned(&verify_merge, MERGE);

	return t->policy_file.p == NULL ? "none" : arena_cstr(rows_work.arena, t->policy_file);
}

/* The pull request was merged at 03:04:05. */
static void P10_the_last_valid_policy_before_the_merge_counts(void **state)
{
	(void)state;
	rows_open();
	rows_pulls();
	assert_string_equal(policy_now(), "none");
	policy_from("2026-01-02 03:04:05Z", SHA_A, "'{\"at\": \"the merge\"}'");
	assert_string_equal(policy_now(), "none");
	policy_from("2026-01-02 03:04:00Z", MERGE_SHA, "'{\"by\": \"the merge\"}'");
	assert_string_equal(policy_now(), "none");
	policy_from("2026-01-01 00:00:00Z", SHA_B, "'{\"version\": 1}'");
	assert_string_equal(policy_now(), "{\"version\": 1}");
	policy_from("2026-01-01 00:00:01Z", SHA_C, "'?'");
	assert_string_equal(policy_now(), "{\"version\": 1}");
	policy_from("2026-01-01 00:00:02Z", SHA_C, NULL);
	assert_string_equal(policy_now(), "none");
}

/* What a newer program took for a policy, this one leaves to it, before it asks GitHub for anything. */
static void O12_P10_a_policy_of_a_newer_program_waits_for_that_program(void **state)
{
	void *task = NULL;

	(void)state;
	rows_open();
	rows_pulls();
	policy_from("2026-01-01 00:00:00Z", SHA_A, "'{\"version\": 2, \"quorum\": 3}'");
	rows_work.attempt = 40;
	assert_false(rows_plan(&rows_work, rows_conn, &verify_merge, MERGE, &task));
	assert_true(rows_work.err.snooze && rows_work.err.retry_after == 60 * USEC_S);
	assert_err(&rows_work, ERR_RETRY, "policy.version");
	task = NULL;
	policy_from("2026-01-01 00:00:01Z", SHA_B, "'{\"version\": 1, \"quorum\": 3}'");
	assert_false(rows_plan(&rows_work, rows_conn, &verify_merge, MERGE, &task));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "policy.unknown_key");
	policy_from("2026-01-01 00:00:02Z", SHA_C, "'{\"version\": 1}'");
	assert_true(judged(MERGE, NULL)->policy_file.p != NULL);
}

/* One file at one commit, as programs of two releases read it. */
static void read_as(const char *rules, const char *code)
{
	db_test_sql(arena_cstr(rows_work.arena,
		arena_printf(rows_work.arena,
			"select core.policy_found('" PROJECT "', '" SHA_A
			"', '{\"version\": 2}', 'u', %s, %s, null, now(), null, null, null)",
			rules, code)));
}
#define IN_FORCE "select coalesce((core.policy_at('" PROJECT "', now() + interval '1 hour')).rules::text, 'none')"
#define READINGS                                                                                                                \
	"select string_agg(coalesce(v.code, 'valid'), ',' order by r.id) from core.policy_reading r join core.policy_version v" \
	" on v.id = r.version_id"

static void O12_P10_what_an_older_program_refused_counts_when_a_newer_one_reads_it(void **state)
{
	(void)state;
	rows_open();
	read_as("null", "'policy.version'");
	assert_value(IN_FORCE, "none");
	read_as("'{\"version\": 2}'", "null");
	assert_value(IN_FORCE, "{\"version\": 2}");
	read_as("null", "'policy.version'"); /* both are there */
	assert_value(IN_FORCE, "{\"version\": 2}");
	read_as("'{\"version\": 2}'", "null");
	read_as("'{\"version\": 2}'", "null");
	assert_value(READINGS, "policy.version,valid,policy.version,valid");
	assert_value("select count(*) from core.policy_version", "2");
}

/* A verdict that does not name the policy which was in force is none: whoever made it asks again. */
static void P10_a_verdict_names_the_policy(void **state)
{
	struct merge_task *without, *with;

	(void)state;
	rows_open();
	rows_pulls();
	without = judged(MERGE, NULL);
	policy_from("2026-01-01 00:00:00Z", SHA_A, "'{\"version\": 1, \"require\": [\"checks\"]}'");
	assert_false(rows_settle(&rows_work, rows_conn, &verify_merge, without));
	assert_err(&rows_work, ERR_RETRY, "db.conflict");
	with = judged(MERGE, NULL);
	assert_true(with->policy_file.p != NULL);
	with->sources[with->n_sources] =
		(struct source){ .role = STR("policy"), .bytes = with->policy_file, .url = with->policy_url };
	sha256(with->policy_file, with->sources[with->n_sources++].sha256);
	with->facts.ci = CI_RED;
	assert_true(merge_judge(&rows_work, with, &policy_merge));
	rows_settled_twice(&verify_merge, with);
	assert_value("select state || ' ' || reason from core.submission where id = '" SUBMISSION "'",
		"review verify.ci_red");
	assert_value(
		"select (convert_from(body, 'utf8')::json -> 'policy' ->> 'project') = (select encode(sha256, 'hex') from"
		" core.policy_version) from proof.verdict",
		"t");
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

/* A person accepts what was in doubt: it wins as if it had passed, and who decided is in the audit log. */
static void a_person_accepts(void **state)
{
	(void)state;
	rows_open();
	rows_pulls();
	assert_value(RESOLVE("true"), "verify.not_in_review");
	rows_settled(&verify_merge, judged(MERGE, other_base));
	assert_value(RESOLVE("true"), "done");
	assert_value(RESOLVE("true"), "verify.not_in_review");
	assert_value("select state || ' ' || (reason is null) from core.submission where id = '" SUBMISSION "'",
		"verified true");
	assert_value("select state from core.bounty", "verified");
	assert_value("select count(*) from q.job where kind = 'prove.proof'", "1");
	assert_value(
		"select decision || ' ' || code || ' ' || reason || ' ' || (verdict_id is not null) from core.resolution",
		"accept verify.base looked at it true");
	assert_value(
		"select actor_kind || ' ' || actor_id || ' ' || reason from audit.log where action = 'submission.resolved'",
		"cli root looked at it");
	assert_value("select body ->> 'decision' from q.outbox where topic = 'submission.resolved'", "accept");
	assert_value("select coalesce(core.submission_resolve('" ID(99) "', true, 'cli:root', 'x'), 'done')",
		"verify.submission_unknown");
}

static void a_person_rejects(void **state)
{
	(void)state;
	rows_open();
	rows_pulls();
	rows_settled(&verify_merge, judged(MERGE, other_base));
	assert_value(RESOLVE("false"), "done");
	assert_value("select state || ' ' || reason from core.submission where id = '" SUBMISSION "'",
		"rejected verify.refused");
	assert_value("select state from core.bounty", "open");
	rows_settled(&verify_merge, judged(MERGE_RIVAL, NULL)); /* another one can win it now */
	assert_value("select state from core.submission where id = '" RIVAL_SUBMISSION "'", "verified");
}

/* Pushed before the merge, read after the verdict: a person decides. */
static void P10_a_policy_read_too_late_stops_the_payout(void **state)
{
	struct recheck_task *t;

	(void)state;
	in_hold();
	policy_from("2026-01-01 00:00:00Z", SHA_A, "'{\"version\": 1}'");
	t = looked_at(NULL);
	assert_true(t->late);
	t->merge.sources[t->merge.n_sources] =
		(struct source){ .role = STR("policy"), .bytes = t->merge.policy_file, .url = t->merge.policy_url };
	sha256(t->merge.policy_file, t->merge.sources[t->merge.n_sources++].sha256);
	assert_true(merge_judge(&rows_work, &t->merge, &policy_hold));
	rows_settled_twice(&verify_recheck, t);
	assert_value("select state from core.bounty", "frozen");
	assert_value("select count(*) from q.job where kind = 'pay.quote'", "0");
	assert_value("select body ->> 'code' from q.outbox where topic = 'payout.stopped'", "verify.policy_late");
}

static void O12_P10_at_the_end_of_the_hold_too(void **state)
{
	void *task = NULL;

	(void)state;
	in_hold();
	policy_from("2026-01-01 00:00:00Z", SHA_A, "'{\"version\": 2}'");
	assert_false(rows_plan(&rows_work, rows_conn, &verify_recheck, RECHECK, &task));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "policy.version");
	assert_value("select state || ' ' || (rechecked_at is null) from ledger.payout", "hold true");
}

/* Accepted by a person on no evidence, it has won all the same. */
static void V16_a_winner_on_no_evidence_has_won(void **state)
{
	(void)state;
	rows_open();
	rows_pulls();
	rows_settled(&verify_merge, judged(MERGE, other_base));
	assert_value(RESOLVE("true"), "done");
	db_test_sql("update core.submission set evidence_level = 0 where id = '" SUBMISSION "'");
	assert_int_equal(judged(MERGE_RIVAL, NULL)->facts.rival_won, 4);
}

static void V3_a_project_lists_its_branches(void **state)
{
	struct merge_task *t;

	(void)state;
	rows_open();
	rows_pulls();
	assert_int_equal(judged(MERGE, NULL)->facts.n_branches, 0);
	assert_value("select core.project_branches('" PROJECT "', '{next,stable}', 'cli:root', 'releases')", "t");
	assert_value("select core.project_branches('" ID(99) "', '{}', 'cli:root', 'x')", "f");
	t = judged(MERGE, other_base);
	assert_int_equal(t->facts.n_branches, 2);
	assert_str(t->facts.branches[0], "next");
	assert_int_equal(t->verdict.result, CHECK_PASS);
	assert_value("select actor_id || ' ' || reason || ' ' || (detail::jsonb ->> 'branches') from audit.log"
		     " where action = 'project.branches' order by id desc limit 1",
		"root releases [\"next\", \"stable\"]");
}

/* Who shares a wallet or an account with the claimant, now or ever, is seen; so is money that went the other way. */
static void V10_kin_is_seen(void **state)
{
	struct merge_task *t;

	(void)state;
	rows_open();
	rows_pulls();
	t = judged(MERGE, NULL);
	assert_true(
		!t->facts.funder_is_claimant && !t->facts.reciprocal && t->facts.n_kin == 1 && t->facts.kin[0] == 7);
	assert_int_equal(t->facts.n_rivals, 1);
	db_test_sql("insert into core.wallet (person_id, chain_id, caip10, address, unlinked_at) values ('" BOB
		    "', 338, 'x', decode(repeat('a1', 20), 'hex'), now())");
	t = judged(MERGE, NULL);
	assert_true(t->facts.n_kin == 2 && t->facts.kin[1] == 9);
	db_test_sql("update core.contribution set funder = decode(repeat('b1', 20), 'hex')"); /* Bob's wallet */
	assert_true(judged(MERGE, NULL)->facts.funder_is_claimant);
	assert_int_equal(judged(MERGE, NULL)->verdict.result, CHECK_REVIEW);
	db_test_sql("update core.contribution set funder_id = '" ALICE "'");
	assert_true(judged(MERGE, NULL)->facts.funder_is_claimant);
}

/* The funder's bounty has paid Alice, and hers is to pay the funder: money that goes to and fro. */
static void V10_payments_to_and_fro_are_seen(void **state)
{
	(void)state;
	in_hold(); /* Alice earns what the funder gave */
	db_test_sql(
		"update ledger.payout set state = 'paid', tx_hash = decode(repeat('77', 32), 'hex'), paid_at = now() - interval '89 days';"
		"insert into core.issue (id, project_id, provider_issue_id, number, state) values ('" ID(
			61) "', '" PROJECT "', 61, 61, 'open');"
			    "insert into core.bounty (id, project_id, issue_id, asset_id, amount, hold, deadline_at, created_by) values"
			    " ('" ID(62) "', '" PROJECT "', '" ID(
				    61) "', '" ASSET "', 1000, '0', '2030-01-01', '" ALICE "');"
					"insert into core.contribution (id, bounty_id, funder_id, asset_id, deposit_tx, state, funder, amount, log_index,"
					" block_hash) values ('" ID(63) "', '" ID(
						62) "', '" ALICE "', '" ASSET "', decode(repeat('c3', 32), 'hex'),"
						    " 'confirmed', decode(repeat('a1', 20), 'hex'), 1000, 0, decode(repeat('bb', 32), 'hex'));"
						    "select core.bounty_move('" ID(
							    62) "', 'deposit_seen', 'test', null);"
								"select core.bounty_move('" ID(
									62) "', 'deposit_confirmed', 'test', null);"
									    "insert into core.external_account (person_id, provider, provider_uid, login_display, method) values ('" FUNDER
									    "', 'github', 5, 'frank', 'operator');"
									    "insert into core.pull (id, project_id, provider_pull_id, number, author_uid, author_login, author_type, state,"
									    " base_ref, head_sha, merge_sha, merged_at, merged_by_uid, source_updated_at) values ('" ID(
										    64) "', '" PROJECT
											"', 64, 64, 5, 'frank', 'User', 'merged', 'main', 'cc', repeat('e', 40), now(), 8, now());"
											"insert into core.submission (id, bounty_id, pull_id, evidence_level) values ('" ID(
												65) "', '" ID(62) "', '" ID(64) "', 5)");
	assert_true(judged("{\"submission_id\": \"" ID(65) "\"}", NULL)->facts.reciprocal);
	db_test_sql("update ledger.payout set paid_at = now() - interval '91 days'");
	assert_false(judged("{\"submission_id\": \"" ID(65) "\"}", NULL)->facts.reciprocal);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_deposit_opens_the_bounty, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_wrong_deposit_is_refused, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(
			a_deposit_of_what_the_bounty_was_is_not_one_of_what_it_is, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(one_of_two_deposits_is_enough, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_draft_can_still_be_opened, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(money_for_a_cancelled_bounty_is_booked_only, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_merge_wins, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_failed_check_rejects, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_review_freezes, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(one_winner, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(the_second_to_settle_asks_again, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(
			P10_the_last_valid_policy_before_the_merge_counts, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(
			O12_P10_a_policy_of_a_newer_program_waits_for_that_program, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(
			O12_P10_what_an_older_program_refused_counts_when_a_newer_one_reads_it, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(P10_a_verdict_names_the_policy, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(P10_a_policy_read_too_late_stops_the_payout, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(the_schema_allows_one_winner, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(waits_for_what_is_missing, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_person_accepts, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_person_rejects, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(O12_P10_at_the_end_of_the_hold_too, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V16_a_winner_on_no_evidence_has_won, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V3_a_project_lists_its_branches, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V10_kin_is_seen, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V10_payments_to_and_fro_are_seen, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(an_unlinked_rival_waits_a_week, rows_start, rows_stop),
	};

	return cmocka_run_group_tests_name("stages_verify", tests, rows_begin, rows_end);
}
