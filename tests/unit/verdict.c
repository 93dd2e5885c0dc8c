/* The verdict: a pull request that wins, and each way in which one does not. */
#include "check.h"

#include "crypto/digest.h"
#include "stages/verify/verdict.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"

/* A merged pull request that passes every check, with evidence level 5. */
static const struct facts good = {
	.repo_id = 10,
	.claimant_uid = 7,
	.issue_number = 3,
	.reference_seen = true,
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
	.closer_sha = { SHA, 40 },
	.merged = true,
	.merged_at = 1700000000 * USEC_S,
	.reference = true,
	.reachable = true,
};

static void other_repo(struct facts *f)
{
	f->pull_repo_id = 11;
}
static void not_merged(struct facts *f)
{
	f->merged = false;
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
	f->merge_sha = f->closer_sha = STR(SHA "0123456789abcdef01234567");
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
	f->claimant_uid = 0;
	f->author_type = STR("Bot");
}
static void other_author(struct facts *f)
{
	f->author_uid = 9;
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
static void nothing(struct facts *f)
{
	(void)f;
}

static void no_evidence(struct facts *f)
{
	f->closer_sha = (str){ NULL, 0 };
	f->reference = f->reference_seen = f->claim = f->claim_seen = f->commit = false;
}
static void closer_alone(struct facts *f)
{
	no_evidence(f);
	f->closer_sha = f->merge_sha;
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
static void withdrawn_reference(struct facts *f)
{
	no_evidence(f);
	f->reference_seen = true;
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
static void withdrawn_claim(struct facts *f)
{
	no_evidence(f);
	f->claim_seen = true;
}
static void commit_alone(struct facts *f)
{
	no_evidence(f);
	f->commit = true;
}
static void other_closer(struct facts *f)
{
	f->closer_sha = STR("ffffffffffffffffffffffffffffffffffffffff");
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

static const struct fixture {
	const char *name;
	void (*change)(struct facts *f);
	enum check_result result;
	const char *id, *code; /* of the check that decides */
	int level;
} fixtures[] = {
	{ "good", nothing, CHECK_PASS, "V1", NULL, 5 },
	{ "other repository", other_repo, CHECK_FAIL, "V1", "verify.repository", 5 },
	{ "not merged", not_merged, CHECK_WAIT, "V2", "verify.not_merged", 5 },
	{ "merged without a time", no_time, CHECK_WAIT, "V2", "verify.not_merged", 5 },
	{ "other base", other_base, CHECK_REVIEW, "V3", "verify.base", 5 },
	{ "base that is not listed", listed_base, CHECK_REVIEW, "V3", "verify.base", 5 },
	{ "no merge commit", no_commit, CHECK_FAIL, "V4", "verify.commit", 5 },
	{ "abbreviated commit", short_commit, CHECK_FAIL, "V4", "verify.commit", 5 },
	{ "commit in capitals", upper_commit, CHECK_FAIL, "V4", "verify.commit", 5 },
	{ "SHA-256 commit", long_commit, CHECK_PASS, "V1", NULL, 5 },
	{ "unreachable", unreachable, CHECK_FAIL, "V5", "verify.unreachable", 5 },
	{ "issue open", issue_open, CHECK_REVIEW, "V6", "verify.issue_open", 5 },
	{ "issue not planned", issue_not_planned, CHECK_REVIEW, "V6", "verify.issue_not_completed", 5 },
	{ "issue without reason", issue_without_reason, CHECK_REVIEW, "V6", "verify.issue_not_completed", 5 },
	{ "no evidence", no_evidence, CHECK_REVIEW, "V6", "verify.closer", 0 },
	{ "closer alone", closer_alone, CHECK_PASS, "V1", NULL, 5 },
	{ "reference alone", reference_alone, CHECK_PASS, "V1", NULL, 5 },
	{ "reference after the merge", late_reference, CHECK_REVIEW, "V6", "verify.closer", 1 },
	{ "reference withdrawn", withdrawn_reference, CHECK_REVIEW, "V6", "verify.closer", 0 },
	{ "claim alone", claim_alone, CHECK_PASS, "V1", NULL, 4 },
	{ "claim after the merge", late_claim, CHECK_REVIEW, "V6", "verify.closer", 1 },
	{ "claim withdrawn", withdrawn_claim, CHECK_REVIEW, "V6", "verify.closer", 0 },
	{ "commit alone", commit_alone, CHECK_REVIEW, "V6", "verify.closer", 2 },
	{ "commit, closed by another", commit_other_closer, CHECK_REVIEW, "V6", "verify.closer", 2 },
	{ "reference, closed by another", other_closer, CHECK_PASS, "V1", NULL, 5 },
	{ "bot", bot, CHECK_FAIL, "V7", "verify.author_not_user", 5 },
	{ "deleted account", ghost, CHECK_FAIL, "V7", "verify.author_not_user", 5 },
	{ "author not linked", unlinked, CHECK_WAIT, "V7", "verify.author_unlinked", 5 },
	{ "bot not linked", unlinked_bot, CHECK_FAIL, "V7", "verify.author_not_user", 5 },
	{ "other author", other_author, CHECK_FAIL, "V7", "verify.author", 5 },
	{ "rival has won", rival_won, CHECK_FAIL, "V16", "verify.not_first", 5 },
	{ "rival was first", rival_first, CHECK_WAIT, "V16", "verify.rival_undecided", 5 },
	{ "rival has won, another was first", both_rivals, CHECK_FAIL, "V16", "verify.not_first", 5 },
	{ "failure before review", review_and_fail, CHECK_FAIL, "V5", "verify.unreachable", 5 },
	{ "wait before review", review_and_wait, CHECK_WAIT, "V7", "verify.author_unlinked", 5 },
	{ "failure before wait", wait_and_fail, CHECK_FAIL, "V16", "verify.not_first", 5 },
};

static bool agrees(const struct fixture *x, const struct verdict *v)
{
	return v->result == x->result && v->level == x->level && strcmp(v->decided->id, x->id) == 0 &&
		str_eq(str_c(v->decided->code), str_c(x->code));
}

static void decides(void **state)
{
	int wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(fixtures); i++) {
		struct facts f = good;
		struct verdict v;

		fixtures[i].change(&f);
		/* V5 and the closer speak of the merge: what an unmerged pull request says of them is not yet true */
		if (!f.merged)
			f.reachable = false;
		verdict_of(&f, &policy_v1, &v);
		if (agrees(&fixtures[i], &v))
			continue;
		print_error("%s: %s by %s %s, level %d\n", fixtures[i].name, check_result_name(v.result), v.decided->id,
			v.decided->code == NULL ? "-" : v.decided->code, v.level);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* Each check is there once, in order, and only those that did not pass carry a code. */
static void names_checks(void **state)
{
	static const char *const ids[] = { "V1", "V2", "V3", "V4", "V5", "V6", "V7", "V16" };

	(void)state;
	for (size_t i = 0; i < COUNT(fixtures); i++) {
		struct facts f = good;
		struct verdict v;

		fixtures[i].change(&f);
		verdict_of(&f, &policy_v1, &v);
		for (size_t k = 0; k < VERDICT_CHECKS; k++) {
			assert_string_equal(v.checks[k].id, ids[k]);
			assert_int_equal(v.checks[k].result == CHECK_PASS, v.checks[k].code == NULL);
			assert_int_equal(v.checks[k].result == CHECK_PASS, v.checks[k].detail == NULL);
		}
	}
}

static void obeys_policy(void **state)
{
	static const str branches[] = { { "stable", 6 } };
	struct policy p = { .version = 2, .branches = branches, .n_branches = 1, .level = 2 };
	struct facts f = good;
	struct verdict v;

	(void)state;
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

static struct source source_of(const char *bytes)
{
	struct source s = { .bytes = str_c(bytes), .url = str_c("x") };

	sha256(s.bytes, s.sha256);
	return s;
}

/* The root does not depend on the order in which things were read, nor on reading one twice. */
static void sorts_evidence(void **state)
{
	struct source a[] = { source_of("1"), source_of("2"), source_of("3"), source_of("2") };
	struct source b[] = { source_of("3"), source_of("2"), source_of("1") };
	uint8_t root_a[32], root_b[32];
	size_t n_a = COUNT(a), n_b = COUNT(b);

	(void)state;
	evidence_sort(a, &n_a, root_a);
	evidence_sort(b, &n_b, root_b);
	assert_int_equal(n_a, 3);
	assert_memory_equal(root_a, root_b, 32);
	for (size_t i = 1; i < n_a; i++)
		assert_true(memcmp(a[i - 1].sha256, a[i].sha256, 32) < 0);
}

/* The same facts, the same bytes; another fact, other bytes. */
static void same_bytes(void **state)
{
	struct facts f = good;
	struct source s = source_of("1");
	struct verdict v;
	struct work w;
	str one, two, three;

	(void)state;
	work_init(&w);
	verdict_of(&f, &policy_v1, &v);
	assert_true(verdict_text(&w, &v, &f, &policy_v1, &s, 1, &one));
	assert_true(verdict_text(&w, &v, &f, &policy_v1, &s, 1, &two));
	assert_true(str_eq(one, two));
	unreachable(&f);
	verdict_of(&f, &policy_v1, &v);
	assert_true(verdict_text(&w, &v, &f, &policy_v1, &s, 1, &three));
	assert_false(str_eq(one, three));
	assert_true(
		str_starts(one, STR("{\"checks\":[{\"code\":null,\"detail\":null,\"id\":\"V1\",\"result\":\"pass\"}")));
	work_end(&w);
}

static void policy_bytes(void **state)
{
	struct work w;
	str text;

	(void)state;
	work_init(&w);
	assert_true(policy_text(&w, &policy_v1, &text));
	assert_str(text,
		"{\"branches\":[],\"checks\":[\"V1\",\"V2\",\"V3\",\"V4\",\"V5\",\"V6\",\"V7\",\"V16\"],\"level\":3,"
		"\"version\":1}");
	work_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(names_checks),
		cmocka_unit_test(obeys_policy),
		cmocka_unit_test(sorts_evidence),
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(policy_bytes),
	};

	return cmocka_run_group_tests_name("verdict", tests, NULL, NULL);
}
