/* The verdict: a pull request that wins, and each way in which one does not. */
#include "check.h"

#include "crypto/digest.h"
#include "stages/verify/facts.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"

/* A merged pull request that passes every check, with evidence level 5 by GitHub's closer and link. */
static const int64_t kin[] = { 7 };
static const int32_t rivals[] = { 5 };
static const int64_t helpers[] = { 12 };
#define DAY (86400 * USEC_S)
#define MERGED_AT (1700000000 * USEC_S)
static const struct facts good = {
	.repo_id = 10,
	.claimant_uid = 7,
	.issue_number = 3,
	.reference_seen = true,
	.kin = kin,
	.n_kin = 1,
	.rivals = rivals,
	.n_rivals = 1,
	.deadline = MERGED_AT + 30 * DAY,
	.grace = 14 * DAY,
	.told_at = MERGED_AT + 5 * USEC_S,
	.issue_id = 33,
	.pull_id = 44,
	.pull_repo_id = 10,
	.author_uid = 7,
	.merger_uid = 8,
	.pull_number = 4,
	.default_branch = { "main", 4 },
	.issue_state = { "closed", 6 },
	.issue_reason = { "completed", 9 },
	.base = { "main", 4 },
	.head_sha = { SHA, 40 },
	.merge_sha = { SHA, 40 },
	.author_type = { "User", 4 },
	.merger_type = { "User", 4 },
	.merged = true,
	.merged_at = MERGED_AT,
	.opened_at = MERGED_AT - DAY,
	.closer = CLOSER_OURS,
	.reference = true,
	.reachable = true,
	.approved = true,
	.reviewed = true,
	.ci = CI_GREEN,
	.diff = DIFF_REAL,
};

static void nothing(struct facts *f)
{
	(void)f;
}
static void other_repo(struct facts *f)
{
	f->pull_repo_id = 11;
}
static void not_merged(struct facts *f)
{
	f->merged = f->reachable = false;
	f->closer = CLOSER_NONE;
}
static void no_time(struct facts *f)
{
	f->merged_at = 0;
}
static void other_base(struct facts *f)
{
	f->base = STR("next");
}
static void listed_base(struct facts *f)
{
	f->base = STR("stable");
}
static void base_of_project(struct facts *f)
{
	static const str branches[] = { { "stable", 6 } };

	f->base = STR("stable");
	f->branches = branches;
	f->n_branches = 1;
}
static void no_commit(struct facts *f)
{
	f->merge_sha = (str){ NULL, 0 };
}
static void short_commit(struct facts *f)
{
	f->merge_sha = STR("0123456");
}
static void upper_commit(struct facts *f)
{
	f->merge_sha = STR("0123456789ABCDEF0123456789ABCDEF01234567");
}
static void long_commit(struct facts *f)
{
	f->merge_sha = STR(SHA "0123456789abcdef01234567");
}
static void unreachable(struct facts *f)
{
	f->reachable = false;
}
static void issue_open(struct facts *f)
{
	f->issue_state = STR("open");
}
static void issue_not_planned(struct facts *f)
{
	f->issue_reason = STR("not_planned");
}
static void issue_without_reason(struct facts *f)
{
	f->issue_reason = (str){ NULL, 0 };
}
static void bot(struct facts *f)
{
	f->author_type = STR("Bot");
}
static void ghost(struct facts *f)
{
	f->author_type = (str){ NULL, 0 };
}
static void unlinked(struct facts *f)
{
	f->claimant_uid = 0;
}
static void unlinked_bot(struct facts *f)
{
	unlinked(f);
	bot(f);
}
static void other_author(struct facts *f)
{
	f->author_uid = 9;
}
static void helped(struct facts *f)
{
	f->co_authors = helpers;
	f->n_co_authors = 1;
}
static void helped_by_nobody_known(struct facts *f)
{
	f->unknown_authors = 1;
}
static void self_merged(struct facts *f)
{
	f->merger_uid = 7;
	f->approved = false;
}
static void self_merged_and_approved(struct facts *f)
{
	f->merger_uid = 7;
}
static void merged_by_kin(struct facts *f)
{
	static const int64_t both[] = { 7, 8 };

	f->kin = both;
	f->n_kin = 2;
	f->approved = false;
}
static void merger_unknown(struct facts *f)
{
	f->merger_uid = 0;
	f->approved = false;
}
static void merged_by_bot(struct facts *f)
{
	f->merger_type = STR("Bot");
	f->approved = false;
}
static void merged_by_bot_and_approved(struct facts *f)
{
	f->merger_type = STR("Bot");
}
static void funder_is_payee(struct facts *f)
{
	f->funder_is_claimant = true;
}
static void reciprocal(struct facts *f)
{
	f->reciprocal = true;
}
static void stale_review(struct facts *f)
{
	f->reviewed = f->approved = false;
	f->review_stale = true;
}
static void no_review(struct facts *f)
{
	f->reviewed = f->approved = false;
}
static void red(struct facts *f)
{
	f->ci = CI_RED;
}
static void pending(struct facts *f)
{
	f->ci = CI_PENDING;
}
static void no_checks(struct facts *f)
{
	f->ci = CI_NONE;
}
static void checks_unknown(struct facts *f)
{
	f->ci = CI_UNKNOWN;
}
static void empty_diff(struct facts *f)
{
	f->diff = DIFF_EMPTY;
}
static void whitespace(struct facts *f)
{
	f->diff = DIFF_WHITESPACE;
}
static void generated(struct facts *f)
{
	f->diff = DIFF_GENERATED;
}
static void diff_unknown(struct facts *f)
{
	f->diff = DIFF_UNKNOWN;
}
static void reverted(struct facts *f)
{
	f->reverted = true;
}
static void reach_unknown(struct facts *f)
{
	f->reachable = false;
	f->reach_unknown = true;
}
static void since_unknown(struct facts *f)
{
	f->since_unknown = true;
}
static void reverted_and_more(struct facts *f)
{
	f->reverted = f->since_unknown = true;
}
static void rival_won(struct facts *f)
{
	f->rival_won = 5;
}
static void rival_first(struct facts *f)
{
	f->rival_first = 5;
}
static void both_rivals(struct facts *f)
{
	f->rival_won = 5;
	f->rival_first = 6;
}
static void in_grace(struct facts *f)
{
	f->deadline = MERGED_AT - 10 * DAY;
	f->opened_at = MERGED_AT - 11 * DAY;
}
static void opened_late(struct facts *f)
{
	f->deadline = MERGED_AT - 10 * DAY;
}
static void after_grace(struct facts *f)
{
	f->deadline = MERGED_AT - 15 * DAY;
	f->opened_at = MERGED_AT - 16 * DAY;
}
static void to_the_second(struct facts *f)
{
	f->deadline = MERGED_AT;
	f->grace = 0;
}
static void clock_ahead(struct facts *f)
{
	f->told_at = MERGED_AT - 121 * USEC_S;
}
static void clock_a_little_ahead(struct facts *f)
{
	f->told_at = MERGED_AT - 120 * USEC_S;
}
static void never_told(struct facts *f)
{
	f->told_at = 0;
}

static void no_evidence(struct facts *f)
{
	f->closer = CLOSER_NONE;
	f->reference = f->reference_seen = f->claim = f->claim_seen = f->commit = false;
}
static void closer_alone(struct facts *f)
{
	no_evidence(f);
	f->closer = CLOSER_OURS;
}
static void reference_alone(struct facts *f)
{
	no_evidence(f);
	f->reference = f->reference_seen = true;
}
static void late_reference(struct facts *f)
{
	no_evidence(f);
	f->reference = true;
}
static void lost_reference(struct facts *f)
{
	no_evidence(f);
	f->reference_seen = true;
}
static void removed_reference(struct facts *f)
{
	lost_reference(f);
	f->frozen = true;
}
static void claim_alone(struct facts *f)
{
	no_evidence(f);
	f->claim = f->claim_seen = true;
}
static void late_claim(struct facts *f)
{
	no_evidence(f);
	f->claim = true;
}
static void added_claim(struct facts *f)
{
	late_claim(f);
	f->frozen = true;
}
static void lost_claim(struct facts *f)
{
	no_evidence(f);
	f->claim_seen = true;
}
static void removed_claim(struct facts *f)
{
	lost_claim(f);
	f->frozen = true;
}
static void dated_claim(struct facts *f)
{
	no_evidence(f);
	f->claim_dated = true;
}
static void sidebar(struct facts *f)
{
	no_evidence(f);
	f->linked = true;
}
static void commit_alone(struct facts *f)
{
	no_evidence(f);
	f->commit = true;
}
static void awarded(struct facts *f)
{
	no_evidence(f);
	f->awarded = true;
	f->awarder_uid = 8;
	f->award_comment = 500;
}
static void awarded_by_author(struct facts *f)
{
	awarded(f);
	f->awarder_uid = 7;
}
static void awarded_by_kin(struct facts *f)
{
	static const int64_t shared[] = { 7, 8 };

	awarded(f);
	f->kin = shared;
	f->n_kin = 2;
}
static void awarded_by_funder_of_themselves(struct facts *f)
{
	awarded(f);
	f->funder_is_claimant = true;
}
static void awarded_and_claimed(struct facts *f)
{
	awarded(f);
	f->claim = f->claim_seen = true;
}
static void awarded_and_claimed_late(struct facts *f)
{
	awarded(f);
	f->claim = true;
}
static void awarded_issue_open(struct facts *f)
{
	awarded(f);
	f->issue_state = STR("open");
}
static void awarded_rival_closer(struct facts *f)
{
	awarded(f);
	f->closer = CLOSER_RIVAL;
}
static void awarded_undecided_closer(struct facts *f)
{
	awarded(f);
	f->closer = CLOSER_UNDECIDED;
}
static void awarded_after_rival_won(struct facts *f)
{
	awarded(f);
	f->rival_won = 5;
}
static void other_closer(struct facts *f)
{
	f->closer = CLOSER_OTHER;
}
static void claim_other_closer(struct facts *f)
{
	claim_alone(f);
	other_closer(f);
}
static void claim_rival_closer(struct facts *f)
{
	claim_alone(f);
	f->closer = CLOSER_RIVAL;
}
static void reference_rival_closer(struct facts *f)
{
	f->closer = CLOSER_RIVAL;
}
static void claim_undecided_closer(struct facts *f)
{
	claim_alone(f);
	f->closer = CLOSER_UNDECIDED;
}
static void reference_undecided_closer(struct facts *f)
{
	f->closer = CLOSER_UNDECIDED;
}
static void commit_other_closer(struct facts *f)
{
	commit_alone(f);
	other_closer(f);
}
static void review_and_fail(struct facts *f)
{
	other_base(f);
	unreachable(f);
}
static void review_and_wait(struct facts *f)
{
	other_base(f);
	unlinked(f);
}
static void wait_and_fail(struct facts *f)
{
	unlinked(f);
	rival_won(f);
}

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

static void V3_obeys_policy(void **state)
{
	static const str branches[] = { { "stable", 6 } };
	struct policy p = policy_merge;
	struct facts f = good;
	struct verdict v;

	(void)state;
	p.branches = branches;
	p.n_branches = 1;
	p.level = 2;
	listed_base(&f);
	verdict_of(&f, &p, &v);
	assert_int_equal(v.result, CHECK_PASS);
	commit_alone(&f);
	verdict_of(&f, &p, &v);
	assert_int_equal(v.result, CHECK_PASS);
	late_claim(&f);
	verdict_of(&f, &p, &v);
	assert_int_equal(v.result, CHECK_REVIEW);
}

/* What would only be told stops for a person where the project asks for it, and there alone. */
static void P10_what_a_project_requires(void **state)
{
	static const struct {
		int check;
		void (*change)(struct facts *f);
		const char *code;
	} table[] = {
		{ 8, helped_by_nobody_known, "verify.co_authors" },
		{ 11, no_review, "verify.not_approved" },
		{ 12, red, "verify.ci_red" },
		{ 13, whitespace, "verify.diff_whitespace" },
	};
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct policy merge = policy_merge, hold = policy_hold;
		struct facts f = good;

		table[i].change(&f);
		verdict_of(&f, &merge, &v);
		assert_int_equal(v.result, CHECK_PASS);
		merge.required = hold.required = UINT32_C(1) << table[i].check;
		verdict_of(&f, &merge, &v);
		assert_int_equal(v.result, CHECK_REVIEW);
		assert_string_equal(v.decided->code, table[i].code);
		verdict_of(&f, &hold, &v);
		assert_int_equal(v.result, CHECK_PASS);
		verdict_of(&good, &merge, &v);
		assert_int_equal(v.result, CHECK_PASS);
	}
}

/* An approval by somebody who may not write is none that a project asks for. */
static void P10_a_required_review_is_of_somebody_who_may_write(void **state)
{
	struct policy p = policy_merge;
	struct facts f = good;
	struct verdict v;

	(void)state;
	f.approved = false;
	verdict_of(&f, &p, &v);
	assert_int_equal(v.result, CHECK_PASS);
	p.required = UINT32_C(1) << 11;
	verdict_of(&f, &p, &v);
	assert_string_equal(v.decided->code, "verify.not_approved");
}

/* The document is the file, byte for byte; it may ask for more, not for less. */
static void P10_a_file_changes_the_policy(void **state)
{
	struct source s = { .role = STR("policy"),
		.bytes = STR(
			"{\"version\": 1, \"evidence\": 4, \"branches\": [\"stable\"], \"require\": [\"checks\", \"review\"]}"),
		.url = STR("u") };
	struct policy p;
	struct work w;
	str text;

	(void)state;
	work_init(&w);
	assert_true(policy_of(&w, &policy_merge, NULL, 0, &p) && p.project.p == NULL && p.required == 0);
	assert_true(policy_of(&w, &policy_merge, &s, 1, &p) && policy_text(&w, &p, &text));
	assert_str(text,
		"{\"branches\":[\"stable\"],\"deciding\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17],\"level\":4,"
		"\"name\":\"merge\",\"project\":\"26c5324645dfd2ed5aac09cb7ac5077147c57f2c539ee66d1293a330b96a595a\","
		"\"required\":[11,12],\"skew_seconds\":120,\"version\":3}");
	s.bytes = STR("{\"version\": 1, \"evidence\": 1}");
	assert_false(policy_of(&w, &policy_merge, &s, 1, &p));
	assert_string_equal(w.err.code, "policy.value");
	work_end(&w);
}

/* All that was found is told, best first. */
static void S3_tells_every_tie(void **state)
{
	struct tie ties[TIES_MAX];
	struct facts f = good;

	(void)state;
	f.claim = f.claim_seen = f.linked = f.commit = true;
	assert_int_equal(verdict_ties(&f, ties), 5);
	assert_string_equal(ties[0].source, "closer");
	assert_string_equal(ties[1].source, "closing_reference");
	assert_string_equal(ties[2].source, "claim");
	assert_string_equal(ties[3].source, "linked");
	assert_string_equal(ties[4].source, "commit");
	assert_int_equal(ties[4].level, 2);
	f.awarded = true;
	assert_int_equal(verdict_ties(&f, ties), 6);
	assert_string_equal(ties[5].source, "award");
	assert_int_equal(ties[5].level, 0);
}

static struct source source_of(const char *bytes)
{
	struct source s = { .role = STR("r"), .bytes = str_c(bytes), .url = str_c("x") };

	sha256(s.bytes, s.sha256);
	return s;
}

/* The root does not depend on the order in which things were read, nor on reading one twice. */
static void sorts_evidence(void **state)
{
	struct source a[] = { source_of("1"), source_of("2"), source_of("3"), source_of("2") };
	struct source b[] = { source_of("3"), source_of("2"), source_of("1") };
	uint8_t root_a[32], root_b[32];

	(void)state;
	evidence_sort(a, COUNT(a), root_a);
	evidence_sort(b, COUNT(b), root_b);
	assert_memory_equal(root_a, root_b, 32);
	for (size_t i = 1; i < COUNT(a); i++)
		assert_true(memcmp(a[i - 1].sha256, a[i].sha256, 32) <= 0);
}

/* The same facts, the same bytes; another fact, other bytes. */
static void same_bytes(void **state)
{
	struct facts f = good;
	struct source s = source_of("1");
	struct verdict v;
	struct work w;
	str one, two, three;
	size_t at;

	(void)state;
	work_init(&w);
	verdict_of(&f, &policy_merge, &v);
	assert_true(verdict_text(&w, &v, &f, &policy_merge, &s, 1, &one));
	assert_true(verdict_text(&w, &v, &f, &policy_merge, &s, 1, &two));
	assert_true(str_eq(one, two));
	unreachable(&f);
	verdict_of(&f, &policy_merge, &v);
	assert_true(verdict_text(&w, &v, &f, &policy_merge, &s, 1, &three));
	assert_false(str_eq(one, three));
	assert_false(str_find(one, STR("award"), &at));
	awarded(&f);
	verdict_of(&f, &policy_merge, &v);
	assert_true(verdict_text(&w, &v, &f, &policy_merge, &s, 1, &three));
	assert_true(str_find(three, STR("{\"award\":{\"actor_uid\":8,\"comment_id\":500},"), &at) && at == 0);
	assert_true(str_find(three, STR("\"ties\":[{\"level\":0,\"source\":\"award\"}]"), &at)); /* S3 */
	assert_true(str_starts(one,
		STR("{\"checks\":[{\"code\":null,\"detail\":null,\"id\":\"V1\",\"result\":\"pass\",\"severity\":null}")));
	work_end(&w);
}

static void policy_bytes(void **state)
{
	struct work w;
	str text;

	(void)state;
	work_init(&w);
	assert_true(policy_text(&w, &policy_merge, &text));
	assert_str(text,
		"{\"branches\":[],\"deciding\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17],\"level\":3,"
		"\"name\":\"merge\",\"skew_seconds\":120,\"version\":3}");
	assert_true(policy_text(&w, &policy_hold, &text));
	assert_str(text,
		"{\"branches\":[],\"deciding\":[1,2,4,14,15],\"level\":3,\"name\":\"hold\",\"skew_seconds\":120,"
		"\"version\":3}");
	work_end(&w);
}

/* Each fixture is a test of its own, by its name. */
int main(void)
{
	static struct CMUnitTest tests[COUNT(fixtures) + 12] = {
		cmocka_unit_test(every_row_has_fixtures),
		cmocka_unit_test(the_worst_decides),
		cmocka_unit_test(V14_V15_decide_in_the_hold),
		cmocka_unit_test(names_checks),
		cmocka_unit_test(V3_obeys_policy),
		cmocka_unit_test(P10_what_a_project_requires),
		cmocka_unit_test(P10_a_required_review_is_of_somebody_who_may_write),
		cmocka_unit_test(P10_a_file_changes_the_policy),
		cmocka_unit_test(S3_tells_every_tie),
		cmocka_unit_test(sorts_evidence),
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(policy_bytes),
	};

	for (size_t i = 0; i < COUNT(fixtures); i++)
		tests[12 + i] = (struct CMUnitTest){ fixtures[i].name, decides, NULL, NULL, &fixtures[i] };
	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
