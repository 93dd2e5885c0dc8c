/* One transaction of the pay key: a call of the escrow, signed; what a node's answer to it means; and what it must offer to be taken. */
#include "pay.h"
#include "sql.h"

#define WAIT_MAX (30 * USEC_S)
#define LOOKS_DEAD 8

static usec next_look(const struct work *w)
{
	return clock_doubled(USEC_S, w->attempt - 1, WAIT_MAX);
}

bool pay_shallow(struct work *w, const char *why)
{
	return err_snooze(w, next_look(w), "pay.shallow", "%s", why);
}

bool pay_absent(struct work *w)
{
	return err_snooze(w, next_look(w), "pay.absent", "no node knew the transaction: it was sent again");
}

bool pay_sign(struct work *w, const struct pay_call *call, const struct chain_fees *fees, struct evm_signed *out)
{
	struct evm_tx tx = {
		.chain_id = (uint64_t)call->chain_id,
		.nonce = (uint64_t)call->nonce,
		.gas = fees->gas,
		.max_fee = fees->max_fee,
		.max_priority_fee = fees->max_priority_fee,
		.data = call->data,
	};

	memcpy(tx.to, call->escrow, sizeof(tx.to));
	return signer_sign(w, pay_signer(), &tx, out);
}

/* 15 % more, rounded up; nodes ask for 10 */
static u256 raised(u256 fee)
{
	uint64_t rest;
	u256 more = u256_div_u64(fee, 100, &rest), out;

	if (!u256_mul_u64(more, 15, &more) || !u256_add(fee, more, &out) || !u256_add(out, u256_of(15), &out))
		return fee;
	return out;
}

static u256 greater(u256 a, u256 b)
{
	return u256_cmp(a, b) < 0 ? b : a;
}

bool pay_would_revert(const struct work *w)
{
	return w->err.kind == ERR_INVALID && w->err.code != NULL && strcmp(w->err.code, "chain.reverts") == 0;
}

static bool ask_anew(
	struct work *w, struct chain *c, const uint8_t escrow[20], str data, uint64_t gas, struct chain_fees *out)
{
	uint8_t from[20];

	signer_address(pay_signer(), from);
	if (chain_quote(w, c, from, escrow, data, out))
		return true;
	if (!pay_would_revert(w))
		return false;
	err_clear(w);
	out->gas = gas;
	return chain_ask_fees(w, c, out);
}

bool pay_raise(struct work *w, struct chain *c, const uint8_t escrow[20], str data, const struct chain_fees *low,
	struct chain_fees *out)
{
	if (!ask_anew(w, c, escrow, data, low->gas, out))
		return false;
	out->max_fee = greater(out->max_fee, raised(low->max_fee));
	out->max_priority_fee = greater(out->max_priority_fee, raised(low->max_priority_fee));
	return u256_cmp(out->max_fee, chain_conf(c)->max_fee_cap) <= 0 ||
		err_retry_after(w, 60 * USEC_S, "chain.fee_cap", "the chain asks for more than evm.max_fee allows");
}

bool pay_resend(struct work *w, struct chain *c, const struct attempt *a, bool *used)
{
	enum chain_sent sent;
	uint8_t from[20];
	uint64_t nonce;
	str reason = { NULL, 0 };

	signer_address(pay_signer(), from);
	if (!chain_nonce(w, c, from, &nonce))
		return false;
	*used = nonce > (uint64_t)a->nonce;
	return *used || chain_send(w, c, a->raw, &sent, &reason);
}

bool pay_looks(struct work *w, struct tx *tx, int32_t *looks)
{
	struct sql_tx_looks_out row;

	if (!sql_tx_looks(w, tx, &(struct sql_tx_looks_in){ w->job }, &row))
		return false;
	*looks = row.looks;
	return true;
}

bool pay_dead(struct work *w, int32_t looks, enum chain_seen seen)
{
	return (seen == CHAIN_ABSENT && looks + 1 >= LOOKS_DEAD) ||
		err_snooze(w, next_look(w), "pay.nonce_used", "its nonce is used: looking for the transaction again");
}

bool pay_react(struct work *w, enum chain_sent sent, str reason)
{
	switch (sent) {
	case CHAIN_SENT:
	case CHAIN_FEE_LOW:
	case CHAIN_NONCE_USED: return true;
	case CHAIN_NONCE_GAP:
		return err_snooze(w, 2 * USEC_S, "pay.nonce_gap",
			"an earlier transaction has not reached the node: " STR_FMT, STR_ARG(reason));
	case CHAIN_NO_FUNDS:
		return err_snooze(
			w, 60 * USEC_S, "pay.no_gas", "the signer cannot pay for gas: " STR_FMT, STR_ARG(reason));
	default:
		return err_set(
			w, ERR_INVALID, "pay.refused", "the node refuses the transaction: " STR_FMT, STR_ARG(reason));
	}
}
