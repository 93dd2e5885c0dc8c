/* An EVM chain as Patchwork needs it: one or more JSON-RPC endpoints and the escrow contract on it.
 * Each function first made sure, once per process and endpoint, that eth_chainId is ours.
 * fails  ERR_INVALID chain.wrong_id, chain.refused (HTTP); ERR_RETRY chain.server, chain.busy, rpc.malformed, fetch.* */
#pragma once

#include "base/u256.h"
#include "outside/outside.h"

struct chain_conf {
	str url;
	str confirm_url; /* second endpoint that confirmations are also asked of; { NULL, 0 } = none */
	int64_t chain_id;
	uint8_t escrow[20];
	int confirmations;
	u256 max_fee_cap; /* wei per gas, hard ceiling */
};
/* copies c.  fails  ERR_INVALID chain.conf */
MUST bool chain_new(struct work *w, const struct chain_conf *c, struct chain **out);
void chain_free(struct chain **c);
const struct chain_conf *chain_conf(const struct chain *c);
/* Is it the chain, and the escrow, that a row is about?  fails  ERR_INVALID chain.not_configured */
MUST bool chain_serves(struct work *w, const struct chain *c, int64_t chain_id, const uint8_t escrow[20]);

struct chain_fees {
	u256 max_fee, max_priority_fee; /* wei per gas: 2 * base + tip, at most the cap */
	uint64_t gas;                   /* estimate for the call + 25 % */
};
/* What a release would cost now.  fails  ERR_INVALID chain.reverts with the contract's reason, chain.no_base_fee;
 * ERR_RETRY chain.fee_cap */
MUST bool chain_quote(struct work *w, struct chain *c, const uint8_t from[20], const uint8_t to[20], str data,
	struct chain_fees *out);
/* The fees of it alone, for a call whose gas is known.  fails  ERR_INVALID chain.no_base_fee; ERR_RETRY chain.fee_cap */
MUST bool chain_ask_fees(struct work *w, struct chain *c, struct chain_fees *out);
MUST bool chain_nonce(struct work *w, struct chain *c, const uint8_t address[20], uint64_t *latest);
/* escrow.paid(payoutId): the contract's own guard.  fails  ERR_INVALID chain.no_escrow (no contract at the address) */
MUST bool chain_paid(struct work *w, struct chain *c, const uint8_t payout[32], bool *paid);

enum chain_sent { CHAIN_SENT, CHAIN_NONCE_USED, CHAIN_NONCE_GAP, CHAIN_FEE_LOW, CHAIN_NO_FUNDS, CHAIN_BAD };
/* eth_sendRawTransaction; an answer that says "already known" is SENT; an unclear outcome is ERR_UNCERTAIN chain.send_unknown:
 * the same bytes may be sent again any number of times. reason is the node's text. */
MUST bool chain_send(struct work *w, struct chain *c, str raw, enum chain_sent *out, str *reason);

enum chain_seen { CHAIN_ABSENT, CHAIN_PENDING, CHAIN_SHALLOW, CHAIN_DONE, CHAIN_REVERTED };
struct chain_receipt {
	enum chain_seen seen; /* DONE: status 1, canonical block, deep enough, on every endpoint */
	int64_t block_number;
	uint8_t block_hash[32];
	int64_t block_time; /* seconds since 1970 */
	const struct chain_log *logs;
	size_t n_logs;
	str bytes;    /* canonical JSON of the receipt, as evidence; it and what stands above: from SHALLOW on */
	str endpoint; /* "https://host" of the first one, whose receipt this is */
};
struct chain_log {
	int32_t index;
	uint8_t address[20];
	uint8_t topics[4][32];
	int n_topics;
	str data;
};
/* What all endpoints know: the least of it. Blocks that differ are SHALLOW.
 * fails  ERR_RETRY chain.disagrees when they tell different results or logs of one deep block */
MUST bool chain_receipt_of(struct work *w, struct chain *c, const uint8_t tx_hash[32], struct chain_receipt *out);

enum chain_said { CHAIN_NOT_SIGNED, CHAIN_SIGNED, CHAIN_NO_CODE };
struct chain_signature {
	enum chain_said said;
	int64_t block_number; /* at which it was asked */
	uint8_t block_hash[32];
};
/* Does the contract at the address call sig a signature of hash its own, by EIP-1271, or when sig is wrapped so by EIP-6492? Every
 * endpoint must say so. Whatever else it answers, a revert too, is no. */
MUST bool chain_signature(struct work *w, struct chain *c, const uint8_t address[20], const uint8_t hash[32], str sig,
	struct chain_signature *out);

struct chain_lock { /* what the escrow holds of a bounty */
	uint8_t funder[20], token[20];
	u256 balance;
	int64_t deadline; /* seconds since 1970: from after this on anyone may have it refunded */
	int64_t now;      /* the chain's: time of its last block, of the endpoint that is behind */
};
/* fails  ERR_RETRY chain.disagrees when endpoints tell different things; ERR_INVALID chain.no_escrow */
MUST bool chain_lock_of(struct work *w, struct chain *c, const uint8_t bounty[32], struct chain_lock *out);

/* The escrow's calls and events (stages/pay/escrow/Escrow.sol). Pure. */
MUST bool escrow_release_data(struct work *w, const uint8_t bounty[32], const uint8_t payout[32], const uint8_t to[20],
	u256 amount, str *out);
MUST bool escrow_refund_data(struct work *w, const uint8_t bounty[32], str *out);
struct escrow_locked {
	uint8_t bounty[32], funder[20], token[20];
	u256 amount;
	int64_t deadline; /* seconds since 1970 */
	int32_t log_index;
};
struct escrow_released {
	uint8_t bounty[32], payout[32], to[20];
	u256 amount;
	int32_t log_index;
};
struct escrow_refunded {
	uint8_t bounty[32], to[20];
	u256 amount;
	int32_t log_index;
};
/* The first matching event that the escrow itself emitted in this receipt. */
bool escrow_find_locked(struct work *w, const struct chain_receipt *r, const uint8_t escrow[20],
	const uint8_t bounty[32], struct escrow_locked *out);
bool escrow_find_released(struct work *w, const struct chain_receipt *r, const uint8_t escrow[20],
	const uint8_t payout[32], struct escrow_released *out);
bool escrow_find_refunded(struct work *w, const struct chain_receipt *r, const uint8_t escrow[20],
	const uint8_t bounty[32], struct escrow_refunded *out);
/* The transaction in which the escrow released this payout, whoever sent it (eth_getLogs); found = false when none. */
MUST bool chain_find_release(
	struct work *w, struct chain *c, const uint8_t payout[32], bool *found, uint8_t tx_hash[32]);
/* The last one in which it gave this bounty's money back, from block `since` to block `until`; INT64_MAX: to the head. */
MUST bool chain_find_refund(struct work *w, struct chain *c, const uint8_t bounty[32], int64_t since, int64_t until,
	bool *found, uint8_t tx_hash[32]);
