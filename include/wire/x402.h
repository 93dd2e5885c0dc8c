/* x402 payments: HTTP 402 with EIP-3009 authorisations. Version 2 as x402-foundation specifies it, version 1 as the Cronos
 * facilitator takes it (a flat payload). Headers are base64 of compact JSON. */
#pragma once

#include "base/json.h"

#define X402_HEADER_MAX 16384 /* bytes of base64 */

/* EIP-3009; times in seconds, value in the token's smallest unit */
struct x402_authorization {
	uint8_t from[20], to[20], nonce[32];
	u256 value, valid_after, valid_before;
};
/* The token's EIP-712 domain. */
struct x402_token {
	str name, version;
	uint64_t chain_id;
	uint8_t address[20];
};
/* What the payer has to sign: TransferWithAuthorization. */
void x402_digest(const struct x402_token *token, const struct x402_authorization *a, uint8_t digest[32]);
/* keccak256(abi.encode("patchwork.payout.v1", chain id, token, payout id)): a payout's nonce, the same for every attempt,
 * so that the token itself pays it once.
 * fails  ERR_INVALID abi.value */
MUST bool x402_payout_nonce(
	struct work *w, uint64_t chain_id, const uint8_t token[20], const uint8_t payout_id[32], uint8_t nonce[32]);

struct x402_payment {
	int version; /* 1 or 2 */
	str scheme, network;
	uint8_t asset[20];
	struct x402_authorization authorization;
	str signature; /* its bytes, unchecked */
};
str x402_header(struct work *w, const cJSON *tree); /* any of the protocol's objects, members in their order */
/* fails  ERR_INVALID x402.header */
MUST bool x402_header_decode(struct work *w, str header, const cJSON **tree);
/* A payment of either version; members that are not needed are skipped.
 * fails  ERR_INVALID x402.payment */
MUST bool x402_payment_read(struct work *w, const cJSON *tree, struct x402_payment *out);
str x402_cronos_payment(struct work *w, const struct x402_payment *p); /* JSON text of the flat form */

struct x402_requirements {
	int version; /* 1 when the price is maxAmountRequired, 2 when it is amount */
	str scheme, network;
	u256 amount;
	uint8_t asset[20], pay_to[20];
	int64_t max_timeout_s;
	str name, version_712; /* of the token's domain; { NULL, 0 } = not said */
};
/* fails  ERR_INVALID x402.requirements */
MUST bool x402_requirements_read(struct work *w, const cJSON *tree, struct x402_requirements *out);
/* The body of POST /verify and /settle at the Cronos facilitator; requirements are passed on as they were offered.
 * fails  ERR_INVALID x402.header, x402.payment, x402.requirements */
MUST bool x402_cronos_body(struct work *w, str header, const cJSON *requirements, str *out);

/* What a payment is worth as far as its own bytes tell: NULL when nothing speaks against it, else the protocol's reason.
 * Balances and used nonces are the chain's to say. */
const char *x402_refusal(const struct x402_payment *p, const struct x402_requirements *r, usec now);
/* The reference facilitator's reason once the token has used the nonce: /verify only sees its simulation revert. */
const char *x402_refusal_used(bool settle);

/* What a facilitator's reply to /verify or /settle means, of either version. */
enum x402_meaning {
	X402_UNCLEAR, /* ask the token: authorizationState(from, nonce) */
	X402_VALID,   /* /verify: it would be paid now */
	X402_REFUSED, /* the reason lies in the payment itself: the same header fails again */
	X402_SETTLED, /* /settle: check the receipt of `transaction` yourself */
};
struct x402_reply {
	enum x402_meaning meaning;
	str reason;              /* as the facilitator wrote it; { NULL, 0 } = none */
	uint8_t transaction[32]; /* X402_SETTLED */
	str network, payer;      /* { NULL, 0 } = not said */
};
void x402_reply_read(const cJSON *tree, struct x402_reply *out);
