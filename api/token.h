/* Tokens of machines: "pwk_", 32 random bytes and a checksum, so that a scanner for leaked secrets knows one when it sees it.
 * The database has their hashes. */
#pragma once

#include "call.h"

#define TOKEN_PREFIX STR("pwk_")

/* Form and checksum; c->machine is its hash.  fails  auth.token_malformed */
MUST bool token_check(struct call *c, str token);
MUST bool token_create(struct call *c, void *in); /* fails  auth.scope_unknown, auth.token_ttl */
MUST bool token_created(struct call *c, void *row);
