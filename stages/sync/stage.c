/* sync: what GitHub tells or is asked, into rows. Only reads the world, so nothing needs a probe. */
#include "stages/stages.h"
#include "sync.h"

static const struct field delivery_fields[] = {
	FIELD(FIELD_I64, struct delivery_task, delivery_id, .min = 1, .max = INT64_MAX),
};
const struct stage sync_delivery = {
	.name = "sync",
	.kind = "sync.delivery",
	.task = FIELDS(struct delivery_task, delivery_fields),
	.lease_s = 30,
	.attempts = 20,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.quota = { QUOTA_SYNC, .core = 2, .graphql = 1 },
	.next = "verify",
	.plan = delivery_plan,
	.effect = delivery_effect,
	.settle = delivery_settle,
};

static const struct field project_fields[] = {
	FIELD(FIELD_UUID, struct project_task, project_id),
};
const struct stage sync_project = {
	.name = "sync",
	.kind = "sync.project",
	.task = FIELDS(struct project_task, project_fields),
	.lease_s = 30,
	.attempts = 20,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.quota = { QUOTA_SYNC, .core = 2 },
	.plan = project_plan,
	.effect = project_effect,
	.settle = project_settle,
};

static const struct field issue_fields[] = {
	FIELD(FIELD_UUID, struct issue_task, issue_id),
};
const struct stage sync_issue = {
	.name = "sync",
	.kind = "sync.issue",
	.task = FIELDS(struct issue_task, issue_fields),
	.lease_s = 30,
	.attempts = 20,
	.retry_base = USEC_S,
	.retry_cap = 300 * USEC_S,
	.quota = { QUOTA_SYNC, .core = 1 },
	.plan = issue_plan,
	.effect = issue_effect,
	.settle = issue_settle,
};
