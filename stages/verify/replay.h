/* A verdict made again from what was kept: on any machine, with any clock, without any network. */
#pragma once

#include "verdict.h"

struct kept { /* a row of proof.verdict, and the documents it names */
	str kind, policy_sha256, evidence_root, body;
	const str *hashes, *documents;
	size_t n;
};
/* *out is the body as it comes out now; *difference is where the two first differ ("github.merged_at"), { NULL, 0 } = nowhere.
 * fails  ERR_INVALID verify.replay_version (judged before documents had roles), verify.policy_unknown,
 *        verify.evidence_changed, verify.evidence_incomplete */
MUST bool verdict_replay(struct work *w, const struct kept *k, str *out, str *difference);
