/* What a project's own file says about the pull requests it pays for (docs/stages.md). It makes the rules stricter, but for the
 * branches that it lists beside the default one. */
#pragma once

#include "base/work.h"

#define POLICY_BRANCHES_MAX 20
#define POLICY_PATHS_MAX 20

struct project_policy {
	int32_t evidence;  /* least level when GitHub names nothing that closed the issue: 3 to 5 */
	uint32_t required; /* bit n: check Vn stops for a person when it would only be told */
	bool members;      /* only members of the project may put bounties on its issues */
	str branches[POLICY_BRANCHES_MAX];
	size_t n_branches;
	str paths[POLICY_PATHS_MAX]; /* patterns (model/glob.h), one that takes paths out with a `!` before it */
	size_t n_paths;
};
/* Strings are copies in w's arena.
 * fails  ERR_INVALID policy.malformed, policy.unknown_key, policy.value, policy.version */
MUST bool project_policy_read(struct work *w, str text, struct project_policy *out);
/* Whether a change to it counts: the last pattern that matches says, without a `!` that it does. What none matches counts when
 * there is no pattern, or the first one has a `!`. */
bool project_policy_counts(const str *paths, size_t n, str path);
str project_policy_text(struct work *w, const struct project_policy *p); /* JSON, every member */
