/* Rows of a merge that is judged, and of a payout in its hold, for tests of verify. */
#pragma once

#include "crypto/digest.h"
#include "rows.h"
#include "stages/stages.h"
#include "stages/verify/verify.h"

#define MERGE "{\"submission_id\": \"" SUBMISSION "\"}"

/* As merge_effect leaves a task that GitHub answered well. */
static inline struct merge_task *judged(const char *args, void (*change)(struct facts *f))
{
	struct merge_task *t = rows_planned(&verify_merge, args);
	struct facts *f = &t->facts;

	assert_false(t->decided);
	f->issue_id = 33;
	f->pull_id = t->pull_number + 40;
	f->pull_number = t->pull_number;
	f->pull_repo_id = 10;
	f->author_uid = t->pull_number == 4 ? 7 : 9;
	f->default_branch = f->base = STR("main");
	f->issue_state = STR("closed");
	f->issue_reason = STR("completed");
	f->head_sha = f->merge_sha = STR(MERGE_SHA);
	f->closer = CLOSER_OURS;
	f->merger_uid = 8;
	f->author_type = f->merger_type = STR("User");
	f->merged = f->reference = f->reachable = true;
	f->merged_at = 1767323045 * USEC_S;
	if (change != NULL)
		change(f);
	t->sources[0] = (struct source){ .role = STR("a"), .bytes = STR("{\"a\":1}"), .url = STR("u1") };
	t->sources[1] = (struct source){ .role = STR("b"), .bytes = f->base, .url = STR("u2") };
	for (int i = 0; i < 2; i++)
		sha256(t->sources[i].bytes, t->sources[i].sha256);
	t->n_sources = 2;
	assert_true(merge_judge(&rows_work, t, &policy_merge));
	return t;
}

static inline void unreachable(struct facts *f)
{
	f->reachable = false;
}
static inline void other_base(struct facts *f)
{
	f->base = STR("next");
}

#define RESOLVE(accept)                                                                                                \
	"select coalesce(core.submission_resolve('" SUBMISSION "', " accept ", 'cli:root', 'looked at it'), 'done')"

/* Verified, proved, and the hold is over. */
static inline void in_hold(void)
{
	rows_open();
	rows_pulls();
	rows_settled(&verify_merge, judged(MERGE, NULL));
	db_test_sql(
		"insert into ledger.payout (id, key, chain_key, submission_id, person_id, bounty_id, asset_id, amount, payee, due_at)"
		" values ('" ID(50) "', 'payout:x:0', decode(repeat('05', 32), 'hex'), '" SUBMISSION "', '" ALICE
				    "', '" BOUNTY "', '" ASSET "', 1000, decode(repeat('a1', 20), 'hex'), now());"
				    "select ledger.move('hold:x', 'hold', 'escrow', '" BOUNTY "', 'payable', '" BOUNTY
				    "', '" ASSET "', 1000, null);"
				    "select core.bounty_move('" BOUNTY "', 'hold_begun', 'test', null)");
}

#define RECHECK "{\"payout_id\": \"" ID(50) "\"}"

static inline struct recheck_task *looked_at(void (*change)(struct facts *f))
{
	struct merge_task *sample;
	struct recheck_task *t = rows_planned(&verify_recheck, RECHECK);

	assert_false(t->merge.decided);
	sample = &t->merge;
	sample->facts.merged = sample->facts.reachable = true;
	sample->facts.merged_at = 1767323045 * USEC_S;
	sample->facts.pull_repo_id = 10;
	sample->facts.merge_sha = STR(MERGE_SHA);
	if (change != NULL)
		change(&sample->facts);
	sample->sources[0] = (struct source){ .role = STR("a"), .bytes = STR("{\"b\":1}"), .url = STR("u1") };
	sha256(sample->sources[0].bytes, sample->sources[0].sha256);
	sample->n_sources = 1;
	assert_true(merge_judge(&rows_work, sample, &policy_hold));
	return t;
}

static inline void reverted(struct facts *f)
{
	f->reverted = true;
}
