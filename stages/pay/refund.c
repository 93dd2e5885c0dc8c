/* What can no longer be won goes back: what our rows say of it, and what is written once the chain was asked (refund_look.c). */
#include "base/fault.h"
#include "base/output.h"
#include "crypto/digest.h"
#include "pay.h"
#include "sql.h"

static bool load_live(const struct sql_refund_read_out *row, struct refund_task *t)
{
	t->has_live = row->live_hash.p != NULL;
	if (!t->has_live)
		return true;
	t->live.state = row->live_state;
	t->live.nonce = row->live_nonce;
	t->live.raw = row->live_raw;
	t->low.max_fee = row->live_max_fee;
	t->low.max_priority_fee = row->live_priority_fee;
	t->low.gas = (uint64_t)row->live_gas;
	return str_into(row->live_hash, t->live.hash, 32);
}

static bool load(struct work *w, const struct sql_refund_read_out *row, struct refund_task *t)
{
	t->stopped = row->stopped;
	t->amount = row->amount;
	t->booked = row->booked;
	t->since = row->since;
	t->first = row->first;
	t->chain_id = row->chain_id;
	if (!str_into(row->bounty_key, t->bounty, 32) || !str_into(row->escrow, t->escrow, 20) ||
		(row->funder.p != NULL && !str_into(row->funder, t->funder, 20)) || !load_live(row, t))
		return err_set(w, ERR_BUG, "db.row", "a chain name in the database has the wrong length");
	return true;
}

bool refund_plan(struct work *w, struct tx *tx, void *task)
{
	struct refund_task *t = task;
	struct sql_refund_read_in in = { .refund_id = t->refund_id };
	struct sql_refund_read_out row;
	uint8_t address[20];
	bool found;

	if (pay_signer() != NULL) {
		signer_address(pay_signer(), address);
		in.signer = str_of(address, 20);
	}
	if (!sql_refund_read(w, tx, &in, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "pay.refund_unknown", "the refund is not in the database");
	if (!load(w, &row, t))
		return false;
	t->decided = str_eq(row.state, STR("refunded"));
	if (t->decided || t->has_live)
		return t->decided || pay_looks(w, tx, &t->looks);
	if (u256_is_zero(t->amount))
		t->outcome = REFUND_DONE;
	else if (row.wait > 0)
		return err_snooze(w, row.wait, "pay.refund_early", "the escrow's lock has not ended");
	return true;
}

static void say(struct work *w, const char *outcome, const uint8_t *hash)
{
	struct json *j = output_open(w);

	json_str(j, "outcome", str_c(outcome));
	if (hash != NULL)
		json_hex(j, "tx_hash", str_of(hash, 32));
	output_close(w, j);
}

static bool settle_done(struct work *w, struct tx *tx, const struct refund_task *t)
{
	struct sql_refund_confirm_in in = {
		.refund_id = t->refund_id, .amount = t->amount, .job = w->job, .trace = work_trace(w)
	};
	struct sql_refund_confirm_out out;
	uint8_t hash[32];

	if (t->has_hash) {
		sha256(t->receipt.bytes, hash);
		in.funder = str_of(t->to, 20);
		in.tx_hash = str_of(t->hash, 32);
		in.reverted = t->failed ? str_of(t->live.hash, 32) : (str){ NULL, 0 };
		in.has_block_number = true;
		in.block_number = t->receipt.block_number;
		in.block_hash = str_of(t->receipt.block_hash, 32);
		in.endpoint = t->receipt.endpoint;
		in.sha256 = str_of(hash, 32);
		in.receipt = t->receipt.bytes;
	}
	if (!sql_refund_confirm(w, tx, &in, &out))
		return false;
	return !out.moved ||
		err_set(w, ERR_RETRY, "pay.refund_moved", "another deposit was booked while the chain was asked");
}

static bool settle_hold(
	struct work *w, struct tx *tx, const struct refund_task *t, const char *state, const char *code, str detail)
{
	struct sql_refund_hold_in in = {
		.refund_id = t->refund_id,
		.code = str_c(code),
		.detail = detail,
		.job = w->job,
		.trace = work_trace(w),
	};
	struct sql_refund_hold_out out;

	if (state != NULL) {
		in.tx_hash = str_of(t->live.hash, 32);
		in.state = str_c(state);
	}
	if (t->outcome == REFUND_FAILED) {
		in.has_block_number = true;
		in.block_number = t->receipt.block_number;
		in.block_hash = str_of(t->receipt.block_hash, 32);
		in.endpoint = t->receipt.endpoint;
	}
	if (!sql_refund_hold(w, tx, &in, &out))
		return false;
	return out.held ||
		err_set(w, ERR_RETRY, "pay.not_held", "the refund changed while it was looked at: it is not held");
}

static bool sign(
	struct work *w, const struct refund_task *t, int64_t nonce, struct pay_call *call, struct evm_signed *out)
{
	*call = (struct pay_call){ .chain_id = t->chain_id, .nonce = nonce };
	memcpy(call->escrow, t->escrow, sizeof(call->escrow));
	return escrow_refund_data(w, t->bounty, &call->data) && pay_sign(w, call, &t->fees, out);
}

static bool reserve(struct work *w, struct tx *tx, const struct refund_task *t, const struct sql_refund_signer_out *key)
{
	struct evm_signed signed_tx;
	struct pay_call call;
	struct sql_refund_reserve_out out;

	if (!sign(w, t, key->next_nonce, &call, &signed_tx))
		return false;
	FAULT("pay.refund_signed");
	say(w, "signed", signed_tx.hash);
	return sql_refund_reserve(w, tx,
		&(struct sql_refund_reserve_in){
			.refund_id = t->refund_id,
			.signer_id = key->id,
			.nonce = key->next_nonce,
			.escrow = str_of(call.escrow, 20),
			.data = call.data,
			.raw = signed_tx.raw,
			.tx_hash = str_of(signed_tx.hash, 32),
			.max_fee = t->fees.max_fee,
			.priority_fee = t->fees.max_priority_fee,
			.gas = (int64_t)t->fees.gas,
			.job = w->job,
			.trace = work_trace(w),
		},
		&out); /* not reserved: another job has signed it meanwhile, and goes on */
}

/* The signer's row is locked first: its nonce stays true until commit. */
static bool settle_sign(struct work *w, struct tx *tx, const struct refund_task *t)
{
	uint8_t address[20];
	struct sql_refund_signer_in in = { t->refund_id, str_of(address, 20), (int64_t)t->nonce };
	struct sql_refund_signer_out key;

	signer_address(pay_signer(), address);
	if (!sql_refund_signer(w, tx, &in, &key))
		return false;
	if (key.stopped.p != NULL)
		return settle_hold(w, tx, t, NULL, "pay.nonce_foreign",
			STR("the signer is stopped: find out who used its key, then let the refund run again"));
	return reserve(w, tx, t, &key);
}

static bool settle_raise(struct work *w, struct tx *tx, const struct refund_task *t)
{
	struct evm_signed signed_tx;
	struct pay_call call;
	struct sql_refund_replace_out out;

	if (!sign(w, t, t->live.nonce, &call, &signed_tx))
		return false;
	if (!sql_refund_replace(w, tx,
		    &(struct sql_refund_replace_in){
			    .refund_id = t->refund_id,
			    .old_hash = str_of(t->live.hash, 32),
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

static bool settle_sent(struct work *w, struct tx *tx, const struct refund_task *t)
{
	struct sql_refund_sent_in in = { t->refund_id, str_of(t->live.hash, 32), w->job, work_trace(w) };
	struct sql_refund_sent_out out;

	return sql_refund_sent(w, tx, &in, &out);
}

bool refund_settle(struct work *w, struct tx *tx, void *task)
{
	static const char *const words[] = { "none", "refunded", "signed", "sent", "raised", "failed", "dead",
		"refused" };
	const struct refund_task *t = task;

	if (t->decided)
		return true;
	say(w, words[t->outcome], t->has_hash ? t->hash : t->has_live ? t->live.hash : NULL);
	switch (t->outcome) {
	case REFUND_DONE: return settle_done(w, tx, t);
	case REFUND_SIGN: return settle_sign(w, tx, t);
	case REFUND_SENT: return settle_sent(w, tx, t);
	case REFUND_RAISE: return settle_raise(w, tx, t);
	case REFUND_FAILED:
		return settle_hold(w, tx, t, "failed", "pay.reverted",
			STR("the refund failed on chain: remove the cause, then let it run again"));
	case REFUND_DEAD:
		return settle_hold(w, tx, t, "dead", "pay.nonce_foreign",
			STR("the signer's key was used elsewhere: find out by whom, then let the refund run again"));
	case REFUND_REFUSED: return settle_hold(w, tx, t, NULL, t->code, t->why);
	default: return err_set(w, ERR_BUG, "pay.no_attempt", "a refund was settled without an outcome");
	}
}
