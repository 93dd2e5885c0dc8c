/* Signing with a wallet: a text built here, its signature checked here, its nonce spent by the statement. */
#pragma once

#include "call.h"
#include "model/login.h"

/* fails  auth.address, auth.chain */
MUST bool wallet_challenge(struct call *c, void *in);
/* fails  auth.signature_format, auth.signature_high_s, auth.message_malformed, auth.domain, auth.chain, ... auth.signature */
MUST bool wallet_verify(struct call *c, void *in);
/* The reply: the token beside what the statement says. */
MUST bool wallet_token(struct call *c, void *row);

/* The account and chain that a request names: an EVM address with chain_id or "eip155:N", or a Casper key with "casper:NAME".
 * fails  auth.address, auth.chain */
MUST bool wallet_account(struct call *c, str address, str chain, bool has_chain_id, int64_t *chain_id, struct login *l);
usec wallet_begin(struct call *c, struct login *l); /* domain, nonce unless set, times; when it expires */
/* One of our texts, for this site, chain and time: the signature is another matter. */
MUST bool wallet_text(struct call *c, str message, struct login *l);
/* Such a text, signed by the key of the account that it names. */
MUST bool wallet_key_signed(struct call *c, str message, str signature, const struct login *l);
/* One of our texts, signed by the account that it names. Whether its nonce is one of ours, the statement knows. */
MUST bool wallet_signed(struct call *c, str message, str signature, struct login *l);
str wallet_address(struct call *c, const struct login *l);    /* 20 bytes, or Casper's account hash */
str wallet_public_key(struct call *c, const struct login *l); /* Casper's; { NULL, 0 } for EVM */
str wallet_caip10(struct call *c, const struct login *l);
