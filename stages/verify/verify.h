/* What the files of the verify stage share: tasks, and the functions that stage.c puts into its tables. */
#pragma once

#include "outside/chain.h"
#include "outside/github.h"
#include "queue/stage.h"
#include "facts.h"
#include "sql.h"

struct fund_task {
	uuid contribution_id;
	bool decided; /* by an earlier run */
	/* what the deposit must be */
	uint8_t bounty[32], token[20], escrow[20], tx[32];
	u256 amount;
	int64_t chain_id;
	usec keep_until;    /* the money must not be refundable before */
	const str *wallets; /* of the funder, 20 bytes each */
	size_t n_wallets;
	bool stale, other_asset;
	/* what it is */
	struct chain_receipt receipt;
	struct escrow_locked locked;
	const char *refused, *detail; /* error code; NULL = it is right */
};
bool fund_plan(struct work *w, struct tx *tx, void *task);
bool fund_effect(struct work *w, const struct outside *outside, void *task);
bool fund_settle(struct work *w, struct tx *tx, void *task);

#define SOURCES_MAX 24
struct merge_task {
	uuid submission_id;
	bool decided;
	int32_t pull_number;
	struct facts facts;
	struct source sources[SOURCES_MAX]; /* all that was read */
	size_t n_sources;
	uint8_t root[32];
	str policy_file, policy_url; /* the project's own, in force at the merge; { NULL, 0 } = it has none */
	str award, award_url;        /* a maintainer's; { NULL, 0 } = there is none */
	struct policy policy;        /* that the verdict was made by */
	struct verdict verdict;
};
/* Reads all documents and makes the facts of them; t->facts holds what our own rows say. */
MUST bool merge_collect(struct work *w, struct github *g, struct merge_task *t);
/* What our own rows say about the submission.  fails  ERR_INVALID verify.submission_unknown */
MUST bool merge_rows(struct work *w, struct tx *tx, struct merge_task *t, struct sql_submission_begin_out *row);
/* The database keeps as valid what the program that read it could read: another one's file waits, a minute at most, for that
 * program.  fails  ERR_RETRY policy.* */
MUST bool merge_policy_known(struct work *w, const struct merge_task *t);
/* Whose answers GitHub is asked for; idle: not this time. */
void merge_about(struct work *w, const struct merge_task *t, bool idle);
/* Judges what was read, by that policy as the project's file changes it. */
MUST bool merge_judge(struct work *w, struct merge_task *t, const struct policy *base);
/* The verdict, and all it was made from. */
MUST bool merge_keep(struct work *w, struct tx *tx, const struct merge_task *t);
bool merge_peek(struct work *w, struct tx *tx, void *task);
bool merge_plan(struct work *w, struct tx *tx, void *task);
bool merge_effect(struct work *w, const struct outside *outside, void *task);
bool merge_settle(struct work *w, struct tx *tx, void *task);

struct recheck_task {
	uuid payout_id;
	usec wait; /* until its hold is over; 0 when it is */
	bool late; /* the verdict was made before the policy that was in force was read */
	struct merge_task merge;
};
bool recheck_peek(struct work *w, struct tx *tx, void *task);
bool recheck_plan(struct work *w, struct tx *tx, void *task);
bool recheck_effect(struct work *w, const struct outside *outside, void *task);
bool recheck_settle(struct work *w, struct tx *tx, void *task);

struct deadline_task {
	uuid bounty_id, undecided; /* undecided: a submission that nobody has decided about for 30 days */
	bool decided, has_undecided;
};
bool deadline_plan(struct work *w, struct tx *tx, void *task);
bool deadline_settle(struct work *w, struct tx *tx, void *task);
