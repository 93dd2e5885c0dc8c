/* What can no longer be won goes back. Anyone may have the escrow give it to its funder once the lock has ended, so what counts is
 * that the chain did, whoever asked; what was signed here is sent all the same, for later transactions need its nonce to be used. */
#include "base/fault.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "pay.h"
#include "queue/progress.h"
#include "sql.h"

#define EARLY_MAX_S 86400

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
	return str_into(row->live_hash, t->live.hash, 32);
}

static bool load(struct work *w, const struct sql_refund_read_out *row, struct refund_task *t)
{
	t->stopped = row->stopped;
	t->amount = row->amount;
	t->since = row->since;
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
		return true;
	if (u256_is_zero(t->amount))
		t->outcome = BACK_DONE;
	else if (row.wait > 0)
		return err_snooze(w, row.wait, "pay.refund_early", "the escrow's lock has not ended");
	return true;
}

/* The receipt is final: did the escrow give back all that we have booked, to who had locked it? More than that was locked by the
 * same wallet without our knowledge. */
static bool check_log(struct work *w, struct refund_task *t)
{
	struct escrow_refunded r;

	if (!escrow_find_refunded(w, &t->receipt, t->escrow, t->bounty, &r) || memcmp(r.to, t->funder, 20) != 0 ||
		u256_cmp(r.amount, t->amount) < 0)
		return err_set(w, ERR_INVALID, "pay.wrong_refund",
			"the escrow gave back less than was locked, or to another wallet");
	memcpy(t->to, r.to, sizeof(t->to));
	t->has_hash = true;
	t->outcome = BACK_DONE;
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

	if (!chain_find_refund(w, c, t->bounty, t->since, found, hash))
		return false;
	if (!*found)
		return true;
	if (!look(w, c, t, hash))
		return false;
	*found = t->receipt.seen != CHAIN_ABSENT && t->receipt.seen != CHAIN_REVERTED;
	if (!*found)
		return true;
	if (t->receipt.seen != CHAIN_DONE)
		return err_snooze(w, pay_wait(w), "pay.shallow", "the refund is not deep enough yet");
	return check_log(w, t);
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
	t->outcome = BACK_FAILED;
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
		t->outcome = BACK_SENT;
		return true;
	}
	switch (t->receipt.seen) {
	case CHAIN_DONE: return check_log(w, t);
	case CHAIN_REVERTED: return reverted(w, c, t);
	default: return err_snooze(w, pay_wait(w), "pay.shallow", "the refund is not deep enough yet");
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

	*done = t->decided || t->outcome == BACK_DONE;
	if (*done)
		return true;
	if (!chain_serves(w, outside->chain, t->chain_id, t->escrow))
		return false;
	if (t->has_live ? !probe_live(w, outside->chain, t) : !look_for_refund(w, outside->chain, t, &found))
		return false;
	*done = t->outcome != BACK_NONE;
	return *done || t->has_live || check_lock(w, outside->chain, t);
}

/* The escrow's own answer to a call that was not sent. A token that refuses its funder is for a person to see. */
static bool would_revert(struct work *w, struct refund_task *t)
{
	str why;

	if (w->err.kind != ERR_INVALID || w->err.code == NULL || strcmp(w->err.code, "chain.reverts") != 0)
		return false;
	why = arena_str(w->arena, str_c(w->err.text));
	err_clear(w);
	if (str_eq(why, STR("TooEarly(uint64)")))
		return too_early(w, 1);
	if (str_eq(why, STR("ZeroAmount()")))
		return err_snooze(w, pay_wait(w), "pay.shallow", "somebody has just had it refunded");
	t->outcome = BACK_REFUSED;
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
	t->outcome = BACK_SIGN;
	return chain_nonce(w, c, from, &t->nonce);
}

static bool raise_fees(struct work *w, struct chain *c, struct refund_task *t)
{
	str data;

	if (!escrow_refund_data(w, t->bounty, &data))
		return false;
	if (!pay_raise(w, c, t->escrow, data, &t->low, &t->fees))
		return would_revert(w, t);
	t->outcome = BACK_RAISE;
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
	t->outcome = BACK_SENT;
	return pay_react(w, sent, reason);
}

/* It was sent and no node knows it: dropped, and the same bytes go out again, or its nonce went to another transaction. */
static bool absent(struct work *w, struct chain *c, struct refund_task *t)
{
	enum chain_sent sent;
	uint8_t from[20];
	uint64_t nonce;
	bool found;
	str reason = { NULL, 0 };

	signer_address(pay_signer(), from);
	if (!chain_nonce(w, c, from, &nonce))
		return false;
	if (nonce <= (uint64_t)t->live.nonce) {
		if (!chain_send(w, c, t->live.raw, &sent, &reason))
			return false;
		return err_snooze(w, pay_wait(w), "pay.absent", "no node knew the transaction: it was sent again");
	}
	if (!look_for_refund(w, c, t, &found))
		return false;
	if (found)
		return true;
	if (!look(w, c, t, t->live.hash))
		return false;
	if (t->receipt.seen != CHAIN_ABSENT || w->attempt < PAY_LOOKS_MIN)
		return err_snooze(
			w, pay_wait(w), "pay.nonce_used", "its nonce is used: looking for the transaction again");
	t->outcome = BACK_DEAD;
	return true;
}

bool refund_effect(struct work *w, const struct outside *outside, void *task)
{
	struct refund_task *t = task;

	if (t->decided || t->outcome != BACK_NONE)
		return true;
	if (!t->has_live)
		return quote(w, outside->chain, t);
	if (str_eq(t->live.state, STR("prepared")))
		return send(w, outside->chain, t);
	return absent(w, outside->chain, t);
}

static str hash_text(struct work *w, const uint8_t hash[32])
{
	return arena_printf(w->arena, ",\"tx_hash\":\"" STR_FMT "\"", STR_ARG(hex_0x(w->arena, str_of(hash, 32))));
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
	if (t->outcome == BACK_FAILED) {
		in.has_block_number = true;
		in.block_number = t->receipt.block_number;
		in.block_hash = str_of(t->receipt.block_hash, 32);
		in.endpoint = t->receipt.endpoint;
	}
	return sql_refund_hold(w, tx, &in, &out);
}

static bool sign(struct work *w, const struct refund_task *t, int64_t nonce, struct call *call, struct evm_signed *out)
{
	*call = (struct call){ .chain_id = t->chain_id, .nonce = nonce };
	memcpy(call->escrow, t->escrow, sizeof(call->escrow));
	return escrow_refund_data(w, t->bounty, &call->data) && pay_sign(w, call, &t->fees, out);
}

static bool reserve(struct work *w, struct tx *tx, const struct refund_task *t, const struct sql_refund_signer_out *key)
{
	struct evm_signed signed_tx;
	struct call call;
	struct sql_refund_reserve_out out;

	if (!sign(w, t, key->next_nonce, &call, &signed_tx))
		return false;
	FAULT("pay.refund_signed");
	w->output =
		arena_printf(w->arena, "{\"outcome\":\"signed\"" STR_FMT "}", STR_ARG(hash_text(w, signed_tx.hash)));
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
	struct call call;
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
	w->output = arena_printf(w->arena, "{\"outcome\":\"%s\"" STR_FMT "}", words[t->outcome],
		STR_ARG(t->has_live || t->has_hash ? hash_text(w, t->has_hash ? t->hash : t->live.hash) : STR("")));
	switch (t->outcome) {
	case BACK_DONE: return settle_done(w, tx, t);
	case BACK_SIGN: return settle_sign(w, tx, t);
	case BACK_SENT: return settle_sent(w, tx, t);
	case BACK_RAISE: return settle_raise(w, tx, t);
	case BACK_FAILED:
		return settle_hold(w, tx, t, "failed", "pay.reverted",
			STR("the refund failed on chain: remove the cause, then let it run again"));
	case BACK_DEAD:
		return settle_hold(w, tx, t, "dead", "pay.nonce_foreign",
			STR("the signer's key was used elsewhere: find out by whom, then let the refund run again"));
	case BACK_REFUSED: return settle_hold(w, tx, t, NULL, t->code, t->why);
	default: return err_set(w, ERR_BUG, "pay.no_attempt", "a refund was settled without an outcome");
	}
}
