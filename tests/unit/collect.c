/* What verify reads from GitHub, and what the verdict says of it. */
#include "collect_github.h"

static struct merge_task merging(void)
{
	static const int64_t kin[] = { 7 };
	static const int32_t rivals[] = { 5 };

	return (struct merge_task){
		.pull_number = 4,
		.facts = { .repo_id = 10,
			.issue_number = 3,
			.claimant_uid = 7,
			.kin = kin,
			.n_kin = 1,
			.rivals = rivals,
			.n_rivals = 1,
			.deadline = MERGED_AT + USEC_S,
			.author_type = STR("User") },
	};
}

/* The project's file is among the evidence as it was in force; it asks for reviews, so whoever merged it, permissions are asked for. */
static void P10_the_policy_is_evidence(void **state)
{
	struct merge_task t = merging();

	(void)state;
	merge();
	t.policy_file = STR("{\"version\": 1, \"require\": [\"review\"]}");
	t.policy_url = STR("u");
	assert_true(merge_effect(&work, &outside, &t));
	assert_int_equal(t.n_sources, 17);
	assert_int_equal(github.permissions, 1);
	assert_int_equal(t.verdict.result, CHECK_PASS);
	assert_int_equal(t.policy.required, 1 << 11);
	github.permission = "{\"permission\":\"read\",\"user\":{\"id\":12}}";
	t = merging();
	t.policy_file = STR("{\"version\": 1, \"require\": [\"review\"]}");
	t.policy_url = STR("u");
	assert_true(merge_effect(&work, &outside, &t));
	assert_string_equal(t.verdict.decided->code, "verify.not_approved");
	t = merging();
	t.policy_file = STR("{\"version\": 9}");
	assert_false(merge_effect(&work, &outside, &t));
	assert_err(&work, ERR_INVALID, "policy.version");
}

/* What the project counts is what is looked at, as its file was at the merge; a file that is moved was changed in both places. */
static void P10_V13_only_what_the_project_counts_is_looked_at(void **state)
{
	static const struct {
		const char *paths, *files, *code;
	} table[] = {
		{ "[\"src/**\"]", FILE_DOC("src/round.c", "@@\\n+x"), NULL },
		{ "[\"src/**\"]", FILE_DOC("README.md", "@@\\n+x"), "verify.diff_uncounted" },
		{ "[\"!*.md\"]", FILE_DOC("docs/a.md", "@@\\n+x") "," FILE_DOC("b.md", "@@\\n+x"),
			"verify.diff_uncounted" },
		{ "[\"!*.md\"]", FILE_DOC("docs/a.md", "@@\\n+x") "," FILE_DOC("b.c", "@@\\n+x"), NULL },
		{ "[\"src/**\"]", FILE_DOC("README.md", "@@\\n+x") "," FILE_DOC("src/a.c", "@@\\n-a\\n+ a"),
			"verify.diff_whitespace" },
		{ "[\"src/**\"]", "{\"filename\":\"old/a.c\",\"previous_filename\":\"src/a.c\"}", NULL },
		{ "[]", FILE_DOC("README.md", "@@\\n+x"), NULL },
	};

	(void)state;
	merge();
	for (size_t i = 0; i < COUNT(table); i++) {
		struct merge_task t = merging();

		t.policy_file = arena_printf(work.arena, "{\"version\": 1, \"paths\": %s}", table[i].paths);
		t.policy_url = STR("u");
		github.files = arena_cstr(work.arena, arena_printf(work.arena, "[%s]", table[i].files));
		assert_true(merge_effect(&work, &outside, &t));
		assert_int_equal(t.verdict.result, CHECK_PASS);
		assert_str(str_c(t.verdict.checks[12].code), table[i].code);
	}
}

/* Patterns and paths that take the longest to compare, as many as there may be: minutes of a worker's thread. */
static void P10_V13_what_would_take_minutes_is_unknown(void **state)
{
	struct buf path = buf_new(work.arena, 1024), files = buf_new(work.arena, 1 << 23),
		   paths = buf_new(work.arena, 1 << 13);
	struct merge_task t;

	(void)state;
	merge();
	t = merging();
	for (size_t i = 0; i < 500; i++)
		buf_add(&path, STR("a/"));
	for (size_t i = 0; i < 3000; i++)
		buf_add(&files,
			arena_printf(work.arena, "%s" FILE_DOC("%.*s%zu", "@@\\n+x"), i == 0 ? "" : ",", 1000,
				(const char *)path.p, i));
	for (size_t i = 0; i < 20; i++)
		buf_add(&paths,
			arena_printf(work.arena, "%s\"**/%.*sb\"", i == 0 ? "" : ",", 190, (const char *)path.p));
	t.policy_file =
		arena_printf(work.arena, "{\"version\": 1, \"paths\": [" STR_FMT "]}", STR_ARG(buf_str(&paths)));
	t.policy_url = STR("u");
	github.files = arena_cstr(work.arena, arena_printf(work.arena, "[" STR_FMT "]", STR_ARG(buf_str(&files))));
	assert_true(merge_effect(&work, &outside, &t));
	assert_str(str_c(t.verdict.checks[12].code), "verify.diff_unknown");
}

static void evidence_is_complete(void **state)
{
	struct merge_task t = merging();

	(void)state;
	merge();
	assert_true(merge_effect(&work, &outside, &t));
	assert_int_equal(t.verdict.result, CHECK_PASS);
	assert_int_equal(t.n_sources, 15);
	assert_int_equal(github.permissions, 0);
	assert_true(t.facts.reference && t.facts.claim && !t.facts.commit && t.facts.reachable);
	assert_int_equal(t.facts.issue_id, 33);
	assert_str(t.facts.merge_sha, SHA);
	for (size_t i = 1; i < t.n_sources; i++)
		assert_true(memcmp(t.sources[i - 1].sha256, t.sources[i].sha256, 32) <= 0);
}

static void what_is_not_merged_is_waited_for(void **state)
{
	struct merge_task t = merging();

	(void)state;
	github.pull.merge_sha = STR(SHA); /* a test commit */
	assert_false(merge_effect(&work, &outside, &t));
	assert_true(work.err.snooze);
	assert_err(&work, ERR_RETRY, "verify.not_merged");
	assert_null(t.facts.merge_sha.p);
}

/* GitHub closes the issue a little after the merge; later on, it is for a person to say. */
static void an_open_issue_is_waited_for_a_while(void **state)
{
	struct merge_task t = merging();

	(void)state;
	merge();
	github.issue_doc = ISSUE_DOC("open", "null");
	t.facts.told_at = clock_now();
	assert_true(merge_effect(&work, &outside, &t)); /* merged long ago */
	assert_int_equal(t.verdict.result, CHECK_REVIEW);
	assert_string_equal(t.verdict.decided->code, "verify.issue_open");
}

/* One document changed, and what the verdict says of it. */
#define MEMBER(member) offsetof(struct github, member)
static struct fixture {
	const char *name; /* begins with the row that it is about */
	size_t member;
	const char *document;
	const char *code; /* of that check; NULL = it passes */
	int level;
} fixtures[] = {
	{ "V6 closed by this pull request", MEMBER(history), HISTORY(CLOSED_BY(PULL_NODE("4"))), NULL, 5 },
	{ "V6 closed by the merge commit", MEMBER(history),
		HISTORY(CLOSED_BY(
			"{\"__typename\":\"Commit\",\"associatedPullRequests\":{\"nodes\":[]},\"oid\":\"" SHA "\"}")),
		NULL, 5 },
	{ "V6 closed by a rebased commit of it (S4)", MEMBER(history),
		HISTORY(CLOSED_BY("{\"__typename\":\"Commit\",\"associatedPullRequests\":{\"nodes\":[" PULL_NODE(
			"4") "]},"
			     "\"oid\":\"dd\"}")),
		NULL, 5 },
	{ "V6 closed by a rival", MEMBER(history), HISTORY(CLOSED_BY(PULL_NODE("5"))), "verify.closed_by_rival", 1 },
	{ "V6 closed by another", MEMBER(history), HISTORY(CLOSED_BY(PULL_NODE("6"))), "verify.closer", 1 },
	{ "V6 the last to close counts", MEMBER(history),
		HISTORY(CLOSED_BY(PULL_NODE("5")) "," CLOSED_BY(PULL_NODE("4"))), NULL, 5 },
	{ "V6 closed by hand", MEMBER(history), HISTORY(CLOSED_BY("null")), "verify.evidence", 1 },
	{ "V6 linked by another before the merge (S3)", MEMBER(history),
		HISTORY(CLOSED_BY("null") "," CONNECTED("8", "2026-01-02T00:00:00Z")), NULL, 3 },
	{ "V6 linked by the author", MEMBER(history),
		HISTORY(CLOSED_BY("null") "," CONNECTED("7", "2026-01-02T00:00:00Z")), "verify.evidence", 1 },
	{ "V6 linked after the merge", MEMBER(history),
		HISTORY(CLOSED_BY("null") "," CONNECTED("8", "2026-01-03T00:00:00Z")), "verify.evidence", 1 },
	{ "V5 diverged", MEMBER(status), COMPARED("diverged"), "verify.unreachable", 5 },
	{ "V5 not found by GitHub", MEMBER(status), NULL, "verify.reach_unknown", 5 },
	{ "V15 not found by GitHub", MEMBER(status), NULL, "verify.reach_unknown", 5 },
	{ "V8 trailer with a noreply address (S8)", MEMBER(commits),
		"[" COMMIT("7", "Round\\n\\nCo-authored-by: Bo <12+bo@users.noreply.github.com>") "]",
		"verify.co_authors", 5 },
	{ "V8 trailer with any address (S8)", MEMBER(commits),
		"[" COMMIT("7", "Round\\n\\nco-authored-by: Bo <bo@example.org>") "]", "verify.co_authors", 5 },
	{ "V8 commit of another account (S8)", MEMBER(commits), "[" COMMIT("12", "Round") "]", "verify.co_authors", 5 },
	{ "V8 trailer that names the author", MEMBER(commits),
		"[" COMMIT("7", "Round\\n\\nCo-authored-by: A <7+alice@users.noreply.github.com>") "]", NULL, 5 },
	{ "V9 merged by the author, approved by a writer (S7)", MEMBER(pull_doc), PULL_BY("7", ""), NULL, 5 },
	{ "V9 merged by a bot, approved by a writer", MEMBER(pull_doc), PULL_BY_A("Bot", "99", ""), NULL, 5 },
	{ "V11 approved an earlier head", MEMBER(reviews), "[" REVIEW("12", "rita", "APPROVED", "bb") "]",
		"verify.review_stale", 5 },
	{ "V11 dismissed", MEMBER(reviews),
		"[" REVIEW("12", "rita", "APPROVED", "aa") "," REVIEW("12", "rita", "DISMISSED", "aa") "]",
		"verify.review_stale", 5 },
	{ "V11 approved by the author", MEMBER(reviews), "[" REVIEW("7", "alice", "APPROVED", "aa") "]",
		"verify.not_reviewed", 5 },
	{ "V11 reviews unreadable", MEMBER(reviews), NULL, "verify.not_reviewed", 5 },
	{ "V12 red", MEMBER(checks),
		RUNS("{\"conclusion\":\"success\",\"status\":\"completed\"},{\"conclusion\":\"failure\",\"status\":\"completed\"}"),
		"verify.ci_red", 5 },
	{ "V12 running", MEMBER(checks), RUNS("{\"conclusion\":null,\"status\":\"in_progress\"}"), "verify.ci_pending",
		5 },
	{ "V12 none", MEMBER(checks), RUNS(""), NULL, 5 },
	{ "V12 not for us", MEMBER(checks), NULL, "verify.ci_unknown", 5 },
	{ "V12 more than a page", MEMBER(checks),
		RUNS_OF("{\"conclusion\":\"success\",\"status\":\"completed\"}", "101"), "verify.ci_unknown", 5 },
	{ "V12 a red status", MEMBER(statuses), STATUSES("failure", "1"), "verify.ci_red", 5 },
	{ "V12 a status that waits", MEMBER(statuses), STATUSES("pending", "1"), "verify.ci_pending", 5 },
	{ "V12 a green status", MEMBER(statuses), STATUSES("success", "1"), NULL, 5 },
	{ "V12 statuses not for us", MEMBER(statuses), NULL, "verify.ci_unknown", 5 },
	{ "V13 empty", MEMBER(files), "[]", "verify.diff_empty", 5 },
	{ "V13 white space", MEMBER(files), "[" FILE_DOC("a.c", "@@ -1 +1 @@\\n-a  b\\n+\\ta b ") "]",
		"verify.diff_whitespace", 5 },
	{ "V13 generated", MEMBER(files),
		"[" FILE_DOC("web/package-lock.json", "@@\\n+x") "," FILE_DOC("dist/a.js", "@@\\n+y") "]",
		"verify.diff_generated", 5 },
	{ "V13 white space and generated", MEMBER(files),
		"[" FILE_DOC("a.c", "@@ -1 +1 @@\\n-a\\n+ a") "," FILE_DOC("dist/a.js", "@@\\n+y") "]",
		"verify.diff_generated", 5 },
	{ "V13 a binary file", MEMBER(files), "[{\"filename\":\"logo.png\"}]", NULL, 5 },
	{ "V14 reverted by its commit (S10)", MEMBER(since),
		"[" COMMIT("8", "Undo\\n\\nThis reverts commit " SHA ".") "]", "verify.reverted", 5 },
	{ "V14 reverted by a pull request's title (S10)", MEMBER(since),
		"[" COMMIT("8", "Revert \\\"Round (#4)\\\" (#9)") "]", "verify.reverted", 5 },
	{ "V14 reverted by number (S10)", MEMBER(since), "[" COMMIT("8", "Back\\n\\nReverts #4") "]", "verify.reverted",
		5 },
	{ "V14 another number", MEMBER(since), "[" COMMIT("8", "Back\\n\\nReverts #41") "]", NULL, 5 },
	{ "V14 reverted by name and number (S10)", MEMBER(since),
		"[" COMMIT("8", "Back\\n\\nReverts Octo/hello#4.") "]", "verify.reverted", 5 },
	{ "V14 another repository's number", MEMBER(since), "[" COMMIT("8", "Reverts other/hello#4") "]", NULL, 5 },
	{ "V14 reverted by a branch's name (S10)", MEMBER(since),
		"[" COMMIT("8", "Merge pull request #9 from octo/revert-4-round") "]", "verify.reverted", 5 },
	{ "V14 reverted by the title in a merge (S10)", MEMBER(since),
		"[" COMMIT("8", "Merge pull request #9 from octo/x\\n\\nRevert \\\"Round\\\"") "]", "verify.reverted",
		5 },
	{ "V14 a title that begins alike", MEMBER(since), "[" COMMIT("8", "Revert \\\"Round robin\\\"") "]", NULL, 5 },
	{ "V14 the files are what they were before (S10, F42)", MEMBER(since),
		"[" COMMIT_OF("dd", "cc", "more", "Go on") "," COMMIT_OF("cc", SHA, "before", "Sorry") "]",
		"verify.reverted", 5 },
	{ "V14 older commits of the same hour", MEMBER(since),
		"[" COMMIT_OF(SHA, PARENT, "after", "Round") "," COMMIT_OF(PARENT, "00", "before",
			"Reverts #4") "," COMMIT_OF("00", "01", "before", "Revert \\\"Round\\\"") "]",
		NULL, 5 },
	{ "V14 more commits than are read", MEMBER(since), NULL, "verify.since_unknown", 5 },
};

static void documents_say(void **state)
{
	const struct fixture *x = *state;
	struct merge_task t = merging();
	const struct check *c;

	start(NULL);
	merge();
	*(const char **)(void *)((char *)&github + x->member) = x->document;
	assert_true(merge_effect(&work, &outside, &t));
	c = &t.verdict.checks[atoi(x->name + 1) - 1];
	if (!str_eq(str_c(c->code), str_c(x->code)) || t.verdict.level != x->level)
		fail_msg("%s %s, level %d", check_result_name(c->result), c->code, t.verdict.level);
	stop(NULL);
}

/* Whoever approves must be somebody else, with write permission, and not of the author's kin. */
static void V9_asks_for_permission(void **state)
{
	static const int64_t kin[] = { 7, 12 };
	struct merge_task t = merging();

	(void)state;
	merge();
	github.pull_doc = PULL_BY("7", "");
	github.pull.merged_by_id = 7;
	assert_true(merge_effect(&work, &outside, &t));
	assert_int_equal(github.permissions, 1);
	assert_true(t.facts.approved);
	github.permission = "{\"permission\":\"read\",\"user\":{\"id\":12}}";
	t = merging();
	assert_true(merge_effect(&work, &outside, &t));
	assert_string_equal(t.verdict.decided->code, "verify.self_merge");
	github.permission = "{\"permission\":\"admin\",\"user\":{\"id\":12}}";
	t = merging();
	t.facts.kin = kin;
	t.facts.n_kin = 2;
	assert_true(merge_effect(&work, &outside, &t));
	assert_string_equal(t.verdict.decided->code, "verify.self_merge");
}

/* A claim in a comment, as old as the merge by GitHub's times, is evidence of level 4 however late it is read (S3, S6). */
static void V6_reads_comments(void **state)
{
#define BEFORE "2026-01-01T12:00:00Z"
	static const struct {
		const char *comment, *editor;
		int level, asked;
	} table[] = {
		{ COMMENT("7", "/claim #3", "2026-01-02T03:04:05Z"), UNEDITED, 4, 1 },
		{ COMMENT("7", "/claim #3", "2026-01-02T03:04:06Z"), UNEDITED, 1, 1 }, /* edited after the merge */
		{ COMMENT("9", "/claim #3", BEFORE), UNEDITED, 0, 0 },                 /* not the author's */
		{ COMMENT("7", "/claim #4", BEFORE), UNEDITED, 0, 0 },
		{ COMMENT("7", "/claim #3", BEFORE), EDITED("7", BEFORE), 4, 1 },
		{ COMMENT("7", "/claim #3", BEFORE), EDITED("8", BEFORE), 1,
			1 }, /* another's words in the author's name */
		{ COMMENT("7", "/claim #3", BEFORE), "\"editor\":null,\"lastEditedAt\":\"" BEFORE "\"", 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct merge_task t = merging();
		str list = arena_printf(work.arena, "[%s]", table[i].comment);

		merge();
		github.pull_doc = PULL_BY("8", "");
		github.references = REFERENCES("");
		github.history = HISTORY(CLOSED_BY("null"));
		github.comments = arena_cstr(work.arena, list);
		github.editors = arena_cstr(
			work.arena, arena_printf(work.arena, EDITORS(UNEDITED, "%s", "0", ""), table[i].editor));
		github.editor_calls = 0;
		assert_true(merge_effect(&work, &outside, &t));
		assert_int_equal(t.verdict.level, table[i].level);
		assert_int_equal(github.editor_calls, table[i].asked);
	}
#undef BEFORE
}

/* What the author claimed stays a claim when another edits the comment; a verdict from before editors were asked for stays as it was. */
static void V6_S12_an_edit_takes_no_claim_away(void **state)
{
	struct merge_task t = merging();
	struct facts f;

	(void)state;
	merge();
	github.pull_doc = PULL_BY("8", "");
	github.references = REFERENCES("");
	github.history = HISTORY(CLOSED_BY("null"));
	github.comments = "[" COMMENT("7", "/claim #3", "2026-01-01T12:00:00Z") "]";
	github.editors = EDITORS(UNEDITED, EDITED("8", "2026-01-01T12:00:00Z"), "0", "");
	t.facts.claim_seen = true; /* when it was still the author's */
	assert_true(merge_effect(&work, &outside, &t));
	assert_int_equal(t.verdict.level, 4);
	t = merging();
	assert_true(merge_effect(&work, &outside, &t));
	assert_true(t.facts.claim && !t.facts.claim_dated);
	for (size_t i = 0; i < t.n_sources; i++)
		if (str_eq(t.sources[i].role, STR("editors")))
			t.sources[i].role = STR("nothing");
	assert_true(facts_of(&work, t.sources, t.n_sources, &f));
	assert_true(f.claim_dated);
}

#define AWARD_DOC(uid, permission, pull)                                                                               \
	"{\"actor_login\":\"mia\",\"actor_uid\":" uid ",\"body_sha256\":\"aa\",\"comment_id\":500,\"issue_number\":3," \
	"\"ordinal\":1,\"permission\":\"" permission "\",\"pull_number\":" pull                                        \
	",\"reason\":\"it solved it\",\"repo_id\":10}"

/* An award is a document of the verdict, and counts for what it was said about, by who might say it (S3, V9). */
static void V6_reads_an_award(void **state)
{
	static const struct {
		const char *document, *code;
		size_t ties;
	} table[] = {
		{ AWARD_DOC("8", "write", "4"), "verify.awarded", 1 },
		{ AWARD_DOC("7", "admin", "4"), "verify.award_own", 1 }, /* the author */
		{ AWARD_DOC("8", "write", "5"), "verify.evidence", 0 },  /* another pull request */
		{ AWARD_DOC("8", "triage", "4"), "verify.evidence", 0 },
		{ "{}", "verify.evidence", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct merge_task t = merging();
		struct tie ties[TIES_MAX];

		merge();
		github.pull_doc = PULL_BY("8", "");
		github.references = REFERENCES("");
		github.history = HISTORY(CLOSED_BY("null"));
		t.award = str_c(table[i].document);
		t.award_url = STR("patchwork:comment/500/1");
		assert_true(merge_effect(&work, &outside, &t));
		assert_int_equal(t.n_sources, 16);
		assert_int_equal(t.verdict.result, CHECK_REVIEW);
		assert_int_equal(t.verdict.level, 0);
		assert_string_equal(t.verdict.decided->code, table[i].code);
		assert_int_equal(verdict_ties(&t.facts, ties), table[i].ties);
	}
}

/* What is missing among the documents stops a verdict, and a replay of one. */
static void facts_need_their_documents(void **state)
{
	struct merge_task t = merging();
	struct facts f;

	(void)state;
	merge();
	assert_true(merge_effect(&work, &outside, &t));
	assert_true(facts_of(&work, t.sources, t.n_sources, &f));
	for (size_t i = 0; i < t.n_sources; i++) {
		str role = t.sources[i].role;

		t.sources[i].role = STR("nothing");
		if (str_one_of(role, "comments|reviews|files|checks|statuses|reach|since|before"))
			assert_true(facts_of(&work, t.sources, t.n_sources, &f));
		else {
			assert_false(facts_of(&work, t.sources, t.n_sources, &f));
			assert_err(&work, ERR_INVALID, "verify.evidence_incomplete");
		}
		t.sources[i].role = role;
	}
}

/* A base that the project lists is the branch whose history counts. */
static void V3_V5_a_listed_base_counts(void **state)
{
	static const str branches[] = { { "stable", 6 } };
	struct merge_task t = merging();

	(void)state;
	merge();
	github.pull.base_ref = STR("stable");
	github.pull_doc =
		"{\"base\":{\"ref\":\"stable\",\"repo\":{\"id\":10}},\"created_at\":\"2026-01-01T00:00:00Z\","
		"\"head\":{\"sha\":\"aa\"},\"id\":44,\"merge_commit_sha\":\"" SHA "\",\"merged\":true,"
		"\"merged_at\":\"2026-01-02T03:04:05Z\",\"merged_by\":{\"id\":8,\"type\":\"User\"},\"number\":4,"
		"\"title\":\"Round\",\"user\":{\"id\":7,\"type\":\"User\"}}";
	t.facts.branches = branches;
	t.facts.n_branches = 1;
	assert_true(merge_effect(&work, &outside, &t));
	assert_int_equal(t.verdict.result, CHECK_PASS);
}

static void an_unlinked_author_costs_no_request(void **state)
{
	struct merge_task t = merging();

	(void)state;
	merge();
	t.facts.claimant_uid = 0;
	assert_false(merge_effect(&work, &outside, &t));
	assert_err(&work, ERR_RETRY, "verify.author_unlinked");
	assert_int_equal(github.calls, 0);
	t.facts.rival_won = 5; /* nothing is left to win */
	assert_true(merge_effect(&work, &outside, &t));
	assert_string_equal(t.verdict.decided->code, "verify.not_first");
	stop(NULL);
	start(NULL);
	merge();
	t = merging();
	t.facts.claimant_uid = 0;
	t.facts.author_type = STR("Bot"); /* will never link one: decided */
	github.pull_doc =
		"{\"base\":{\"ref\":\"main\",\"repo\":{\"id\":10}},\"created_at\":\"2026-01-01T00:00:00Z\",\"head\":{"
		"\"sha\":\"aa\"},\"id\":44,\"merge_commit_sha\":\"" SHA "\",\"merged\":true,\"merged_at\":"
		"\"2026-01-02T03:04:05Z\",\"number\":4,\"title\":\"T\",\"user\":{\"id\":7,\"type\":\"Bot\"}}";
	assert_true(merge_effect(&work, &outside, &t));
	assert_string_equal(t.verdict.decided->code, "verify.author_not_user");
}

int main(void)
{
	static struct CMUnitTest tests[COUNT(fixtures) + 13] = {
		cmocka_unit_test_setup_teardown(V3_V5_a_listed_base_counts, start, stop),
		cmocka_unit_test_setup_teardown(V9_asks_for_permission, start, stop),
		cmocka_unit_test_setup_teardown(V6_reads_an_award, start, stop),
		cmocka_unit_test_setup_teardown(V6_reads_comments, start, stop),
		cmocka_unit_test_setup_teardown(V6_S12_an_edit_takes_no_claim_away, start, stop),
		cmocka_unit_test_setup_teardown(facts_need_their_documents, start, stop),
		cmocka_unit_test_setup_teardown(evidence_is_complete, start, stop),
		cmocka_unit_test_setup_teardown(P10_the_policy_is_evidence, start, stop),
		cmocka_unit_test_setup_teardown(P10_V13_only_what_the_project_counts_is_looked_at, start, stop),
		cmocka_unit_test_setup_teardown(P10_V13_what_would_take_minutes_is_unknown, start, stop),
		cmocka_unit_test_setup_teardown(what_is_not_merged_is_waited_for, start, stop),
		cmocka_unit_test_setup_teardown(an_open_issue_is_waited_for_a_while, start, stop),
		cmocka_unit_test_setup_teardown(an_unlinked_author_costs_no_request, start, stop),
	};

	for (size_t i = 0; i < COUNT(fixtures); i++)
		tests[13 + i] = (struct CMUnitTest){ fixtures[i].name, documents_say, NULL, NULL, &fixtures[i] };
	return cmocka_run_group_tests_name("S3 S4 S7 S8 S10 collect", tests, NULL, NULL);
}
