/* F41, S3: /award on real rows: whose word counts and about what, once; what verify makes of it, and who may agree. */
#include "tests/unit/check.h"

#include "crypto/digest.h"
#include "rows.h"
#include "stages/stages.h"
#include "stages/sync/sync.h"
#include "stages/verify/document.h"
#include "stages/verify/verify.h"

#define MIA 8 /* may write, has linked no account */
#define AWARDED "(select id from core.submission where pull_id = '" PULL "')"

/* Read, and GitHub has told what the author of the comment may do. */
static struct command_task *said_by(int64_t comment, int64_t uid, const char *permission, int number, const char *text)
{
	struct command_task *t;
	str args;

	db_test_sql(arena_cstr(rows_work.arena,
		arena_printf(rows_work.arena,
			"insert into ingest.delivery (guid, event, secret_no, body, body_sha256) select gen_random_uuid(), 'issue_comment', 0, b,"
			" sha256(b) from (select convert_to(jsonb_build_object('action', 'created', 'repository',"
			" jsonb_build_object('id', 10, 'full_name', 'octo/hello'), 'issue', jsonb_build_object('number', %d), 'comment',"
			" jsonb_build_object('id', %lld, 'body', '%s', 'user', jsonb_build_object('id', %lld, 'login', 'user-%lld', 'type', 'User')"
			"))::text, 'utf8') as b) x",
			number, (long long)comment, text, (long long)uid, (long long)uid)));
	args = arena_printf(
		rows_work.arena, "{\"delivery_id\": %s}", db_test_value("select max(id) from ingest.delivery"));
	t = rows_planned(&sync_command, arena_cstr(rows_work.arena, args));
	t->permission = str_c(permission);
	return t;
}

static struct command_task *said(int64_t comment, const char *text)
{
	return said_by(comment, MIA, "write", 3, text);
}

/* The bounty is open, and nothing ties the merged pull requests to its issue. */
static void untied(void)
{
	rows_open();
	rows_pulls();
	db_test_sql("delete from core.submission; delete from core.pull_issue_link");
}

static const char *code(void)
{
	return db_test_value("select coalesce(code, 'done') from core.command order by at desc, ordinal desc limit 1");
}

static void S3_an_award_is_kept_once(void **state)
{
	struct command_task *t;

	(void)state;
	untied();
	t = said(500, "/award #4 it solved it, by hand");
	rows_settled_twice(&sync_command, t);
	for (int i = 0; i < 8; i++)
		rows_settled_twice(&sync_command, t);
	assert_value("select state || ' ' || evidence_level || ' ' || (claimant_id = '" ALICE "') from core.submission",
		"seen 0 true");
	assert_value("select comment_id || ' ' || ordinal || ' ' || (submission_id = " AWARDED
		     ") || ' ' || actor_uid || ' ' || reason from core.award",
		"500 1 true 8 it solved it, by hand");
	assert_value(
		"select sha256(e.bytes) = a.evidence_sha256 and convert_from(e.bytes, 'utf8')::jsonb ->> 'body_sha256'"
		" = encode(a.body_sha256, 'hex') from core.award a join ingest.evidence e on e.sha256 = a.evidence_sha256",
		"t");
	assert_value("select convert_from(bytes, 'utf8')::jsonb - 'body_sha256' from ingest.evidence",
		"{\"reason\": \"it solved it, by hand\", \"ordinal\": 1, \"repo_id\": 10, \"actor_uid\": 8, \"comment_id\": 500,"
		" \"permission\": \"write\", \"actor_login\": \"user-8\", \"pull_number\": 4, \"issue_number\": 3}");
	assert_value("select level || ' ' || source from core.pull_issue_link", "0 award");
	assert_value(
		"select key = 'merge:' || " AWARDED " || ':" MERGE_SHA "' from q.job where kind = 'verify.merge'", "t");
	assert_value("select string_agg(topic, ',' order by id) from q.outbox", "submission.seen,submission.awarded");
	assert_value(
		"select body ->> 'by' || ': ' || (body ->> 'reason') from q.outbox where topic = 'submission.awarded'",
		"user-8: it solved it, by hand");
	assert_value(
		"select string_agg(actor_kind || ' ' || actor_id || ' ' || reason || ' ' || (detail::jsonb ->> 'comment_id'), ',')"
		" from audit.log where action = 'submission.awarded' and object_id = " AWARDED "::text",
		"github user-8 it solved it, by hand 500");
}

/* An edit is another text, so it is carried out; the comment has awarded this pull request already. */
static void F41_a_comment_awards_a_pull_request_once(void **state)
{
	(void)state;
	untied();
	rows_settled(&sync_command, said(500, "/award #4 it solved it"));
	rows_settled_twice(&sync_command, said(500, "/award #4 it really did"));
	rows_settled_twice(&sync_command, said(501, "/award #4 I think so, too"));
	assert_value("select count(*) || ' ' || count(code) from core.command", "3 0");
	assert_value("select string_agg(comment_id || ' ' || reason, ', ' order by comment_id) from core.award",
		"500 it solved it, 501 I think so, too");
	assert_value("select count(*) from q.job where kind = 'verify.merge'", "1");
}

static const char *said_and_done(int64_t uid, const char *permission, int number, const char *text)
{
	static int64_t comment = 1000;
	const char *submissions;

	rows_settled_twice(&sync_command, said_by(++comment, uid, permission, number, text));
	submissions =
		db_test_value("select count(*) + (select count(*) from ingest.evidence) + (select count(*) from q.job"
			      " where kind = 'verify.merge') from core.award");
	assert_string_equal(submissions, "0");
	return code();
}

#define WRITER(text) said_and_done(MIA, "write", 3, text)

static void F41_what_is_no_award(void **state)
{
	(void)state;
	rows_bounty();
	rows_pulls();
	db_test_sql("delete from core.submission; delete from core.pull_issue_link");
	assert_string_equal(said_and_done(MIA, "triage", 3, "/award #4 x"), "command.forbidden");
	assert_string_equal(said_and_done(MIA, "read", 3, "/award #4 @alice:60 @bob:40 x"), "command.forbidden");
	assert_string_equal(WRITER("/award #4 @alice:60 @bob:40 both"), "award.shares");
	assert_string_equal(WRITER("/award #4"), "command.malformed");
	assert_string_equal(said_and_done(MIA, "admin", 4, "/award #4 x"), "command.not_here");
	assert_string_equal(said_and_done(MIA, "admin", 7, "/award #4 x"), "command.no_bounty");
	assert_string_equal(WRITER("/award octo/other#4 x"), "award.elsewhere");
	assert_string_equal(WRITER("/award #99 x"), "award.no_pull");
	db_test_sql("update core.bounty set created_at = '2026-01-02 03:06:06Z'");
	assert_string_equal(WRITER("/award #4 x"), "award.before_bounty");
	db_test_sql("update core.bounty set created_at = '2026-01-01Z';"
		    "select core.bounty_move('" BOUNTY "', 'deposit_refused', 'test', null)");
	assert_string_equal(WRITER("/award #4 x"), "award.unfunded");
	assert_value("select count(*) from core.submission", "0");
}

static void F41_an_award_of_what_is_not_merged(void **state)
{
	(void)state;
	rows_open();
	rows_pulls();
	db_test_sql("update core.pull set state = 'open', merged_at = null, merge_sha = null where number = 4");
	assert_string_equal(WRITER("/award #4 x"), "award.not_merged");
	db_test_sql("update core.pull set state = 'closed' where number = 4");
	assert_string_equal(WRITER("/award #4 x"), "award.not_merged");
}

/* What a check or a person decided stays, and so does what another one has won. */
static void F41_an_award_changes_nothing_that_was_decided(void **state)
{
	(void)state;
	rows_open();
	rows_pulls();
	db_test_sql(
		"update core.submission set state = 'rejected', reason = 'verify.refused' where id = '" SUBMISSION "'");
	assert_string_equal(WRITER("/award #4 x"), "award.decided");
	db_test_sql(
		"update core.submission set state = 'lost', reason = 'verify.not_first' where id = '" SUBMISSION "'");
	assert_string_equal(WRITER("/award #4 x"), "award.decided");
	db_test_sql("update core.submission set state = 'verified', reason = null where id = '" RIVAL_SUBMISSION "';"
		    "select core.bounty_move('" BOUNTY "', 'merged', 'test', null);"
		    "select core.bounty_move('" BOUNTY "', 'verify_ok', 'test', null)");
	assert_string_equal(WRITER("/award #4 x"), "award.won");
	db_test_sql("set session_replication_role = replica; update core.bounty set state = 'paid'");
	assert_string_equal(WRITER("/award #4 x"), "command.no_bounty");
}

/* The payee awards nothing to themselves, nor does who shares a wallet or an account with them. */
static void V9_nobody_awards_their_own(void **state)
{
	(void)state;
	untied();
	assert_string_equal(said_and_done(7, "admin", 3, "/award #4 x"), "award.own");
	db_test_sql("insert into core.wallet (person_id, chain_id, caip10, address, unlinked_at) values ('" BOB
		    "', 338, 'x', decode(repeat('a1', 20), 'hex'), now())");
	assert_string_equal(said_and_done(9, "admin", 3, "/award #4 x"), "award.own");
	db_test_sql("delete from core.wallet where caip10 = 'x'");
	rows_settled(&sync_command, said_by(700, 9, "admin", 3, "/award #4 x"));
	assert_string_equal(code(), "done");
}

/* Refused while it was open, merged all the same, awarded: it is taken up again, by a job of its own when there was one before. */
static void S20_what_a_maintainer_refused_may_be_awarded(void **state)
{
	(void)state;
	rows_open();
	rows_pulls();
	db_test_sql("update core.submission set state = 'rejected', reason = 'submission.refused', note = 'no tests';"
		    "select q.enqueue('verify', 'verify.merge', 'merge:" SUBMISSION ":" MERGE_SHA "', '{}')");
	rows_settled_twice(&sync_command, said(500, "/award #4 I was wrong"));
	assert_value(
		"select state || ' ' || evidence_level || ' ' || (reason is null) || ' ' || (note is null) from core.submission"
		" where id = '" SUBMISSION "'",
		"seen 5 true true");
	assert_value("select string_agg(key, ',' order by id) from q.job where kind = 'verify.merge'",
		"merge:" SUBMISSION ":" MERGE_SHA ",merge:" SUBMISSION ":" MERGE_SHA ":500");
}

/* The program before this one names no pull request in an award: it still refuses it. */
static void the_program_before_refuses_awards(void **state)
{
	(void)state;
	untied();
	assert_value(
		"select code from core.command_do('" PROJECT
		"', 3, 9, sha256('x'), 1, 8, 'mia', 'admin', 'award', true, null, null, null, null, '', true, null, 'x', null, null)",
		"command.unsupported");
	assert_value("select count(*) from core.award", "0");
}

/* As merge_effect leaves a task that GitHub answered: merged, closed by hand, tied to the issue by nothing. */
static struct merge_task *judged(void)
{
	str args = arena_printf(rows_work.arena, "{\"submission_id\": \"%s\"}", db_test_value("select " AWARDED));
	struct merge_task *t = rows_planned(&verify_merge, arena_cstr(rows_work.arena, args));
	struct facts *f = &t->facts;
	const cJSON *json;

	f->pull_number = t->pull_number;
	f->pull_repo_id = 10;
	f->author_uid = 7;
	f->default_branch = f->base = STR("main");
	f->issue_state = STR("closed");
	f->issue_reason = STR("completed");
	f->head_sha = f->merge_sha = STR(MERGE_SHA);
	f->merger_uid = 8;
	f->author_type = f->merger_type = STR("User");
	f->merged = f->reachable = true;
	f->merged_at = 1767323045 * USEC_S;
	assert_true(json_parse(&rows_work, t->award, &json));
	ties_award(json, f);
	t->sources[0] = (struct source){ .role = STR("award"), .bytes = t->award, .url = t->award_url };
	sha256(t->award, t->sources[0].sha256);
	t->n_sources = 1;
	assert_true(merge_judge(&rows_work, t, &policy_merge));
	return t;
}

static bool resolved(const char *actor)
{
	struct sql_submission_resolve_in in = { .accept = true, .actor = str_c(actor), .reason = STR("it did") };
	struct sql_submission_resolve_out out;
	struct tx tx = tx_auto(rows_conn);

	in.submission_id = rows_id(db_test_value("select " AWARDED));
	return sql_submission_resolve(&rows_work, &tx, &in, &out) && out.refused.p == NULL;
}

/* An award never pays by itself: the bounty stands still until another person agrees. */
static void S3_V9_an_award_needs_a_second_person(void **state)
{
	(void)state;
	untied();
	db_test_sql(
		"insert into core.external_account (person_id, provider, provider_uid, login_display, method) values ('" FUNDER
		"', 'github', 8, 'Mia', 'operator')");
	rows_settled(&sync_command, said(500, "/award #4 it solved it"));
	rows_settled_twice(&verify_merge, judged());
	assert_value("select state || ' ' || reason || ' ' || evidence_level from core.submission",
		"review verify.awarded 0");
	assert_value("select state || ' ' || (blocker like 'an operator: %') from core.bounty", "frozen true");
	assert_value(
		"select result || ' ' || (a.evidence_sha256 = any (v.evidence)) from proof.verdict v, core.award a",
		"review true");
	assert_value("select convert_from(body, 'utf8')::jsonb #>> '{ties,0,source}' from proof.verdict", "award");
	for (size_t i = 0; i < 7; i++) {
		static const char *const same[] = { "cli:user-8", "USER-8", "github:8", "cli:mia", "person:" FUNDER,
			"cli:alice", "person:" ALICE };

		assert_false(resolved(same[i]));
		assert_err(&rows_work, ERR_INVALID, "verify.second_person");
	}
	assert_value("select state from core.submission", "review");
	assert_true(resolved("cli:olga"));
	assert_value("select state from core.submission", "verified");
	assert_value("select count(*) from q.job where kind = 'prove.proof'", "1");
}

/* Who awarded may well say that it is not to be paid. */
static void S20_who_awarded_may_take_it_back(void **state)
{
	(void)state;
	untied();
	rows_settled(&sync_command, said(500, "/award #4 it solved it"));
	rows_settled(&verify_merge, judged());
	assert_value("select coalesce(core.submission_resolve(" AWARDED ", false, 'cli:user-8', 'a mistake'), 'done')",
		"done");
	assert_value("select state || ' ' || reason from core.submission", "rejected verify.refused");
	assert_value("select state from core.bounty", "open");
	assert_string_equal((rows_settled(&sync_command, said(501, "/award #4 after all")), code()), "award.decided");
}

/* Whatever code a command may be refused with, our comment says it in words. */
static void S20_a_refusal_is_told_in_words(void **state)
{
	const cJSON *codes, *code_of;

	(void)state;
	assert_true(json_parse(&rows_work,
		arena_str(rows_work.arena,
			str_c(db_test_value(
				"select json_agg(distinct m[1]) from pg_proc p, regexp_matches(p.prosrc,"
				" '''((?:award|bounty|command|project)\\.[a-z_]+)''', 'g') m where p.pronamespace = 'core'::regnamespace"
				" and p.proname like 'command\\_%' and m[1] not in ('bounty.created', 'bounty.cancelled')"))),
		&codes));
	assert_true(cJSON_GetArraySize(codes) > 25);
	cJSON_ArrayForEach(code_of, codes) {
		if (refusal_text(str_c(code_of->valuestring)) == NULL)
			fail_msg("%s has no words", code_of->valuestring);
	}
	assert_null(refusal_text(STR("command.unheard_of")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(S3_an_award_is_kept_once, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(F41_a_comment_awards_a_pull_request_once, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(F41_what_is_no_award, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(F41_an_award_of_what_is_not_merged, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(F41_an_award_changes_nothing_that_was_decided, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(V9_nobody_awards_their_own, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(S20_what_a_maintainer_refused_may_be_awarded, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(the_program_before_refuses_awards, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(S3_V9_an_award_needs_a_second_person, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(S20_a_refusal_is_told_in_words, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(S20_who_awarded_may_take_it_back, rows_start, rows_stop),
	};

	return cmocka_run_group_tests_name("stages_award", tests, rows_begin, rows_end);
}
