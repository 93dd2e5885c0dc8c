/* Does this merged pull request win this bounty? A pure function of what was read and of a policy: the same bytes on any
 * machine, at any time. Facts come from documents (facts.h) and from nowhere else. */
#pragma once

#include "base/json.h"

/* Who closed the issue, as GitHub names it; a rival is another submission for the bounty. */
enum closer { CLOSER_NONE, CLOSER_OURS, CLOSER_RIVAL, CLOSER_UNDECIDED, CLOSER_OTHER };
enum ci { CI_UNKNOWN, CI_NONE, CI_GREEN, CI_PENDING, CI_RED }; /* checks on the merge commit */
enum diff { DIFF_UNKNOWN, DIFF_REAL, DIFF_EMPTY, DIFF_WHITESPACE, DIFF_GENERATED, DIFF_UNCOUNTED };

struct facts {
	/* our own rows */
	uuid submission;
	int64_t repo_id;      /* the bounty's repository */
	int64_t claimant_uid; /* GitHub id linked to the claimant; 0 = the author has linked no account */
	int32_t issue_number; /* the bounty's issue */
	bool frozen; /* the delivery of the merge itself was read: what is seen below stood there at the merge */
	bool reference_seen; /* GitHub linked issue and pull request, read at or before the merge */
	bool claim_seen;     /* "/claim" by the author, read at or before the merge */
	int32_t rival_won,
		rival_first; /* pull requests that have won, or were merged earlier and are not decided; 0 = none */
	const int32_t *rivals,
		*undecided; /* all other pull requests that are seen for the bounty; those not judged yet */
	size_t n_rivals, n_undecided;
	const int64_t *kin; /* GitHub ids of the claimant and of all who share a wallet or an account with them */
	size_t n_kin;
	bool funder_is_claimant; /* or shares a wallet or an account, or the money came from the claimant's wallet */
	bool reciprocal;         /* the claimant's bounties have paid a funder of this one within 90 days */
	usec deadline, grace, told_at; /* told_at: when the delivery of the merge arrived by our clock; 0 = unknown */
	const str *branches;           /* bases that the project lists beside its default branch */
	size_t n_branches;
	/* GitHub, fetched now */
	int64_t issue_id, pull_id, pull_repo_id, author_uid, merger_uid; /* merger_uid 0 = GitHub does not say */
	int32_t pull_number;
	str default_branch, issue_state, issue_reason, base, head_sha, merge_sha, author_type, merger_type, title;
	bool merged;
	usec merged_at, opened_at;
	enum closer closer;
	bool reference, claim, commit; /* GitHub's link, the author's "/claim", a commit's keyword are there now */
	bool claim_dated; /* "/claim" in the author's comment, by GitHub's times as old as the merge, unedited */
	bool awarded;     /* by comment of somebody who may write, with a reason */
	int64_t awarder_uid, award_comment;
	bool linked; /* linked by somebody else on the issue's page before the merge */
	bool reachable; /* the merge commit is in the history of the branch that counts: the default one, or a listed base */
	bool reach_unknown;          /* GitHub does not find the commit or the branch */
	bool reverted;               /* a later commit there takes it back */
	bool since_unknown;          /* those commits cannot be read, or are too many */
	bool approved;               /* by somebody else with write permission, on the final head, before the merge */
	bool reviewed, review_stale; /* somebody else approved it, but dismissed since or of an earlier head */
	enum ci ci;
	enum diff diff;
	const int64_t *co_authors; /* GitHub ids beside the author's, by GitHub's mapping or noreply addresses */
	size_t n_co_authors;
	int32_t unknown_authors; /* trailers whose address says nobody */
};

/* Is it among facts.kin? */
static inline bool facts_is_kin(const struct facts *f, int64_t uid)
{
	for (size_t i = 0; i < f->n_kin; i++)
		if (f->kin[i] == uid)
			return true;
	return false;
}

struct policy {
	int32_t version;
	const char *name;    /* "merge": does it win; "hold": may it still be paid */
	const str *branches; /* bases that count beside the default branch */
	size_t n_branches;
	const str *paths; /* of changes that count (model/policy.h); none: all do */
	size_t n_paths;
	int32_t level;     /* least evidence for the automatic path when GitHub names nothing that closed the issue */
	usec skew;         /* GitHub's clock may be ahead of ours by this much */
	uint32_t deciding; /* bit n: check Vn decides; the others are only told */
	uint32_t required; /* bit n: what a deciding check Vn would flag, a person must see */
	str project;       /* sha256 in hex of the project's own file, which made it so; { NULL, 0 } = there is none */
};

/* Is check Vn one that the project asks for? */
static inline bool policy_requires(const struct policy *p, int n)
{
	return (p->required >> n & 1) != 0;
}

extern const struct policy policy_merge, policy_hold;
/* The project lists it as a base, by command (facts) or in its file (policy). */
bool policy_lists(const struct policy *p, const struct facts *f, str branch);

enum check_result { CHECK_PASS, CHECK_FLAG, CHECK_REVIEW, CHECK_WAIT, CHECK_FAIL }; /* the greatest decides */
struct check {
	const char *id; /* "V1" .. "V17" */
	enum check_result result;
	const char *severity, *code, *detail; /* "low" "medium" "high", error code, a sentence; NULL when it passed */
};
#define VERDICT_CHECKS 17
struct verdict {
	struct check checks[VERDICT_CHECKS];
	enum check_result result;    /* a flag lets pass */
	const struct check *decided; /* the first deciding check with the verdict's result */
	int32_t level;               /* evidence, 0 to 5 */
};

void verdict_of(const struct facts *f, const struct policy *p, struct verdict *out); /* out points into itself */
const char *check_result_name(enum check_result r); /* "pass" "flag" "review" "wait" "fail" */

/* Every way in which the pull request is tied to the issue, best first: level and source, a name as in docs/stages.md. */
struct tie {
	int32_t level;
	const char *source;
};
#define TIES_MAX 9
size_t verdict_ties(const struct facts *f, struct tie out[TIES_MAX]);

struct source {   /* one document of the evidence */
	str role; /* what it says: "rows", "pull", "reviews" ... */
	uint8_t sha256[32];
	str bytes, url;
};
/* Sorts by hash and role; root is the sha256 over the hashes in that order, each once. */
void evidence_sort(struct source *sources, size_t n, uint8_t root[32]);

/* Canonical JSON.  fails  as json_canonical */
MUST bool policy_text(struct work *w, const struct policy *p, str *out);
MUST bool facts_text(struct work *w, const struct facts *f, str *out); /* what our own rows say: evidence, too */
MUST bool verdict_text(struct work *w, const struct verdict *v, const struct facts *f, const struct policy *p,
	const struct source *sources, size_t n, str *out);
str checks_text(struct work *w, const struct verdict *v); /* [{id, result, severity, code, detail}] */
