/* Does this merged pull request win this bounty? A pure function of what was read and of a policy: the same bytes on any
 * machine, at any time. */
#pragma once

#include "base/json.h"

struct facts {
	/* our own rows */
	uuid submission;
	int64_t repo_id;      /* the bounty's repository */
	int64_t claimant_uid; /* GitHub id linked to the claimant; 0 = the author has linked no account */
	int32_t issue_number; /* the bounty's issue */
	bool reference_seen;  /* GitHub linked issue and pull request, read at or before the merge */
	bool claim_seen;      /* "/claim" by the author, read at or before the merge */
	int32_t rival_won,
		rival_first; /* pull requests that have won, or were merged earlier and are not decided; 0 = none */
	/* GitHub, fetched now */
	int64_t issue_id, pull_id, pull_repo_id, author_uid, merger_uid; /* merger_uid 0 = GitHub does not say */
	int32_t pull_number;
	str default_branch, issue_state, issue_reason, base, head_sha, merge_sha, author_type, closer_sha;
	bool merged;
	usec merged_at;
	bool reference, claim, commit; /* GitHub's link, the author's "/claim", a commit's keyword are there now */
	bool reachable;                /* the merge commit is in the default branch's history */
};

struct policy {
	int32_t version;
	const str *branches; /* bases that count beside the default branch */
	size_t n_branches;
	int32_t level; /* least evidence for the automatic path when the issue's closer does not agree */
};
extern const struct policy policy_v1;

enum check_result { CHECK_PASS, CHECK_REVIEW, CHECK_WAIT, CHECK_FAIL }; /* the greatest decides */
struct check {
	const char *id; /* "V1" .. "V7", "V16" */
	enum check_result result;
	const char *code, *detail; /* error code and a sentence for people; NULL when it passed */
};
#define VERDICT_CHECKS 8
struct verdict {
	struct check checks[VERDICT_CHECKS];
	enum check_result result;
	const struct check *decided; /* the first check with the verdict's result */
	int32_t level;               /* evidence, 0 to 5 */
};

void verdict_of(const struct facts *f, const struct policy *p, struct verdict *out); /* out points into itself */
const char *check_result_name(enum check_result r);                                  /* "pass" "review" "wait" "fail" */

struct source { /* one document of the evidence */
	uint8_t sha256[32];
	str bytes, url;
};
/* Sorts by hash, drops repetitions; root is the sha256 over the hashes in that order. */
void evidence_sort(struct source *sources, size_t *n, uint8_t root[32]);

/* Canonical JSON.  fails  as json_canonical */
MUST bool policy_text(struct work *w, const struct policy *p, str *out);
MUST bool facts_text(struct work *w, const struct facts *f, str *out); /* what our own rows say: evidence, too */
MUST bool verdict_text(struct work *w, const struct verdict *v, const struct facts *f, const struct policy *p,
	const struct source *sources, size_t n, str *out);
str checks_text(struct work *w, const struct verdict *v); /* [{id, result, code, detail}] */
