/* verify: does the chain, or GitHub, agree with the row? Only reads the world, so nothing needs a probe. */
#include "stages/stages.h"
#include "verify.h"

static const struct field fund_fields[] = {
	FIELD(FIELD_UUID, struct fund_task, contribution_id),
};
const struct stage verify_fund = {
	.name = "verify",
	.kind = "verify.fund",
	.task = FIELDS(struct fund_task, fund_fields),
	.lease_s = 30,
	.attempts = 30,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.decided = offsetof(struct fund_task, decided),
	.plan = fund_plan,
	.effect = fund_effect,
	.settle = fund_settle,
};

static const struct field merge_fields[] = {
	FIELD(FIELD_UUID, struct merge_task, submission_id),
};
const struct stage verify_merge = {
	.name = "verify",
	.kind = "verify.merge",
	.task = FIELDS(struct merge_task, merge_fields),
	.lease_s = 30,
	.attempts = 30,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.next = "prove",
	.decided = offsetof(struct merge_task, decided),
	.peek = merge_peek,
	.plan = merge_plan,
	.effect = merge_effect,
	.settle = merge_settle,
	.quota = { QUOTA_VERIFY, .core = 12, .graphql = 2 },
};

static const struct field recheck_fields[] = {
	FIELD(FIELD_UUID, struct recheck_task, payout_id),
};
const struct stage verify_recheck = {
	.name = "verify",
	.kind = "verify.recheck",
	.task = FIELDS(struct recheck_task, recheck_fields),
	.lease_s = 30,
	.attempts = 100,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.next = "pay",
	.decided = offsetof(struct recheck_task, merge.decided),
	.peek = recheck_peek,
	.plan = recheck_plan,
	.effect = recheck_effect,
	.settle = recheck_settle,
	.quota = { QUOTA_VERIFY, .core = 12, .graphql = 2 },
};

static const struct field deadline_fields[] = {
	FIELD(FIELD_UUID, struct deadline_task, bounty_id),
};
const struct stage verify_deadline = {
	.name = "verify",
	.kind = "verify.deadline",
	.task = FIELDS(struct deadline_task, deadline_fields),
	.lease_s = 30,
	.attempts = 30,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.decided = offsetof(struct deadline_task, decided),
	.plan = deadline_plan,
	.settle = deadline_settle,
};
