/* Rows of a payout, for tests of prove, pay and score: each step as its stage leaves it. */
#pragma once

#include "rows.h"
#include "stages/pay/pay.h"
#include "stages/stages.h"
#include "stages/verify/verdict.h"
#include "stages/verify/verify.h"

static struct signer *signer;
static struct secret *seed;
static char key_file[] = "/tmp/patchwork-key-XXXXXX";

/* Once: the keys that pay and prove hold. */
static inline void load_keys(void)
{
	static const char text[] = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
	int fd;

	if (signer != NULL)
		return;
	fd = mkstemp(key_file); /* readable by its owner alone */
	assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	close(fd);
	assert_true(signer_load(&rows_work, key_file, &signer) && secret_load_hex32(&rows_work, key_file, &seed));
	unlink(key_file);
	pay_use_signer(signer);
	prove_use_key(seed);
}

static inline void drop_keys(void)
{
	signer_free(&signer);
	secret_free(&seed);
}

static inline int end(void **state)
{
	drop_keys();
	return rows_end(state);
}

static inline int start(void **state)
{
	int status = rows_start(state);

	load_keys();
	return status;
}

#define PROVE "{\"submission_id\": \"" SUBMISSION "\"}"

/* A submission that has won, with its verdict. */
static inline void rows_verified(void)
{
	struct facts f = {
		.submission = rows_id(SUBMISSION),
		.repo_id = 10,
		.claimant_uid = 7,
		.issue_number = 3,
		.issue_id = 33,
		.pull_id = 44,
		.pull_repo_id = 10,
		.author_uid = 7,
		.merger_uid = 8,
		.pull_number = 4,
		.default_branch = STR("main"),
		.issue_state = STR("closed"),
		.issue_reason = STR("completed"),
		.base = STR("main"),
		.head_sha = STR(MERGE_SHA),
		.merge_sha = STR(MERGE_SHA),
		.author_type = STR("User"),
		.merger_type = STR("User"),
		.closer = CLOSER_OURS,
		.deadline = 1893456000 * USEC_S,
		.merged = true,
		.merged_at = 1767323045 * USEC_S,
		.reachable = true,
	};
	struct verdict v;
	str body;

	rows_open();
	rows_pulls();
	verdict_of(&f, &policy_merge, &v);
	assert_int_equal(v.result, CHECK_PASS);
	assert_true(verdict_text(&rows_work, &v, &f, &policy_merge, NULL, 0, &body));
	db_test_sql(arena_printf(rows_work.arena,
		"insert into proof.verdict (submission_id, policy_sha256, evidence_root, evidence, checks, result, body) values"
		" ('" SUBMISSION "', decode(repeat('01', 32), 'hex'), decode(repeat('02', 32), 'hex'),"
		" array[decode(repeat('03', 32), 'hex')], '[]', 'pass', convert_to('%.*s', 'utf8'));"
		"update core.submission set state = 'verified' where id = '" SUBMISSION "';"
		"select core.bounty_move('" BOUNTY "', 'merged', 'test', null);"
		"select core.bounty_move('" BOUNTY "', 'verify_ok', 'test', null)%c",
		STR_ARG(body), '\0')
			    .p);
}

static inline char *payout_args(const char *more)
{
	return arena_cstr(rows_work.arena,
		arena_printf(rows_work.arena, "{\"payout_id\": \"%s\"%s}",
			db_test_value("select id from ledger.payout"), more));
}
#define QUOTE payout_args("")
#define SEND payout_args(", \"quote\": {\"max_fee\": \"100\", \"max_priority_fee\": \"1\", \"gas\": 90000}")
#define CONFIRM payout_args("")

static inline void proven(void)
{
	rows_verified();
	rows_settled(&prove_proof, rows_planned(&prove_proof, PROVE));
	db_test_sql("update ledger.payout set rechecked_at = now()");
}

static inline void quoted(uint64_t chain_nonce)
{
	struct quote_task *t = rows_planned(&pay_quote, QUOTE);

	assert_false(t->decided);
	t->fees = (struct chain_fees){ .max_fee = u256_of(100), .max_priority_fee = u256_of(1), .gas = 90000 };
	t->nonce = chain_nonce;
	rows_settled_twice(&pay_quote, t);
}

static inline struct send_task *sent(void)
{
	struct send_task *t = rows_planned(&pay_send, SEND);

	rows_settled_twice(&pay_send, t);
	return t;
}

static inline struct confirm_task *confirmed(enum confirm_outcome outcome)
{
	struct confirm_task *t = rows_planned(&pay_confirm, CONFIRM);
	const struct attempt *live = payout_live(&t->payout);

	assert_false(t->decided);
	assert_non_null(live);
	t->outcome = outcome;
	memcpy(t->hash, live->hash, 32);
	t->receipt = (struct chain_receipt){
		.block_number = 99, .bytes = STR("{\"status\":\"0x1\"}"), .endpoint = STR("node")
	};
	return t;
}
