/* Bounties, and what became of them: submissions, payouts, proofs, points. */
#include "routes_table.h"

#include "bounty.h"
#include "lineage.h"
#include "proof.h"

#define STATES                                                                                                         \
	"draft|funding|open|in_progress|merged|verified|hold|payable|paying|paid|expired|refunding|refunded|"          \
	"cancelled|disputed|frozen"

static const struct param bounty_create[] = {
	SESSION(bounty_create),
	TRACE(bounty_create),
	PARAM(FROM_KEY, FIELD_STR, bounty_create, key),
	PARAM(FROM_DIGEST, FIELD_HEX, bounty_create, request_sha256),
	PARAM(FROM_BODY, FIELD_UUID, bounty_create, project_id, .doc = "a verified project"),
	PARAM(FROM_BODY, FIELD_I32, bounty_create, issue_number, .min = 1, .max = INT32_MAX, .doc = "of an open issue"),
	PARAM(FROM_BODY, FIELD_I64, bounty_create, chain_id, .min = 1, .max = INT64_C(1) << 53, .doc = "EIP-155"),
	PARAM(FROM_BODY, FIELD_STR, bounty_create, token, .min = 42, .max = 42, .doc = "the ERC-20 contract, EIP-55"),
	PARAM(FROM_BODY, FIELD_U256, bounty_create, amount, .doc = "smallest unit of the token"),
	MAYBE(FROM_BODY, FIELD_STR, bounty_create, title, .max = 200, .doc = "shown in lists"),
	MAYBE(FROM_BODY, FIELD_TIME, bounty_create, deadline_at, .doc = "default: bounty.deadline from now"),
};
static const struct param bounty_get[] = { ID(bounty_get, "a bounty"), SEEN(bounty_get) };
static const struct param bounty_list[] = {
	PAGED(bounty_list),
	SEEN(bounty_list),
	MAYBE(FROM_QUERY, FIELD_STR, bounty_list, state, .one_of = STATES, .doc = "only these"),
	MAYBE(FROM_QUERY, FIELD_UUID, bounty_list, project_id, HAS(bounty_list, project_id),
		.doc = "only of this project"),
};
static const struct param bounty_fund[] = {
	SESSION(bounty_fund),
	TRACE(bounty_fund),
	PARAM(FROM_PATH, FIELD_UUID, bounty_fund, bounty_id, .name = "id", .doc = "a bounty in state draft or funding"),
	PARAM(FROM_BODY, FIELD_HEX, bounty_fund, tx_hash, .max = 32,
		.doc = "the transaction that called lock() of the escrow"),
};

static const struct param submission_get[] = { ID(submission_get, "a submission"), SEEN(submission_get) };
static const struct param payout_get[] = { ID(payout_get, "a payout"), SEEN(payout_get) };
static const struct param proof_get[] = {
	SEEN(proof_get),
	PARAM(FROM_PATH, FIELD_STR, proof_get, cid, .min = 8, .max = 128, .doc = "CIDv1 of the proof's payload"),
};
static const struct param block_get[] = {
	SEEN(block_get),
	PARAM(FROM_PATH, FIELD_STR, block_get, cid, .min = 8, .max = 128, .doc = "CIDv1, raw codec, sha2-256, base32"),
};
static const struct param score_board[] = {
	PAGED(score_board),
	SEEN(score_board),
	MAYBE(FROM_QUERY, FIELD_UUID, score_board, project_id, HAS(score_board, project_id),
		.doc = "points of this project alone"),
};
static const struct param payout_retry[] = {
	TRACE(payout_retry),
	ID(payout_retry, "a payout that is held"),
	PARAM(FROM_PERSON, FIELD_UUID, payout_retry, person_id),
	REASON(payout_retry),
};
static const struct param lineage_get[] = {
	SEEN(lineage_get),
	PARAM(FROM_PATH, FIELD_STR, lineage_get, kind, .one_of = "pull|submission|bounty|payout|delivery|job",
		.doc = "what id names"),
};

static const struct route routes[] = {
	{ WRITE("/v1/bounties", "bounties", bounty_create, 201,
		  "A bounty on an issue, and what a wallet needs to lock its money"),
		PARAMS(bounty_create), .access = ACCESS_SESSION, .scope = "bounties:write", .limit = LIMIT_WRITE,
		.bind = bounty_create_bind, .wakes = "sync" },
	{ READ("/v1/bounties", "bounties", bounty_list, REPLY_PAGE, "Bounties, newest first"), PARAMS(bounty_list),
		.access = ACCESS_ANYONE },
	{ READ("/v1/bounties/{id}", "bounties", bounty_get, REPLY_OBJECT, "One bounty"), PARAMS(bounty_get),
		.access = ACCESS_ANYONE },
	{ WRITE("/v1/bounties/{id}/fund", "bounties", bounty_fund, 202, "Name the transaction that locked the money"),
		PARAMS(bounty_fund), .access = ACCESS_SESSION, .scope = "bounties:write", .limit = LIMIT_WRITE,
		.wakes = "verify" },

	{ READ("/v1/submissions/{id}", "contributions", submission_get, REPLY_OBJECT, "One submission"),
		PARAMS(submission_get), .access = ACCESS_ANYONE },
	{ READ("/v1/payouts/{id}", "contributions", payout_get, REPLY_OBJECT, "One payout"), PARAMS(payout_get),
		.access = ACCESS_ANYONE },
	{ WRITE("/v1/payouts/{id}/retry", "contributions", payout_retry, 202, "Try a held payout again"),
		PARAMS(payout_retry), .access = ACCESS_SESSION, .limit = LIMIT_WRITE, .object = "payout",
		.roles = "admin|operator", .action = "payout.retry", .wakes = "pay" },
	{ READ("/v1/proofs/{cid}", "contributions", proof_get, REPLY_OBJECT,
		  "One proof; with Accept: application/vnd.dsse.envelope.v1+json the envelope alone, as `patchwork proof verify` reads it"),
		PARAMS(proof_get), .access = ACCESS_ANYONE, .finish = proof_envelope },
	{ READ("/ipfs/{cid}", "contributions", block_get, REPLY_OWN,
		  "The block that a proof's address stands for, never changing"),
		PARAMS(block_get), .access = ACCESS_ANYONE, .finish = proof_block,
		.media = "application/vnd.ipld.raw" },
	{ READ("/v1/leaderboard", "contributions", score_board, REPLY_PAGE, "People by points"), PARAMS(score_board),
		.access = ACCESS_ANYONE },
	{ READ("/v1/lineage/{kind}/{id}", "contributions", lineage_get, REPLY_OBJECT,
		  "Everything that belongs to one contribution, from any of its ids: id is a UUID, or a number for delivery and job"),
		PARAMS(lineage_get), .access = ACCESS_ANYONE, .bind = lineage_bind },
};
const struct route_table routes_bounty = TABLE(routes);
