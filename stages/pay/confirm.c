/* Was it paid? Only our own reading of receipt, block, depth and log counts, on every endpoint. */
#include "base/fault.h"
#include "base/output.h"
#include "crypto/digest.h"
#include "pay.h"
#include "sql.h"

#define LOOKS_GONE 128 /* an hour: before a release that was seen and is not there counts as gone */

bool confirm_plan(struct work *w, struct tx *tx, void *task)
{
	struct confirm_task *t = task;

	if (!payout_load(w, tx, t->payout_id, &t->payout))
		return false;
	t->decided = !str_eq(t->payout.state, STR("sent"));
	return t->decided || pay_looks(w, tx, &t->looks);
}

/* The receipt is final and good: does the escrow say that it paid this payout, this much, to this wallet? */
static bool check_log(struct work *w, struct confirm_task *t)
{
	const struct payout *p = &t->payout;
	struct escrow_released r;

	if (!escrow_find_released(w, &t->receipt, p->escrow, p->name, &r))
		return err_set(w, ERR_INVALID, "pay.no_release",
			"the transaction succeeded and released nothing for this payout");
	if (memcmp(r.bounty, p->bounty, 32) != 0 || memcmp(r.to, p->payee, 20) != 0 ||
		u256_cmp(r.amount, p->amount) != 0)
		return err_set(w, ERR_INVALID, "pay.wrong_release",
			"the escrow released another amount, or to another wallet");
	t->outcome = CONFIRM_PAID;
	return true;
}

static bool look(struct work *w, struct chain *c, struct confirm_task *t, const uint8_t hash[32])
{
	memcpy(t->hash, hash, sizeof(t->hash));
	return chain_receipt_of(w, c, hash, &t->receipt);
}

/* Another transaction may have paid it: then that one decides. paid = false: the escrow has not. */
static bool look_for_release(struct work *w, struct chain *c, struct confirm_task *t, bool *paid)
{
	uint8_t hash[32];
	bool found;

	*paid = false;
	if (!chain_paid(w, c, t->payout.name, paid))
		return false;
	if (!*paid)
		return true;
	if (!chain_find_release(w, c, t->payout.name, &found, hash))
		return false;
	if (!found)
		return err_set(w, ERR_RETRY, "pay.release_not_found", "the escrow has paid it, the node finds no log");
	if (!look(w, c, t, hash))
		return false;
	if (t->receipt.seen != CHAIN_DONE)
		return pay_shallow(w, "the release is not deep enough yet");
	return check_log(w, t);
}

static bool reverted(struct work *w, struct chain *c, struct confirm_task *t, const struct attempt *a)
{
	struct chain_receipt failed = t->receipt;
	bool paid;

	t->reverted = a;
	if (!look_for_release(w, c, t, &paid))
		return false;
	if (paid)
		return true;
	t->outcome = CONFIRM_FAILED;
	t->receipt = failed;
	memcpy(t->hash, a->hash, sizeof(t->hash));
	return true;
}

static bool nonce_used(struct work *w, struct chain *c, struct confirm_task *t, const struct attempt *a)
{
	bool paid;

	if (!look_for_release(w, c, t, &paid))
		return false;
	if (paid)
		return true;
	if (!look(w, c, t, a->hash) || !pay_dead(w, t->looks, t->receipt.seen))
		return false;
	t->outcome = CONFIRM_DEAD;
	return true;
}

static bool absent(struct work *w, struct chain *c, struct confirm_task *t, const struct attempt *a)
{
	bool used;

	if (!pay_resend(w, c, a, &used))
		return false;
	if (used)
		return nonce_used(w, c, t, a);
	FAULT("pay.rebroadcast");
	return pay_absent(w);
}

static bool judge(struct work *w, struct chain *c, struct confirm_task *t, const struct attempt *a)
{
	switch (t->receipt.seen) {
	case CHAIN_DONE: return check_log(w, t);
	case CHAIN_REVERTED: return reverted(w, c, t, a);
	case CHAIN_ABSENT: return absent(w, c, t, a);
	default: return pay_shallow(w, "the payout is not deep enough yet");
	}
}

/* The escrow had paid it when it was quoted, and has not: a block was replaced, or the node had told of what never was. */
static bool gone(struct work *w, struct confirm_task *t)
{
	if (w->attempt < LOOKS_GONE)
		return pay_shallow(w, "the release is not deep enough yet");
	memcpy(t->hash, t->payout.adopted, sizeof(t->hash));
	t->outcome = CONFIRM_GONE;
	return true;
}

bool confirm_effect(struct work *w, const struct outside *outside, void *task)
{
	struct confirm_task *t = task;
	const struct attempt *live = payout_live(&t->payout);
	bool paid;

	if (t->decided)
		return true;
	if (!chain_serves(w, outside->chain, t->payout.chain_id, t->payout.escrow))
		return false;
	if (live != NULL)
		return look(w, outside->chain, t, live->hash) && judge(w, outside->chain, t, live);
	if (!t->payout.has_adopted)
		return err_set(w, ERR_BUG, "pay.no_attempt", "a payout that was sent has no transaction");
	return look_for_release(w, outside->chain, t, &paid) && (paid || gone(w, t));
}

static bool settle_paid(struct work *w, struct tx *tx, const struct confirm_task *t)
{
	uint8_t hash[32];
	struct sql_payout_paid_in in = {
		.payout_id = t->payout_id,
		.tx_hash = str_of(t->hash, 32),
		.reverted = t->reverted == NULL ? (str){ NULL, 0 } : str_of(t->reverted->hash, 32),
		.block_number = t->receipt.block_number,
		.block_hash = str_of(t->receipt.block_hash, 32),
		.endpoint = t->receipt.endpoint,
		.sha256 = str_of(hash, 32),
		.receipt = t->receipt.bytes,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_payout_paid_out out;

	sha256(t->receipt.bytes, hash);
	return sql_payout_paid(w, tx, &in, &out);
}

static bool settle_failed(struct work *w, struct tx *tx, const struct confirm_task *t)
{
	bool dead = t->outcome == CONFIRM_DEAD;
	struct sql_payout_fail_in in = {
		.payout_id = t->payout_id,
		.tx_hash = str_of(t->hash, 32),
		.state = dead ? STR("dead") : STR("failed"),
		.code = dead ? STR("pay.nonce_foreign") : STR("pay.reverted"),
		.detail = dead
			? STR("the signer's key was used elsewhere: find out by whom, then let the payout be quoted again")
			: STR("the release failed on chain: remove the cause, then let the payout be quoted again"),
		.has_block_number = !dead,
		.block_number = t->receipt.block_number,
		.block_hash = dead ? (str){ NULL, 0 } : str_of(t->receipt.block_hash, 32),
		.endpoint = t->receipt.endpoint,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_payout_fail_out out;

	return sql_payout_fail(w, tx, &in, &out);
}

static bool settle_gone(struct work *w, struct tx *tx, const struct confirm_task *t)
{
	struct sql_payout_gone_in in = {
		.payout_id = t->payout_id,
		.tx_hash = str_of(t->hash, 32),
		.code = STR("pay.release_gone"),
		.detail = STR(
			"the chain had paid it and says so no more: find out why, then let the payout be quoted again"),
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_payout_gone_out out;

	return sql_payout_gone(w, tx, &in, &out);
}

static const char *word(enum confirm_outcome o)
{
	switch (o) {
	case CONFIRM_PAID: return "paid";
	case CONFIRM_FAILED: return "failed";
	case CONFIRM_GONE: return "gone";
	default: return "dead";
	}
}

bool confirm_settle(struct work *w, struct tx *tx, void *task)
{
	const struct confirm_task *t = task;
	struct json *j;

	if (t->decided)
		return true;
	j = output_open(w);
	json_hex(j, "tx_hash", str_of(t->hash, 32));
	json_str(j, "outcome", str_c(word(t->outcome)));
	output_close(w, j);
	switch (t->outcome) {
	case CONFIRM_PAID: return settle_paid(w, tx, t);
	case CONFIRM_GONE: return settle_gone(w, tx, t);
	default: return settle_failed(w, tx, t);
	}
}
