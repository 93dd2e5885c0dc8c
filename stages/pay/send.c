/* One release, signed once. plan takes the nonce, signs and stores the bytes in one transaction; from then on the same bytes may
 * be sent any number of times, by anyone, and their hash says what to look for. */
#include "base/fault.h"
#include "pay.h"
#include "sql.h"

static bool sign(struct work *w, struct send_task *t, int64_t nonce, struct evm_tx *tx, struct evm_signed *out)
{
	*tx = (struct evm_tx){
		.chain_id = (uint64_t)t->payout.chain_id,
		.nonce = (uint64_t)nonce,
		.gas = (uint64_t)t->gas,
		.max_fee = t->max_fee,
		.max_priority_fee = t->max_priority_fee,
	};
	memcpy(tx->to, t->payout.escrow, sizeof(tx->to));
	return payout_data(w, &t->payout, &tx->data) && signer_sign(w, pay_signer(), tx, out);
}

static bool reserve(struct work *w, struct tx *tx, struct send_task *t, const struct sql_tx_lock_out *key)
{
	struct evm_signed signed_tx;
	struct evm_tx evm;
	struct sql_tx_reserve_out out;

	if (!sign(w, t, key->next_nonce, &evm, &signed_tx))
		return false;
	memcpy(t->hash, signed_tx.hash, sizeof(t->hash));
	t->raw = signed_tx.raw;
	FAULT("pay.signed");
	if (!sql_tx_reserve(w, tx,
		    &(struct sql_tx_reserve_in){
			    .payout_id = t->payout_id,
			    .signer_id = key->id,
			    .nonce = key->next_nonce,
			    .escrow = str_of(evm.to, 20),
			    .data = evm.data,
			    .raw = t->raw,
			    .tx_hash = str_of(t->hash, 32),
			    .max_fee = t->max_fee,
			    .priority_fee = t->max_priority_fee,
			    .gas = t->gas,
		    },
		    &out))
		return false;
	FAULT("pay.reserved");
	return out.reserved || err_set(w, ERR_BUG, "pay.not_reserved", "nonce or payout changed under our lock");
}

/* The signer's row is locked first: what is read after that stays true until commit. */
static bool lock_signer(struct work *w, struct tx *tx, uuid payout_id, struct sql_tx_lock_out *key)
{
	uint8_t address[20];
	bool found;

	signer_address(pay_signer(), address);
	if (!sql_tx_lock(w, tx, &(struct sql_tx_lock_in){ payout_id, str_of(address, 20) }, key, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "pay.signer_unknown",
			"no quote was asked for with this key on the payout's chain");
	return true;
}

bool send_plan(struct work *w, struct tx *tx, void *task)
{
	struct send_task *t = task;
	const struct attempt *live;
	struct sql_tx_lock_out key;

	if (!lock_signer(w, tx, t->payout_id, &key) || !payout_load(w, tx, t->payout_id, &t->payout))
		return false;
	live = payout_live(&t->payout);
	if (live != NULL) {
		t->decided = !str_eq(live->state, STR("prepared"));
		memcpy(t->hash, live->hash, sizeof(t->hash));
		t->raw = live->raw;
		return true;
	}
	t->decided = !str_one_of(t->payout.state, "payable|sending");
	if (t->decided)
		return true;
	if (key.stopped.p != NULL)
		return err_snooze(w, 60 * USEC_S, "pay.signer_stopped", "the signer must not be used: " STR_FMT,
			STR_ARG(key.stopped));
	return reserve(w, tx, t, &key);
}

bool send_probe(struct work *w, const struct outside *outside, void *task, bool *done)
{
	struct send_task *t = task;
	struct chain_receipt seen;

	*done = t->decided;
	if (t->decided)
		return true;
	if (!payout_chain(w, &t->payout, outside->chain) || !chain_receipt_of(w, outside->chain, t->hash, &seen))
		return false;
	*done = seen.seen != CHAIN_ABSENT;
	return true;
}

/* What the node's answer asks for. NONCE_USED is no failure here: pay.confirm finds out which transaction used it. */
static bool react(struct work *w, enum chain_sent sent, str reason)
{
	switch (sent) {
	case CHAIN_SENT:
	case CHAIN_NONCE_USED: return true;
	case CHAIN_NONCE_GAP:
		return err_snooze(w, 2 * USEC_S, "pay.nonce_gap",
			"an earlier transaction has not reached the node: " STR_FMT, STR_ARG(reason));
	case CHAIN_FEE_LOW:
		return err_retry_after(w, 15 * USEC_S, "pay.fee_low",
			"the chain asks for more than was signed: " STR_FMT, STR_ARG(reason));
	case CHAIN_NO_FUNDS:
		return err_snooze(
			w, 60 * USEC_S, "pay.no_gas", "the signer cannot pay for gas: " STR_FMT, STR_ARG(reason));
	default:
		return err_set(
			w, ERR_INVALID, "pay.refused", "the node refuses the transaction: " STR_FMT, STR_ARG(reason));
	}
}

bool send_effect(struct work *w, const struct outside *outside, void *task)
{
	struct send_task *t = task;
	enum chain_sent sent;
	str reason = { NULL, 0 };

	if (!chain_send(w, outside->chain, t->raw, &sent, &reason))
		return false;
	FAULT("pay.broadcast");
	return react(w, sent, reason);
}

bool send_settle(struct work *w, struct tx *tx, void *task)
{
	struct send_task *t = task;
	struct sql_tx_sent_in in = { t->payout_id, str_of(t->hash, 32), w->job, work_trace(w) };
	struct sql_tx_sent_out out;

	return t->decided || sql_tx_sent(w, tx, &in, &out);
}
