#include "verdict.h"

#include <assert.h>

#define BIT(n) (UINT32_C(1) << (n))

const struct policy policy_merge = {
	.version = 3, .name = "merge", .level = 3, .skew = 120 * USEC_S, .deciding = BIT(18) - BIT(1)
};
/* V15 is V5 once more, and says that it was right before. */
const struct policy policy_hold = { .version = 3,
	.name = "hold",
	.level = 3,
	.skew = 120 * USEC_S,
	.deciding = BIT(1) | BIT(2) | BIT(4) | BIT(14) | BIT(15) };

static struct check pass(const char *id)
{
	return (struct check){ .id = id };
}

static struct check fail(const char *id, const char *code, const char *detail)
{
	return (struct check){ id, CHECK_FAIL, NULL, code, detail };
}

static struct check wait(const char *id, const char *code, const char *detail)
{
	return (struct check){ id, CHECK_WAIT, NULL, code, detail };
}

static struct check review(const char *id, const char *severity, const char *code, const char *detail)
{
	return (struct check){ id, CHECK_REVIEW, severity, code, detail };
}

static struct check flag(const char *id, const char *severity, const char *code, const char *detail)
{
	return (struct check){ id, CHECK_FLAG, severity, code, detail };
}

static struct check repository(const struct facts *f)
{
	return f->pull_repo_id == f->repo_id
		? pass("V1")
		: fail("V1", "verify.repository", "merged in another repository than the bounty's");
}

static struct check not_merged(const char *id)
{
	return wait(id, "verify.not_merged", "GitHub does not say that it is merged");
}

static struct check merged(const struct facts *f)
{
	return f->merged && f->merged_at > 0 ? pass("V2") : not_merged("V2");
}

static bool is_listed(str branch, const str *branches, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(branch, branches[i]))
			return true;
	return false;
}

bool policy_lists(const struct policy *p, const struct facts *f, str branch)
{
	return is_listed(branch, f->branches, f->n_branches) || is_listed(branch, p->branches, p->n_branches);
}

static struct check base(const struct facts *f, const struct policy *p)
{
	if (str_eq(f->base, f->default_branch) || policy_lists(p, f, f->base))
		return pass("V3");
	return review("V3", NULL, "verify.base", "merged into a branch that is neither the default one nor listed");
}

static bool is_sha(str s)
{
	size_t hex = 0;

	for (size_t i = 0; i < s.n; i++)
		hex += (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
	return hex == s.n && (s.n == 40 || s.n == 64);
}

static struct check commit(const struct facts *f)
{
	if (!f->merged) /* before the merge GitHub names a test commit here */
		return not_merged("V4");
	return is_sha(f->merge_sha) ? pass("V4") : fail("V4", "verify.commit", "GitHub names no merge commit");
}

static struct check reach_unknown(const char *id)
{
	return review(id, "high", "verify.reach_unknown", "GitHub does not find the merge commit, or not the branch");
}

static struct check reachable(const struct facts *f)
{
	if (!f->merged)
		return not_merged("V5");
	if (f->reach_unknown)
		return reach_unknown("V5");
	return f->reachable ? pass("V5")
			    : fail("V5", "verify.unreachable", "the merge commit is not in the branch's history");
}

/* What was read only after the merge may have been written after it; what stood there at the merge stays, unless it was read
 * earlier and is gone, and the merge's own delivery was not read: then it may have gone before. */
static bool stood(const struct facts *f, bool seen, bool now)
{
	return seen && (now || f->frozen);
}

size_t verdict_ties(const struct facts *f, struct tie out[TIES_MAX])
{
	bool reference = stood(f, f->reference_seen, f->reference), claim = stood(f, f->claim_seen, f->claim);
	const struct {
		bool found;
		struct tie tie;
	} all[TIES_MAX] = {
		{ f->merged && f->closer == CLOSER_OURS, { 5, "closer" } },
		{ reference, { 5, "closing_reference" } },
		{ claim, { 4, "claim" } },
		{ f->claim_dated && !claim, { 4, "claim_comment" } },
		{ f->linked, { 3, "linked" } },
		{ f->commit, { 2, "commit" } },
		{ f->reference && !reference, { 1, "late_reference" } },
		{ f->claim && !claim, { 1, "late_claim" } },
		{ f->awarded, { 0, "award" } },
	};
	size_t n = 0;

	for (size_t i = 0; i < TIES_MAX; i++)
		if (all[i].found)
			out[n++] = all[i].tie;
	return n;
}

static int32_t level_of(const struct facts *f)
{
	struct tie ties[TIES_MAX];

	return verdict_ties(f, ties) == 0 ? 0 : ties[0].level;
}

static struct check closed_by_another(const struct facts *f)
{
	if (f->closer != CLOSER_OTHER && level_of(f) < 5 && !f->awarded)
		return fail("V6", "verify.closed_by_rival",
			"GitHub names another pull request for this bounty as what closed the issue");
	if (f->closer == CLOSER_UNDECIDED)
		return wait("V6", "verify.closer_undecided",
			"GitHub names another pull request, which is not judged yet, as what closed the issue");
	return review("V6", NULL, "verify.closer", "GitHub names another change as what closed the issue");
}

static bool is_author_or_kin(const struct facts *f, int64_t uid)
{
	return facts_is_kin(f, uid) || (uid != 0 && uid == f->author_uid);
}

/* A person's word alone is never enough: another person decides, and is told whose word it is. */
static struct check weak(const struct facts *f)
{
	if (!f->awarded)
		return review("V6", NULL, "verify.evidence",
			"the evidence that this pull request was meant for the issue is weak");
	return is_author_or_kin(f, f->awarder_uid)
		? review("V6", "high", "verify.award_own",
			  "who awarded it is its author, or shares a wallet or an account with them")
		: review("V6", NULL, "verify.awarded",
			  "a maintainer awarded it, and nothing else ties it to the issue: another person must agree");
}

static struct check closure(const struct facts *f, const struct policy *p)
{
	if (!str_eq(f->issue_state, STR("closed")))
		return review("V6", NULL, "verify.issue_open", "the issue is still open");
	if (!str_eq(f->issue_reason, STR("completed")))
		return review("V6", NULL, "verify.issue_not_completed", "the issue was closed, but not as completed");
	if (f->closer != CLOSER_NONE && f->closer != CLOSER_OURS)
		return closed_by_another(f);
	return level_of(f) >= p->level ? pass("V6") : weak(f);
}

static struct check author(const struct facts *f)
{
	if (!str_eq(f->author_type, STR("User")))
		return fail("V7", "verify.author_not_user", "the author is not a person");
	if (f->claimant_uid == 0)
		return wait("V7", "verify.author_unlinked", "the author has not linked a wallet to the GitHub account");
	return f->author_uid == f->claimant_uid
		? pass("V7")
		: fail("V7", "verify.author", "the claimant is not the pull request's author");
}

static struct check co_authors(const struct facts *f)
{
	return f->n_co_authors == 0 && f->unknown_authors == 0
		? pass("V8")
		: flag("V8", "low", "verify.co_authors",
			  "others have a part in it: a split is suggested, and changes nothing by itself");
}

static struct check self_merge(const struct facts *f)
{
	if (!f->merged)
		return not_merged("V9");
	if (f->approved)
		return pass("V9");
	if (f->merger_uid == 0)
		return review("V9", NULL, "verify.merger_unknown", "GitHub does not say who merged it");
	if (!str_eq(f->merger_type, STR("User")))
		return review("V9", NULL, "verify.merger_bot",
			"a bot merged it, and nobody with write permission approved its final state");
	return is_author_or_kin(f, f->merger_uid)
		? review("V9", "high", "verify.self_merge",
			  "the author merged it, and nobody else with write permission approved its final state")
		: pass("V9");
}

static struct check collusion(const struct facts *f)
{
	if (f->funder_is_claimant)
		return review("V10", "high", "verify.funder_is_payee",
			"funder and payee are one person, or share a wallet or an account");
	if (f->reciprocal)
		return review("V10", "high", "verify.reciprocal", "funder and payee have paid each other of late");
	return pass("V10");
}

static bool requires(const struct policy *p, int check)
{
	return policy_requires(p, check) && (p->deciding & BIT(check)) != 0;
}

static struct check freshness(const struct facts *f, const struct policy *p)
{
	if (requires(p, 11) && !f->approved)
		return flag("V11", "medium", "verify.not_approved",
			"nobody else with write permission approved its final state, as the project asks for");
	if (f->reviewed)
		return pass("V11");
	return f->review_stale
		? flag("V11", "medium", "verify.review_stale", "the approval was dismissed, or is of an earlier state")
		: flag("V11", "medium", "verify.not_reviewed", "nobody else approved it");
}

static struct check continuous(const struct facts *f)
{
	switch (f->ci) {
	case CI_RED: return flag("V12", "medium", "verify.ci_red", "a check failed on the merge commit");
	case CI_PENDING: return flag("V12", "low", "verify.ci_pending", "a check on the merge commit has not ended");
	case CI_UNKNOWN:
		return flag("V12", "low", "verify.ci_unknown", "the checks on the merge commit cannot be read");
	default: return pass("V12");
	}
}

static struct check substance(const struct facts *f)
{
	switch (f->diff) {
	case DIFF_EMPTY: return flag("V13", "medium", "verify.diff_empty", "it changes nothing");
	case DIFF_WHITESPACE: return flag("V13", "medium", "verify.diff_whitespace", "it changes white space only");
	case DIFF_GENERATED: return flag("V13", "low", "verify.diff_generated", "it changes generated files only");
	case DIFF_UNCOUNTED:
		return flag("V13", "medium", "verify.diff_uncounted",
			"it changes none of the paths that the project counts");
	case DIFF_UNKNOWN: return flag("V13", "low", "verify.diff_unknown", "what it changes cannot be read");
	default: return pass("V13");
	}
}

static struct check revert(const struct facts *f)
{
	if (f->reverted)
		return review("V14", "high", "verify.reverted", "a later commit takes the work back");
	return f->since_unknown
		? review("V14", NULL, "verify.since_unknown", "the commits since the merge cannot be read")
		: pass("V14");
}

static struct check force_push(const struct facts *f)
{
	if (!f->merged)
		return not_merged("V15");
	if (f->reach_unknown)
		return reach_unknown("V15");
	return f->reachable
		? pass("V15")
		: review("V15", "high", "verify.force_pushed", "the merge commit is no longer in the branch's history");
}

static struct check first(const struct facts *f)
{
	if (f->rival_won != 0)
		return fail("V16", "verify.not_first", "another pull request has won this bounty");
	return f->rival_first == 0
		? pass("V16")
		: wait("V16", "verify.rival_undecided", "a pull request that was merged earlier is not decided yet");
}

static struct check in_time(const struct facts *f, const struct policy *p)
{
	usec end = f->deadline + (f->opened_at <= f->deadline ? f->grace : 0);

	if (!f->merged)
		return not_merged("V17");
	if (f->told_at != 0 && f->merged_at > f->told_at + p->skew)
		return review("V17", NULL, "verify.clock_skew", "GitHub's time of the merge lies ahead of our clock");
	return f->merged_at <= end ? pass("V17")
				   : review("V17", NULL, "verify.late", "merged after the bounty's deadline and grace");
}

static bool decides(const struct policy *p, size_t i)
{
	return (p->deciding & BIT(i + 1)) != 0;
}

void verdict_of(const struct facts *f, const struct policy *p, struct verdict *out)
{
	*out = (struct verdict){
		.checks = { repository(f), merged(f), base(f, p), commit(f), reachable(f), closure(f, p), author(f),
			co_authors(f), self_merge(f), collusion(f), freshness(f, p), continuous(f), substance(f),
			revert(f), force_push(f), first(f), in_time(f, p) },
		.level = level_of(f),
	};
	out->decided = &out->checks[0];
	for (int i = 0; i < VERDICT_CHECKS; i++)
		if (requires(p, i + 1) && out->checks[i].result == CHECK_FLAG)
			out->checks[i].result = CHECK_REVIEW;
	for (size_t i = 0; i < VERDICT_CHECKS; i++)
		if (decides(p, i) && out->checks[i].result > out->result && out->checks[i].result != CHECK_FLAG) {
			out->decided = &out->checks[i];
			out->result = out->decided->result;
		}
}

const char *check_result_name(enum check_result r)
{
	static const char *const names[] = { "pass", "flag", "review", "wait", "fail" };

	assert(r <= CHECK_FAIL);
	return names[r];
}
