/* What a project's own file says about the pull requests it pays for (docs/stages.md). It makes the rules stricter, but for the
 * branches that it lists beside the default one. */
#pragma once

#include "base/work.h"

#define POLICY_BRANCHES_MAX 20

struct project_policy {
	int32_t evidence;  /* least level when GitHub names nothing that closed the issue: 3 to 5 */
	uint32_t required; /* bit n: check Vn stops for a person when it would only be told */
	bool members;      /* only members of the project may put bounties on its issues */
	str branches[POLICY_BRANCHES_MAX];
	size_t n_branches;
};
/* Strings are copies in w's arena.
 * fails  ERR_INVALID policy.malformed, policy.unknown_key, policy.value, policy.version */
MUST bool project_policy_read(struct work *w, str text, struct project_policy *out);
str project_policy_text(struct work *w, const struct project_policy *p); /* JSON, every member */
