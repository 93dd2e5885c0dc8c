/* Signing in with a wallet: a text built here, its signature checked here, its nonce spent by the statement. */
#pragma once

#include "call.h"

/* fails  auth.address, auth.chain */
MUST bool wallet_challenge(struct call *c, void *in);
/* fails  auth.signature_format, auth.signature_high_s, auth.message_malformed, auth.domain, auth.chain, ... auth.signature */
MUST bool wallet_verify(struct call *c, void *in);
/* The reply: the token beside what the statement says. */
MUST bool wallet_token(struct call *c, void *row);
