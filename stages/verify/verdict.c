#include "verdict.h"

#include <assert.h>

const struct policy policy_v1 = { .version = 1, .level = 3 };

static struct check pass(const char *id)
{
	return (struct check){ id, CHECK_PASS, NULL, NULL };
}

static struct check repository(const struct facts *f)
{
	if (f->pull_repo_id == f->repo_id)
		return pass("V1");
	return (struct check){ "V1", CHECK_FAIL, "verify.repository",
		"merged in another repository than the bounty's" };
}

static struct check not_merged(const char *id)
{
	return (struct check){ id, CHECK_WAIT, "verify.not_merged", "GitHub does not say that it is merged" };
}

static struct check merged(const struct facts *f)
{
	return f->merged && f->merged_at > 0 ? pass("V2") : not_merged("V2");
}

static struct check base(const struct facts *f, const struct policy *p)
{
	if (str_eq(f->base, f->default_branch))
		return pass("V3");
	for (size_t i = 0; i < p->n_branches; i++)
		if (str_eq(f->base, p->branches[i]))
			return pass("V3");
	return (struct check){ "V3", CHECK_REVIEW, "verify.base",
		"merged into a branch that is neither the default one nor listed" };
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
	if (is_sha(f->merge_sha))
		return pass("V4");
	return (struct check){ "V4", CHECK_FAIL, "verify.commit", "GitHub names no merge commit" };
}

static struct check reachable(const struct facts *f)
{
	if (!f->merged)
		return not_merged("V5");
	if (f->reachable)
		return pass("V5");
	return (struct check){ "V5", CHECK_FAIL, "verify.unreachable",
		"the merge commit is not in the default branch's history" };
}

static bool closer_agrees(const struct facts *f)
{
	return f->merged && f->closer_sha.n > 0 && str_eq(f->closer_sha, f->merge_sha);
}

/* What was read only after the merge may have been written after it. */
static int32_t level_of(const struct facts *f)
{
	if (closer_agrees(f) || (f->reference && f->reference_seen))
		return 5;
	if (f->claim && f->claim_seen)
		return 4;
	if (f->commit)
		return 2;
	return f->reference || f->claim ? 1 : 0;
}

static struct check closure(const struct facts *f, const struct policy *p)
{
	if (!str_eq(f->issue_state, STR("closed")))
		return (struct check){ "V6", CHECK_REVIEW, "verify.issue_open", "the issue is still open" };
	if (!str_eq(f->issue_reason, STR("completed")))
		return (struct check){ "V6", CHECK_REVIEW, "verify.issue_not_completed",
			"the issue was closed, but not as completed" };
	if (closer_agrees(f) || level_of(f) >= p->level)
		return pass("V6");
	return (struct check){ "V6", CHECK_REVIEW, "verify.closer",
		"another change closed the issue, and the evidence for this one is weak" };
}

static struct check author(const struct facts *f)
{
	if (!str_eq(f->author_type, STR("User")))
		return (struct check){ "V7", CHECK_FAIL, "verify.author_not_user", "the author is not a person" };
	if (f->claimant_uid == 0)
		return (struct check){ "V7", CHECK_WAIT, "verify.author_unlinked",
			"the author has not linked a wallet to the GitHub account" };
	if (f->author_uid == f->claimant_uid)
		return pass("V7");
	return (struct check){ "V7", CHECK_FAIL, "verify.author", "the claimant is not the pull request's author" };
}

static struct check first(const struct facts *f)
{
	if (f->rival_won != 0)
		return (struct check){ "V16", CHECK_FAIL, "verify.not_first",
			"another pull request has won this bounty" };
	if (f->rival_first != 0)
		return (struct check){ "V16", CHECK_WAIT, "verify.rival_undecided",
			"a pull request that was merged earlier is not decided yet" };
	return pass("V16");
}

void verdict_of(const struct facts *f, const struct policy *p, struct verdict *out)
{
	*out = (struct verdict){
		.checks = { repository(f), merged(f), base(f, p), commit(f), reachable(f), closure(f, p), author(f),
			first(f) },
		.level = level_of(f),
	};
	out->decided = &out->checks[0];
	for (size_t i = 1; i < VERDICT_CHECKS; i++)
		if (out->checks[i].result > out->decided->result)
			out->decided = &out->checks[i];
	out->result = out->decided->result;
}

const char *check_result_name(enum check_result r)
{
	static const char *const names[] = { "pass", "review", "wait", "fail" };

	assert(r <= CHECK_FAIL);
	return names[r];
}
