/* Did the escrow give the money back? Anyone may have it do so once the lock has ended, so what counts is that the chain did, whoever
 * asked; what was signed here is sent all the same, for later transactions need its nonce to be used. */
#include "base/fault.h"
#include "base/hex.h"
#include "pay.h"
#include "queue/progress.h"

#define EARLY_MAX_S 86400
#define EARLIER_MAX 32 /* refunds of one bounty that are added up; who takes back crumbs that often is for a person */

static bool wrong(struct work *w)
{
	return err_set(
		w, ERR_INVALID, "pay.wrong_refund", "the escrow gave back less than was locked, or to another wallet");
}

static bool read_log(struct work *w, const struct refund_task *t, const struct chain_receipt *receipt, u256 *amount)
{
	struct escrow_refunded r;

	if (!escrow_find_refunded(w, receipt, t->escrow, t->bounty, &r) || memcmp(r.to, t->funder, 20) != 0)
		return wrong(w);
	*amount = r.amount;
	return true;
}

/* The one before block *at, whose own block that is then. */
static bool one_earlier(struct work *w, struct chain *c, const struct refund_task *t, int64_t *at, u256 *amount)
{
	struct chain_receipt receipt;
	uint8_t hash[32];
	bool found;

	if (!chain_find_refund(w, c, t->bounty, t->first, *at - 1, &found, hash))
		return false;
	if (!found)
		return wrong(w);
	if (!chain_receipt_of(w, c, hash, &receipt))
		return false;
	if (receipt.seen != CHAIN_DONE)
		return pay_shallow(w, "an earlier refund is not deep enough yet");
	if (receipt.block_number >= *at)
		return err_set(
			w, ERR_RETRY, "pay.refund_not_found", "the node tells of another block than was asked for");
	*at = receipt.block_number;
	return read_log(w, t, &receipt, amount);
}

/* The last one empties the lock, and is small when its funder has locked and taken back a little since: then all count that there
 * were since the first deposit, for this refund and those that are booked. A lock outlasts its block: a block has at most one refund,
 * and that is of earlier deposits. */
static bool add_up(struct work *w, struct chain *c, const struct refund_task *t, u256 back)
{
	int64_t at = t->receipt.block_number;
	u256 all, amount;

	if (at <= t->since || !u256_add(t->amount, t->booked, &all))
		return wrong(w);
	for (int i = 0; u256_cmp(back, all) < 0; i++) {
		if (i == EARLIER_MAX)
			return wrong(w);
		if (!one_earlier(w, c, t, &at, &amount))
			return false;
		if (!u256_add(back, amount, &back))
			return wrong(w);
	}
	return true;
}

/* The receipt is final: did the escrow give back all that we have booked, to who had locked it? More than that was locked by the
 * same wallet without our knowledge. */
static bool check_log(struct work *w, struct chain *c, struct refund_task *t)
{
	u256 amount;

	if (!read_log(w, t, &t->receipt, &amount))
		return false;
	if (u256_cmp(amount, t->amount) < 0 && !add_up(w, c, t, amount))
		return false;
	memcpy(t->to, t->funder, sizeof(t->to));
	t->has_hash = true;
	t->outcome = REFUND_DONE;
	return true;
}

static bool look(struct work *w, struct chain *c, struct refund_task *t, const uint8_t hash[32])
{
	memcpy(t->hash, hash, sizeof(t->hash));
	return chain_receipt_of(w, c, hash, &t->receipt);
}

/* Anybody's transaction since the last deposit. found = false: none, or one that not all endpoints know: then the lock tells. */
static bool look_for_refund(struct work *w, struct chain *c, struct refund_task *t, bool *found)
{
	uint8_t hash[32];

	if (!chain_find_refund(w, c, t->bounty, t->since, INT64_MAX, found, hash))
		return false;
	if (!*found)
		return true;
	if (!look(w, c, t, hash))
		return false;
	*found = t->receipt.seen != CHAIN_ABSENT && t->receipt.seen != CHAIN_REVERTED;
	if (!*found)
		return true;
	if (t->receipt.seen != CHAIN_DONE)
		return pay_shallow(w, "the refund is not deep enough yet");
	return check_log(w, c, t);
}

/* Ours was mined and failed: because another one was first, or for a reason that a person must find. */
static bool reverted(struct work *w, struct chain *c, struct refund_task *t)
{
	struct chain_receipt failed = t->receipt;
	bool found;

	if (!look_for_refund(w, c, t, &found))
		return false;
	t->failed = true;
	if (found)
		return true;
	t->outcome = REFUND_FAILED;
	t->receipt = failed;
	memcpy(t->hash, t->live.hash, sizeof(t->hash));
	return true;
}

static bool probe_live(struct work *w, struct chain *c, struct refund_task *t)
{
	if (!look(w, c, t, t->live.hash))
		return false;
	if (t->receipt.seen == CHAIN_ABSENT)
		return true;
	if (str_eq(t->live.state, STR("prepared"))) {
		t->outcome = REFUND_SENT;
		return true;
	}
	switch (t->receipt.seen) {
	case CHAIN_DONE: return check_log(w, c, t);
	case CHAIN_REVERTED: return reverted(w, c, t);
	default: return pay_shallow(w, "the refund is not deep enough yet");
	}
}

static bool too_early(struct work *w, int64_t seconds)
{
	return err_snooze(w, (seconds < EARLY_MAX_S ? seconds : EARLY_MAX_S) * USEC_S, "pay.refund_early",
		"by the chain's clock the escrow's lock has not ended");
}

/* Nothing is signed for what the escrow would not give. */
static bool check_lock(struct work *w, struct chain *c, struct refund_task *t)
{
	struct chain_lock lock;

	if (!chain_lock_of(w, c, t->bounty, &lock))
		return false;
	if (u256_is_zero(lock.balance))
		return err_set(w, ERR_RETRY, "pay.refund_not_found",
			"the escrow holds nothing of it, the node finds no log of a refund");
	if (memcmp(lock.funder, t->funder, 20) != 0 || u256_cmp(lock.balance, t->amount) < 0)
		return err_set(w, ERR_INVALID, "pay.refund_short",
			"the escrow holds less than was locked, or of another wallet");
	return lock.now > lock.deadline || too_early(w, lock.deadline - lock.now + (lock.deadline < INT64_MAX));
}

bool refund_probe(struct work *w, const struct outside *outside, void *task, bool *done)
{
	struct refund_task *t = task;
	bool found = false;

	*done = t->decided || t->outcome == REFUND_DONE;
	if (*done)
		return true;
	if (!chain_serves(w, outside->chain, t->chain_id, t->escrow))
		return false;
	if (t->has_live ? !probe_live(w, outside->chain, t) : !look_for_refund(w, outside->chain, t, &found))
		return false;
	*done = t->outcome != REFUND_NONE;
	return *done || t->has_live || check_lock(w, outside->chain, t);
}

/* The escrow's own answer to a call that was not sent. A token that refuses its funder is for a person to see. */
static bool would_revert(struct work *w, struct refund_task *t)
{
	str why;

	if (!pay_would_revert(w))
		return false;
	why = arena_str(w->arena, str_c(w->err.text));
	err_clear(w);
	if (str_eq(why, STR("TooEarly(uint64)")))
		return too_early(w, 1);
	if (str_eq(why, STR("ZeroAmount()")))
		return pay_shallow(w, "somebody has just had it refunded");
	t->outcome = REFUND_REFUSED;
	t->code = "chain.reverts";
	t->why = arena_printf(w->arena, "the escrow would refuse the refund: " STR_FMT, STR_ARG(why));
	return true;
}

static bool quote(struct work *w, struct chain *c, struct refund_task *t)
{
	uint8_t from[20];
	str data;

	if (t->stopped.p != NULL)
		return err_snooze(w, 60 * USEC_S, "pay.signer_stopped", "the signer must not be used: " STR_FMT,
			STR_ARG(t->stopped));
	signer_address(pay_signer(), from);
	if (!escrow_refund_data(w, t->bounty, &data))
		return false;
	if (!chain_quote(w, c, from, t->escrow, data, &t->fees))
		return would_revert(w, t);
	t->outcome = REFUND_SIGN;
	return chain_nonce(w, c, from, &t->nonce);
}

static bool raise_fees(struct work *w, struct chain *c, struct refund_task *t)
{
	str data;

	if (!escrow_refund_data(w, t->bounty, &data))
		return false;
	if (!pay_raise(w, c, t->escrow, data, &t->low, &t->fees))
		return false;
	t->outcome = REFUND_RAISE;
	return true;
}

static bool send(struct work *w, struct chain *c, struct refund_task *t)
{
	enum chain_sent sent;
	str reason = { NULL, 0 };

	progress_effect(w, "evm.send", hex_0x(w->arena, str_of(t->live.hash, 32)));
	if (!chain_send(w, c, t->live.raw, &sent, &reason))
		return false;
	FAULT("pay.refund_broadcast");
	if (sent == CHAIN_FEE_LOW)
		return raise_fees(w, c, t);
	t->outcome = REFUND_SENT;
	return pay_react(w, sent, reason);
}

static bool nonce_used(struct work *w, struct chain *c, struct refund_task *t)
{
	bool found;

	if (!look_for_refund(w, c, t, &found))
		return false;
	if (found)
		return true;
	if (!look(w, c, t, t->live.hash) || !pay_dead(w, t->looks, t->receipt.seen))
		return false;
	t->outcome = REFUND_DEAD;
	return true;
}

static bool absent(struct work *w, struct chain *c, struct refund_task *t)
{
	bool used;

	if (!pay_resend(w, c, &t->live, &used))
		return false;
	if (used)
		return nonce_used(w, c, t);
	FAULT("refund.rebroadcast");
	return pay_absent(w);
}

bool refund_effect(struct work *w, const struct outside *outside, void *task)
{
	struct refund_task *t = task;

	if (t->decided || t->outcome != REFUND_NONE)
		return true;
	if (!t->has_live)
		return quote(w, outside->chain, t);
	if (str_eq(t->live.state, STR("prepared")))
		return send(w, outside->chain, t);
	return absent(w, outside->chain, t);
}
