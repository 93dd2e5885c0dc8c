/* sync: what GitHub tells or is asked, into rows; webhooks and comments of ours there, which alone need a probe. */
#include "stages/stages.h"
#include "sync.h"

/* Half a minute is enough for a few requests; 20 attempts last half an hour, about, of GitHub being away. */
#define USUAL .lease_s = 30, .attempts = 20, .retry_base = USEC_S, .retry_cap = 300 * USEC_S

static const struct field delivery_fields[] = {
	FIELD(FIELD_I64, struct delivery_task, delivery_id, .min = 1, .max = INT64_MAX),
};
const struct stage sync_delivery = {
	.name = "sync",
	.kind = "sync.delivery",
	.task = FIELDS(struct delivery_task, delivery_fields),
	USUAL,
	.next = "verify",
	.plan = delivery_plan,
	.effect = delivery_effect,
	.settle = delivery_settle,
	.quota = { QUOTA_SYNC, .core = 3, .graphql = 1 },
};

static const struct field project_fields[] = {
	FIELD(FIELD_UUID, struct project_task, project_id),
};
const struct stage sync_project = {
	.name = "sync",
	.kind = "sync.project",
	.task = FIELDS(struct project_task, project_fields),
	USUAL,
	.plan = project_plan,
	.effect = project_effect,
	.settle = project_settle,
	.quota = { QUOTA_SYNC, .core = 2 },
};

static const struct field issue_fields[] = {
	FIELD(FIELD_UUID, struct issue_task, issue_id),
};
const struct stage sync_issue = {
	.name = "sync",
	.kind = "sync.issue",
	.task = FIELDS(struct issue_task, issue_fields),
	USUAL,
	.plan = issue_plan,
	.effect = issue_effect,
	.settle = issue_settle,
	.quota = { QUOTA_SYNC, .core = 1 },
};

static const struct field sweep_fields[] = {
	FIELD(FIELD_UUID, struct sweep_task, project_id),
};
const struct stage sync_reconcile = {
	.name = "sync",
	.kind = "sync.reconcile",
	USUAL,
	.next = "sync",
	.settle = reconcile_settle,
};
const struct stage sync_sweep = {
	.name = "sync",
	.kind = "sync.sweep",
	.task = FIELDS(struct sweep_task, sweep_fields),
	USUAL,
	.next = "sync",
	.plan = sweep_plan,
	.effect = sweep_effect,
	.settle = sweep_settle,
	.quota = { QUOTA_BACKFILL, .core = 1 },
};

static const struct field one_pull_fields[] = {
	FIELD(FIELD_UUID, struct one_pull_task, project_id),
	FIELD(FIELD_I32, struct one_pull_task, number, .min = 1, .max = INT32_MAX),
};
const struct stage sync_pull = {
	.name = "sync",
	.kind = "sync.pull",
	.task = FIELDS(struct one_pull_task, one_pull_fields),
	USUAL,
	.next = "verify",
	.plan = one_pull_plan,
	.effect = one_pull_effect,
	.settle = one_pull_settle,
	.quota = { QUOTA_BACKFILL, .core = 3, .graphql = 1 },
};

static const struct field check_fields[] = {
	FIELD(FIELD_UUID, struct check_task, check_id),
};
const struct stage sync_check = {
	.name = "sync",
	.kind = "sync.check",
	.task = FIELDS(struct check_task, check_fields),
	USUAL,
	.plan = check_plan,
	.effect = check_effect,
	.settle = check_settle,
	.quota = { QUOTA_COMMAND, .core = 4 },
};
const struct stage sync_reverify = {
	.name = "sync",
	.kind = "sync.reverify",
	USUAL,
	.next = "sync",
	.settle = reverify_settle,
};

static const struct field policy_fields[] = {
	FIELD(FIELD_UUID, struct policy_task, project_id),
	FIELD(FIELD_STR, struct policy_task, after, .max = 64, .optional = true),
	FIELD(FIELD_TIME, struct policy_task, pushed_at, .optional = true),
};
const struct stage sync_policy = {
	.name = "sync",
	.kind = "sync.policy",
	.task = FIELDS(struct policy_task, policy_fields),
	USUAL,
	.next = "sync",
	.plan = policy_plan,
	.effect = policy_effect,
	.settle = policy_settle,
	.quota = { QUOTA_COMMAND, .core = 2 },
};

static const struct field hook_fields[] = {
	FIELD(FIELD_UUID, struct hook_task, hook_id),
};
static const struct field health_fields[] = {
	FIELD(FIELD_UUID, struct hook_task, hook_id),
	FIELD(FIELD_STR, struct hook_task, page, .max = 2048, .optional = true),
	FIELD(FIELD_TIME, struct hook_task, page_since, .from = "since", .optional = true),
	FIELD(FIELD_TIME, struct hook_task, began, .optional = true),
};
static const struct field redeliver_fields[] = {
	FIELD(FIELD_UUID, struct hook_task, hook_id),
	FIELD(FIELD_UUID, struct hook_task, guid),
};
const struct stage sync_hook = {
	.name = "sync",
	.kind = "sync.hook",
	.task = FIELDS(struct hook_task, hook_fields),
	USUAL,
	.plan = hook_plan,
	.probe = hook_probe,
	.effect = hook_effect,
	.settle = hook_settle,
	.quota = { QUOTA_COMMAND, .core = 2, .writes = true },
};
const struct stage sync_rotate = {
	.name = "sync",
	.kind = "sync.rotate",
	.task = FIELDS(struct hook_task, hook_fields),
	USUAL,
	.plan = rotate_plan,
	.effect = rotate_effect,
	.settle = rotate_settle,
	.quota = { QUOTA_COMMAND, .core = 1, .writes = true },
};
const struct stage sync_hooks = {
	.name = "sync",
	.kind = "sync.hooks",
	USUAL,
	.next = "sync",
	.settle = hooks_settle,
};
const struct stage sync_health = {
	.name = "sync",
	.kind = "sync.health",
	.task = FIELDS(struct hook_task, health_fields),
	USUAL,
	.next = "sync",
	.plan = health_plan,
	.effect = health_effect,
	.settle = health_settle,
	.quota = { QUOTA_SYNC, .core = 3, .writes = true },
};
const struct stage sync_redeliver = {
	.name = "sync",
	.kind = "sync.redeliver",
	.task = FIELDS(struct hook_task, redeliver_fields),
	USUAL,
	.plan = redeliver_plan,
	.effect = redeliver_effect,
	.settle = redeliver_settle,
	.quota = { QUOTA_SYNC, .core = 1, .writes = true },
};

static const struct field command_fields[] = {
	FIELD(FIELD_I64, struct command_task, delivery_id, .min = 1, .max = INT64_MAX),
};
const struct stage sync_command = {
	.name = "sync",
	.kind = "sync.command",
	.task = FIELDS(struct command_task, command_fields),
	USUAL,
	.next = "sync",
	.plan = command_plan,
	.effect = command_effect,
	.settle = command_settle,
	.quota = { QUOTA_COMMAND, .core = 1 },
};

static const struct field attempt_fields[] = {
	FIELD(FIELD_I64, struct attempt_task, attempt_id, .min = 1, .max = INT64_MAX),
};
const struct stage sync_attempt = {
	.name = "sync",
	.kind = "sync.attempt",
	.task = FIELDS(struct attempt_task, attempt_fields),
	USUAL,
	.next = "sync",
	.settle = attempt_settle,
};

static const struct field status_fields[] = {
	FIELD(FIELD_UUID, struct status_task, project_id),
	FIELD(FIELD_I32, struct status_task, number, .min = 1, .max = INT32_MAX),
};
const struct stage sync_status = {
	.name = "sync",
	.kind = "sync.status",
	.task = FIELDS(struct status_task, status_fields),
	USUAL,
	.decided = offsetof(struct status_task, silent),
	.peek = status_peek,
	.plan = status_plan,
	.probe = status_probe,
	.effect = status_effect,
	.settle = status_settle,
	.quota = { QUOTA_COMMAND, .core = 2, .writes = true },
};

static const struct field link_fields[] = {
	FIELD(FIELD_UUID, struct link_task, link_id),
};
const struct stage sync_link = {
	.name = "sync",
	.kind = "sync.link",
	.task = FIELDS(struct link_task, link_fields),
	.lease_s = 30,
	.attempts = 10,
	.retry_base = USEC_S,
	.retry_cap = 60 * USEC_S,
	.next = "sync",
	.decided = offsetof(struct link_task, decided),
	.plan = link_plan,
	.effect = link_effect,
	.settle = link_settle,
};

static const struct field account_fields[] = {
	FIELD(FIELD_UUID, struct account_task, token_id),
};
const struct stage sync_account = {
	.name = "sync",
	.kind = "sync.account",
	.task = FIELDS(struct account_task, account_fields),
	USUAL,
	.next = "verify",
	.decided = offsetof(struct account_task, decided),
	.plan = account_plan,
	.effect = account_effect,
	.settle = account_settle,
};
const struct stage sync_accounts = {
	.name = "sync",
	.kind = "sync.accounts",
	USUAL,
	.next = "sync",
	.settle = accounts_settle,
};
static const struct field renew_fields[] = {
	FIELD(FIELD_UUID, struct renew_task, token_id),
	FIELD(FIELD_I32, struct renew_task, renewals, .min = 0, .max = INT32_MAX),
};
const struct stage sync_renew = {
	.name = "sync",
	.kind = "sync.renew",
	.task = FIELDS(struct renew_task, renew_fields),
	USUAL,
	.decided = offsetof(struct renew_task, decided),
	.plan = renew_plan,
	.effect = renew_effect,
	.settle = renew_settle,
};
const struct stage sync_unlink = {
	.name = "sync",
	.kind = "sync.unlink",
	.task = FIELDS(struct account_task, account_fields),
	USUAL,
	.plan = unlink_plan,
	.effect = unlink_effect,
	.settle = unlink_settle,
};
