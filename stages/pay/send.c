/* One release, signed once. plan takes the nonce, signs and stores the bytes in one transaction; from then on the same bytes may
 * be sent any number of times, by anyone, and their hash says what to look for. */
#include "base/fault.h"
#include "base/hex.h"
#include "base/output.h"
#include "pay.h"
#include "queue/progress.h"
#include "sql.h"

static bool sign(struct work *w, const struct send_task *t, const struct chain_fees *fees, struct pay_call *call,
	struct evm_signed *out)
{
	*call = (struct pay_call){ .chain_id = t->payout.chain_id, .nonce = t->nonce };
	memcpy(call->escrow, t->payout.escrow, sizeof(call->escrow));
	return payout_data(w, &t->payout, &call->data) && pay_sign(w, call, fees, out);
}

static bool reserve(struct work *w, struct tx *tx, struct send_task *t, const struct sql_tx_lock_out *key)
{
	struct chain_fees fees = { t->max_fee, t->max_priority_fee, (uint64_t)t->gas };
	struct evm_signed signed_tx;
	struct pay_call call;
	struct sql_tx_reserve_out out;

	t->nonce = key->next_nonce;
	if (!sign(w, t, &fees, &call, &signed_tx))
		return false;
	memcpy(t->hash, signed_tx.hash, sizeof(t->hash));
	t->raw = signed_tx.raw;
	FAULT("pay.signed");
	if (!sql_tx_reserve(w, tx,
		    &(struct sql_tx_reserve_in){
			    .payout_id = t->payout_id,
			    .signer_id = key->id,
			    .nonce = key->next_nonce,
			    .escrow = str_of(call.escrow, 20),
			    .data = call.data,
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

/* What plan would find: a transaction to look for, nothing left to do, or one still to be signed. */
static void found(struct send_task *t)
{
	const struct attempt *live = payout_live(&t->payout);

	if (live == NULL) {
		t->decided = !str_one_of(t->payout.state, "payable|sending");
		return;
	}
	t->decided = !str_eq(live->state, STR("prepared"));
	memcpy(t->hash, live->hash, sizeof(t->hash));
	t->raw = live->raw;
	t->nonce = live->nonce;
}

bool send_peek(struct work *w, struct tx *tx, void *task)
{
	struct send_task *t = task;

	if (!payout_load(w, tx, t->payout_id, &t->payout))
		return false;
	found(t);
	return true;
}

bool send_plan(struct work *w, struct tx *tx, void *task)
{
	struct send_task *t = task;
	struct sql_tx_lock_out key;

	if (!lock_signer(w, tx, t->payout_id, &key) || !payout_load(w, tx, t->payout_id, &t->payout))
		return false;
	found(t);
	if (t->decided || t->raw.p != NULL)
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
	if (!chain_serves(w, outside->chain, t->payout.chain_id, t->payout.escrow) ||
		!chain_receipt_of(w, outside->chain, t->hash, &seen))
		return false;
	*done = seen.seen != CHAIN_ABSENT;
	return true;
}

/* The bytes never entered a pool: what does the chain ask for now? */
static bool requote(struct work *w, struct chain *c, struct send_task *t)
{
	struct chain_fees low = { t->max_fee, t->max_priority_fee, (uint64_t)t->gas };
	str data;

	if (!payout_data(w, &t->payout, &data) || !pay_raise(w, c, t->payout.escrow, data, &low, &t->fees))
		return false;
	t->replace = true;
	return true;
}

bool send_effect(struct work *w, const struct outside *outside, void *task)
{
	struct send_task *t = task;
	enum chain_sent sent;
	str reason = { NULL, 0 };

	progress_effect(w, "evm.send", hex_0x(w->arena, str_of(t->hash, 32)));
	if (!chain_send(w, outside->chain, t->raw, &sent, &reason))
		return false;
	FAULT("pay.broadcast");
	if (sent == CHAIN_FEE_LOW)
		return requote(w, outside->chain, t);
	return pay_react(w, sent, reason); /* a nonce that is used: pay.confirm finds out which transaction used it */
}

static bool settle_replaced(struct work *w, struct tx *tx, const struct send_task *t)
{
	struct evm_signed signed_tx;
	struct pay_call call;
	struct sql_tx_replace_out out;

	if (!sign(w, t, &t->fees, &call, &signed_tx))
		return false;
	if (!sql_tx_replace(w, tx,
		    &(struct sql_tx_replace_in){
			    .payout_id = t->payout_id,
			    .old_hash = str_of(t->hash, 32),
			    .raw = signed_tx.raw,
			    .tx_hash = str_of(signed_tx.hash, 32),
			    .max_fee = t->fees.max_fee,
			    .priority_fee = t->fees.max_priority_fee,
			    .gas = (int64_t)t->fees.gas,
			    .job = w->job,
			    .trace = work_trace(w),
		    },
		    &out))
		return false;
	return out.replaced ||
		err_set(w, ERR_RETRY, "pay.not_replaced", "the transaction changed while fees were asked for");
}

bool send_settle(struct work *w, struct tx *tx, void *task)
{
	struct send_task *t = task;
	struct sql_tx_sent_in in = { t->payout_id, str_of(t->hash, 32), w->job, work_trace(w) };
	struct sql_tx_sent_out out;
	struct json *j;

	if (t->decided)
		return true;
	j = output_open(w);
	json_hex(j, "tx_hash", str_of(t->hash, 32));
	json_bool(j, "replaced", t->replace);
	output_close(w, j);
	return t->replace ? settle_replaced(w, tx, t) : sql_tx_sent(w, tx, &in, &out);
}
