/* What the files of the pay stage share. A payout is one leg of a bounty's reward; its key's hash is its name on chain, and the
 * escrow releases each name at most once. */
#pragma once

#include "outside/chain.h"
#include "outside/signer.h"
#include "queue/stage.h"

struct attempt { /* a transaction signed for a payout */
	uint8_t hash[32];
	str state; /* prepared sent confirmed replaced dead failed */
	int64_t nonce;
	str raw;
};

struct payout {
	str state, bounty_state, project; /* states */
	usec wait;                        /* until it is due; 0 when it is */
	bool rechecked;                   /* by verify.recheck, when it was due */
	uint8_t name[32], bounty[32], payee[20], escrow[20];
	u256 amount;
	int64_t chain_id;
	bool has_adopted; /* paid by a transaction that was not signed here */
	uint8_t adopted[32];
	const struct attempt *attempts; /* oldest first */
	size_t n_attempts;
};
/* fails  ERR_INVALID pay.payout_unknown */
MUST bool payout_load(struct work *w, struct tx *tx, uuid payout_id, struct payout *out);
const struct attempt *payout_live(const struct payout *p);               /* prepared or sent; NULL without one */
MUST bool payout_data(struct work *w, const struct payout *p, str *out); /* call data of its release */

const struct signer *pay_signer(void);

struct pay_call { /* of the escrow, by the pay key */
	int64_t chain_id, nonce;
	uint8_t escrow[20];
	str data;
};
/* These two put off the next look: by 1 s, 2 s, 4 s ... 30 s. */
bool pay_shallow(struct work *w, const char *why);
bool pay_absent(struct work *w); /* a transaction that was sent again */
MUST bool pay_sign(struct work *w, const struct pay_call *call, const struct chain_fees *fees, struct evm_signed *out);
bool pay_would_revert(const struct work *w); /* the error is the escrow's refusal of a call that was only asked about */
/* What the chain asks for now, and at least 15 % more than what was too low. It is for a call that was signed: also when the escrow
 * would refuse it by now, with its own gas, for later transactions need its nonce to be used.
 * fails  ERR_RETRY chain.fee_cap; as chain_quote, without chain.reverts */
MUST bool pay_raise(struct work *w, struct chain *c, const uint8_t escrow[20], str data, const struct chain_fees *low,
	struct chain_fees *out);
/* No node knows the transaction: it was dropped, and the same bytes go out again, or its nonce went to another one. */
MUST bool pay_resend(struct work *w, struct chain *c, const struct attempt *a, bool *used);
MUST bool pay_looks(struct work *w, struct tx *tx, int32_t *looks); /* of this job, that found the nonce used */
/* Its nonce is used, and this was seen of it since. True: nothing, after so many looks that it can never be mined; the node that
 * counted may be ahead of the one that looked. Looks from before it was used say nothing of that. */
MUST bool pay_dead(struct work *w, int32_t looks, enum chain_seen seen);
/* True when there is nothing to wait for: sent, fees too low, nonce used. */
MUST bool pay_react(struct work *w, enum chain_sent sent, str reason);

struct quote_task {
	uuid payout_id;
	bool decided;
	struct payout payout;
	struct chain_fees fees;
	uint64_t nonce; /* the chain's next for the signer */
	bool paid;      /* the chain has paid it already, by: */
	uint8_t paid_by[32];
	const char *reverts; /* code of why a release would fail; NULL = it would work */
	str why;
};
bool quote_plan(struct work *w, struct tx *tx, void *task);
bool quote_effect(struct work *w, const struct outside *outside, void *task);
bool quote_settle(struct work *w, struct tx *tx, void *task);

struct send_task {
	uuid payout_id;
	u256 max_fee, max_priority_fee;
	int64_t gas;
	bool decided;
	struct payout payout;
	uint8_t hash[32];
	str raw;
	int64_t nonce;
	bool replace; /* by the same nonce and call with these fees */
	struct chain_fees fees;
};
bool send_peek(struct work *w, struct tx *tx, void *task);
bool send_plan(struct work *w, struct tx *tx, void *task);
bool send_probe(struct work *w, const struct outside *outside, void *task, bool *done);
bool send_effect(struct work *w, const struct outside *outside, void *task);
bool send_settle(struct work *w, struct tx *tx, void *task);

enum confirm_outcome { CONFIRM_NONE, CONFIRM_PAID, CONFIRM_FAILED, CONFIRM_DEAD, CONFIRM_GONE };
struct confirm_task {
	uuid payout_id;
	bool decided;
	int32_t looks; /* earlier ones that found its nonce used */
	struct payout payout;
	enum confirm_outcome outcome;
	uint8_t hash[32];               /* the transaction that decided */
	struct chain_receipt receipt;   /* of it */
	const struct attempt *reverted; /* ours that failed, NULL = none */
};
bool confirm_plan(struct work *w, struct tx *tx, void *task);
bool confirm_effect(struct work *w, const struct outside *outside, void *task);
bool confirm_settle(struct work *w, struct tx *tx, void *task);

/* The way back: one job after the other looks at what there is, and does the next of sign, send and confirm. */
enum refund_outcome {
	REFUND_NONE,
	REFUND_DONE,    /* the chain gave it back, or there is nothing to give */
	REFUND_SIGN,    /* nobody has asked the escrow: sign, with fees and nonce */
	REFUND_SENT,    /* the node has the transaction that lives */
	REFUND_RAISE,   /* the node wants more for it: fees */
	REFUND_FAILED,  /* it failed on chain, and no other did it */
	REFUND_DEAD,    /* its nonce went to another transaction */
	REFUND_REFUSED, /* the escrow would refuse: code, why */
};
struct refund_task {
	uuid refund_id;
	bool decided;
	str stopped; /* code: the signer must not sign; { NULL, 0 } = it may */
	uint8_t bounty[32], funder[20], escrow[20];
	u256 amount, booked;  /* in the escrow by our books; given back by earlier refunds */
	int64_t since, first; /* blocks of the last deposit that goes back, and of the first that was ever booked */
	int64_t chain_id;
	bool has_live;
	struct attempt live;
	struct chain_fees low; /* of the one that lives */
	int32_t looks;         /* earlier ones that found its nonce used */
	enum refund_outcome outcome;
	bool failed;   /* the one that lives failed on chain */
	bool has_hash; /* DONE: by the transaction hash, with receipt and who got it */
	uint8_t hash[32], to[20];
	struct chain_receipt receipt;
	struct chain_fees fees;
	uint64_t nonce; /* the chain's next for the signer */
	const char *code;
	str why;
};
bool refund_plan(struct work *w, struct tx *tx, void *task);
bool refund_probe(struct work *w, const struct outside *outside, void *task, bool *done);
bool refund_effect(struct work *w, const struct outside *outside, void *task);
bool refund_settle(struct work *w, struct tx *tx, void *task);
