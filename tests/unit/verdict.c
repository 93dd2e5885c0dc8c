/* The verdict: what it is of each fixture, and which check decides. */
#include "verdict_facts.h"

static struct fixture {
	const char *name; /* begins with the row that it is about */
	void (*change)(struct facts *f);
	enum check_result result; /* of that check */
	const char *code;
	int level;
} fixtures[] = {
	{ "V1 the bounty's repository", nothing, CHECK_PASS, NULL, 5 },
	{ "V1 other repository", other_repo, CHECK_FAIL, "verify.repository", 5 },
	{ "V2 merged", nothing, CHECK_PASS, NULL, 5 },
	{ "V2 not merged", not_merged, CHECK_WAIT, "verify.not_merged", 5 },
	{ "V2 merged without a time", no_time, CHECK_WAIT, "verify.not_merged", 5 },
	{ "V3 default branch", nothing, CHECK_PASS, NULL, 5 },
	{ "V3 other base", other_base, CHECK_REVIEW, "verify.base", 5 },
	{ "V3 base that is not listed", listed_base, CHECK_REVIEW, "verify.base", 5 },
	{ "V3 base that the project lists", base_of_project, CHECK_PASS, NULL, 5 },
	{ "V4 merge commit", nothing, CHECK_PASS, NULL, 5 },
	{ "V4 test commit of an open pull request (S4)", not_merged, CHECK_WAIT, "verify.not_merged", 5 },
	{ "V4 no merge commit", no_commit, CHECK_FAIL, "verify.commit", 5 },
	{ "V4 abbreviated commit", short_commit, CHECK_FAIL, "verify.commit", 5 },
	{ "V4 commit in capitals", upper_commit, CHECK_FAIL, "verify.commit", 5 },
	{ "V4 SHA-256 commit", long_commit, CHECK_PASS, NULL, 5 },
	{ "V5 reachable", nothing, CHECK_PASS, NULL, 5 },
	{ "V5 not merged", not_merged, CHECK_WAIT, "verify.not_merged", 5 },
	{ "V5 unreachable (S5)", unreachable, CHECK_FAIL, "verify.unreachable", 5 },
	{ "V5 commit that GitHub does not find (S5)", reach_unknown, CHECK_REVIEW, "verify.reach_unknown", 5 },
	{ "V6 issue open", issue_open, CHECK_REVIEW, "verify.issue_open", 5 },
	{ "V6 issue not planned", issue_not_planned, CHECK_REVIEW, "verify.issue_not_completed", 5 },
	{ "V6 issue without reason", issue_without_reason, CHECK_REVIEW, "verify.issue_not_completed", 5 },
	{ "V6 level 5, closer alone (S3)", closer_alone, CHECK_PASS, NULL, 5 },
	{ "V6 level 5, reference alone (S3)", reference_alone, CHECK_PASS, NULL, 5 },
	{ "V6 level 4, claim alone (S3)", claim_alone, CHECK_PASS, NULL, 4 },
	{ "V6 level 4, claim in a dated comment (S3)", dated_claim, CHECK_PASS, NULL, 4 },
	{ "V6 level 3, linked on the page (S3)", sidebar, CHECK_PASS, NULL, 3 },
	{ "V6 level 2, commit alone (S3)", commit_alone, CHECK_REVIEW, "verify.evidence", 2 },
	{ "V6 level 1, reference after the merge (S3)", late_reference, CHECK_REVIEW, "verify.evidence", 1 },
	{ "V6 level 1, claim after the merge (S3)", late_claim, CHECK_REVIEW, "verify.evidence", 1 },
	{ "V6 level 0, no evidence (S3)", no_evidence, CHECK_REVIEW, "verify.evidence", 0 },
	{ "V6 level 0, awarded by a maintainer (S3)", awarded, CHECK_REVIEW, "verify.awarded", 0 },
	{ "V6 awarded by the author (V9)", awarded_by_author, CHECK_REVIEW, "verify.award_own", 0 },
	{ "V6 awarded by who shares a wallet with the author (V9)", awarded_by_kin, CHECK_REVIEW, "verify.award_own",
		0 },
	{ "V6 awarded, and claimed before the merge", awarded_and_claimed, CHECK_PASS, NULL, 4 },
	{ "V6 awarded, and claimed after the merge", awarded_and_claimed_late, CHECK_REVIEW, "verify.awarded", 1 },
	{ "V6 awarded, issue open", awarded_issue_open, CHECK_REVIEW, "verify.issue_open", 0 },
	{ "V6 awarded, closed by a rival", awarded_rival_closer, CHECK_REVIEW, "verify.closer", 0 },
	{ "V6 awarded, closed by a rival that is not judged", awarded_undecided_closer, CHECK_WAIT,
		"verify.closer_undecided", 0 },
	{ "V6 claim added after the merge (S6)", added_claim, CHECK_REVIEW, "verify.evidence", 1 },
	{ "V6 claim removed after the merge (S6)", removed_claim, CHECK_PASS, NULL, 4 },
	{ "V6 reference removed after the merge (S6)", removed_reference, CHECK_PASS, NULL, 5 },
	{ "V6 claim gone, nobody saw when", lost_claim, CHECK_REVIEW, "verify.evidence", 0 },
	{ "V6 reference gone, nobody saw when", lost_reference, CHECK_REVIEW, "verify.evidence", 0 },
	{ "V6 claim, closed by a rival", claim_rival_closer, CHECK_FAIL, "verify.closed_by_rival", 4 },
	{ "V6 claim, closed by another", claim_other_closer, CHECK_REVIEW, "verify.closer", 4 },
	{ "V6 commit, closed by another", commit_other_closer, CHECK_REVIEW, "verify.closer", 2 },
	{ "V6 claim, closed by a rival that is not judged", claim_undecided_closer, CHECK_FAIL,
		"verify.closed_by_rival", 4 },
	{ "V6 reference, closed by a rival that is not judged (S9)", reference_undecided_closer, CHECK_WAIT,
		"verify.closer_undecided", 5 },
	{ "V6 reference, closed by another", other_closer, CHECK_REVIEW, "verify.closer", 5 },
	{ "V6 reference, closed by a rival", reference_rival_closer, CHECK_REVIEW, "verify.closer", 5 },
	{ "V7 author", nothing, CHECK_PASS, NULL, 5 },
	{ "V7 bot (S8)", bot, CHECK_FAIL, "verify.author_not_user", 5 },
	{ "V7 deleted account", ghost, CHECK_FAIL, "verify.author_not_user", 5 },
	{ "V7 author not linked", unlinked, CHECK_WAIT, "verify.author_unlinked", 5 },
	{ "V7 bot not linked", unlinked_bot, CHECK_FAIL, "verify.author_not_user", 5 },
	{ "V7 other author", other_author, CHECK_FAIL, "verify.author", 5 },
	{ "V8 alone", nothing, CHECK_PASS, NULL, 5 },
	{ "V8 co-author (S8)", helped, CHECK_FLAG, "verify.co_authors", 5 },
	{ "V8 co-author of unknown address (S8)", helped_by_nobody_known, CHECK_FLAG, "verify.co_authors", 5 },
	{ "V9 merged by another", nothing, CHECK_PASS, NULL, 5 },
	{ "V9 self-merge (S7)", self_merged, CHECK_REVIEW, "verify.self_merge", 5 },
	{ "V9 self-merge, approved (S7)", self_merged_and_approved, CHECK_PASS, NULL, 5 },
	{ "V9 merged by who shares a wallet (S7)", merged_by_kin, CHECK_REVIEW, "verify.self_merge", 5 },
	{ "V9 merger unknown", merger_unknown, CHECK_REVIEW, "verify.merger_unknown", 5 },
	{ "V9 merged by a bot", merged_by_bot, CHECK_REVIEW, "verify.merger_bot", 5 },
	{ "V9 merged by a bot, approved", merged_by_bot_and_approved, CHECK_PASS, NULL, 5 },
	{ "V9 not merged", not_merged, CHECK_WAIT, "verify.not_merged", 5 },
	{ "V10 strangers", nothing, CHECK_PASS, NULL, 5 },
	{ "V10 funder is payee", funder_is_payee, CHECK_REVIEW, "verify.funder_is_payee", 5 },
	{ "V10 awarded, funder is payee", awarded_by_funder_of_themselves, CHECK_REVIEW, "verify.funder_is_payee", 0 },
	{ "V10 reciprocal", reciprocal, CHECK_REVIEW, "verify.reciprocal", 5 },
	{ "V11 fresh approval", nothing, CHECK_PASS, NULL, 5 },
	{ "V11 stale approval", stale_review, CHECK_FLAG, "verify.review_stale", 5 },
	{ "V11 no approval", no_review, CHECK_FLAG, "verify.not_reviewed", 5 },
	{ "V12 green", nothing, CHECK_PASS, NULL, 5 },
	{ "V12 without checks", no_checks, CHECK_PASS, NULL, 5 },
	{ "V12 red", red, CHECK_FLAG, "verify.ci_red", 5 },
	{ "V12 pending", pending, CHECK_FLAG, "verify.ci_pending", 5 },
	{ "V12 unknown", checks_unknown, CHECK_FLAG, "verify.ci_unknown", 5 },
	{ "V13 substance", nothing, CHECK_PASS, NULL, 5 },
	{ "V13 empty", empty_diff, CHECK_FLAG, "verify.diff_empty", 5 },
	{ "V13 white space", whitespace, CHECK_FLAG, "verify.diff_whitespace", 5 },
	{ "V13 generated", generated, CHECK_FLAG, "verify.diff_generated", 5 },
	{ "V13 nothing that the project counts", uncounted, CHECK_FLAG, "verify.diff_uncounted", 5 },
	{ "V13 unknown", diff_unknown, CHECK_FLAG, "verify.diff_unknown", 5 },
	{ "V14 stands", nothing, CHECK_PASS, NULL, 5 },
	{ "V14 reverted (S10)", reverted, CHECK_REVIEW, "verify.reverted", 5 },
	{ "V14 commits since unreadable", since_unknown, CHECK_REVIEW, "verify.since_unknown", 5 },
	{ "V14 reverted, and more than is read", reverted_and_more, CHECK_REVIEW, "verify.reverted", 5 },
	{ "V15 commit that GitHub does not find", reach_unknown, CHECK_REVIEW, "verify.reach_unknown", 5 },
	{ "V15 stands", nothing, CHECK_PASS, NULL, 5 },
	{ "V15 not merged", not_merged, CHECK_WAIT, "verify.not_merged", 5 },
	{ "V15 force-pushed (S10)", unreachable, CHECK_REVIEW, "verify.force_pushed", 5 },
	{ "V16 first", nothing, CHECK_PASS, NULL, 5 },
	{ "V16 rival has won (S9)", rival_won, CHECK_FAIL, "verify.not_first", 5 },
	{ "V16 awarded, rival has won", awarded_after_rival_won, CHECK_FAIL, "verify.not_first", 0 },
	{ "V16 rival was first (S9)", rival_first, CHECK_WAIT, "verify.rival_undecided", 5 },
	{ "V16 rival has won, another was first", both_rivals, CHECK_FAIL, "verify.not_first", 5 },
	{ "V17 in time", nothing, CHECK_PASS, NULL, 5 },
	{ "V17 at the deadline", to_the_second, CHECK_PASS, NULL, 5 },
	{ "V17 in the grace", in_grace, CHECK_PASS, NULL, 5 },
	{ "V17 opened after the deadline", opened_late, CHECK_REVIEW, "verify.late", 5 },
	{ "V17 after the grace", after_grace, CHECK_REVIEW, "verify.late", 5 },
	{ "V17 not merged", not_merged, CHECK_WAIT, "verify.not_merged", 5 },
	{ "V17 GitHub's clock ahead", clock_ahead, CHECK_REVIEW, "verify.clock_skew", 5 },
	{ "V17 a little ahead", clock_a_little_ahead, CHECK_PASS, NULL, 5 },
	{ "V17 no delivery", never_told, CHECK_PASS, NULL, 5 },
};

static int row_of(const struct fixture *x)
{
	return atoi(x->name + 1);
}

static bool as_said(const struct fixture *x, const struct verdict *v)
{
	const struct check *c = &v->checks[row_of(x) - 1];

	return c->result == x->result && str_eq(str_c(c->code), str_c(x->code)) && v->level == x->level;
}

static void decides(void **state)
{
	const struct fixture *x = *state;
	struct facts f = good;
	struct verdict v;

	x->change(&f);
	verdict_of(&f, &policy_merge, &v);
	if (!as_said(x, &v))
		fail_msg("%s %s, level %d", check_result_name(v.checks[row_of(x) - 1].result),
			v.checks[row_of(x) - 1].code, v.level);
}

/* Every row has a fixture that passes and one that does not. */
static void every_row_has_fixtures(void **state)
{
	bool passes[VERDICT_CHECKS] = { false }, stops[VERDICT_CHECKS] = { false };

	(void)state;
	for (size_t i = 0; i < COUNT(fixtures); i++)
		*(fixtures[i].result == CHECK_PASS ? &passes[row_of(&fixtures[i]) - 1]
						   : &stops[row_of(&fixtures[i]) - 1]) = true;
	for (int i = 0; i < VERDICT_CHECKS; i++)
		assert_true(passes[i] && stops[i]);
}

static void the_worst_decides(void **state)
{
	static const struct {
		void (*change)(struct facts *f);
		enum check_result result;
		const char *id;
	} table[] = {
		{ nothing, CHECK_PASS, "V1" },
		{ red, CHECK_PASS, "V1" }, /* a flag lets pass */
		{ self_merged, CHECK_REVIEW, "V9" },
		{ review_and_fail, CHECK_FAIL, "V5" },
		{ review_and_wait, CHECK_WAIT, "V7" },
		{ wait_and_fail, CHECK_FAIL, "V16" },
		{ claim_rival_closer, CHECK_FAIL, "V6" },
	};
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct facts f = good;

		table[i].change(&f);
		verdict_of(&f, &policy_merge, &v);
		assert_int_equal(v.result, table[i].result);
		assert_string_equal(v.decided->id, table[i].id);
	}
}

/* At the end of the hold only what may have changed since decides; the rest is told. */
static void V14_V15_decide_in_the_hold(void **state)
{
	static const struct {
		void (*change)(struct facts *f);
		enum check_result result;
		const char *id;
	} table[] = {
		{ nothing, CHECK_PASS, "V1" },
		{ issue_open, CHECK_PASS, "V1" },
		{ self_merged, CHECK_PASS, "V1" },
		{ unlinked, CHECK_PASS, "V1" },
		{ reverted, CHECK_REVIEW, "V14" },
		{ since_unknown, CHECK_REVIEW, "V14" },
		{ unreachable, CHECK_REVIEW, "V15" },
		{ reach_unknown, CHECK_REVIEW, "V15" },
		{ other_repo, CHECK_FAIL, "V1" },
		{ no_commit, CHECK_FAIL, "V4" },
		{ not_merged, CHECK_WAIT, "V2" },
	};
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct facts f = good;

		table[i].change(&f);
		verdict_of(&f, &policy_hold, &v);
		assert_int_equal(v.result, table[i].result);
		assert_string_equal(v.decided->id, table[i].id);
	}
}

/* Each check is there once, in order, and only those that did not pass carry a code. */
static void names_checks(void **state)
{
	char id[8];

	(void)state;
	for (size_t i = 0; i < COUNT(fixtures); i++) {
		struct facts f = good;
		struct verdict v;

		fixtures[i].change(&f);
		verdict_of(&f, &policy_merge, &v);
		for (size_t k = 0; k < VERDICT_CHECKS; k++) {
			snprintf(id, sizeof(id), "V%zu", k + 1);
			assert_string_equal(v.checks[k].id, id);
			assert_int_equal(v.checks[k].result == CHECK_PASS, v.checks[k].code == NULL);
			assert_int_equal(v.checks[k].result == CHECK_PASS, v.checks[k].detail == NULL);
		}
	}
}

/* Each fixture is a test of its own, by its name. */
int main(void)
{
	static struct CMUnitTest tests[COUNT(fixtures) + 4] = {
		cmocka_unit_test(every_row_has_fixtures),
		cmocka_unit_test(the_worst_decides),
		cmocka_unit_test(V14_V15_decide_in_the_hold),
		cmocka_unit_test(names_checks),
	};

	for (size_t i = 0; i < COUNT(fixtures); i++)
		tests[4 + i] = (struct CMUnitTest){ fixtures[i].name, decides, NULL, NULL, &fixtures[i] };
	return cmocka_run_group_tests_name("S3 S4 S5 S6 S7 S8 S9 S10 S11 verdict", tests, NULL, NULL);
}
