/* Texts that a wallet signs for one act: a step-up, a link between two wallets, or between an account and a project. */
#pragma once

#include "call.h"

MUST bool statement_step_up(struct call *c, void *in);        /* fails  auth.action_unknown, auth.address, auth.chain */
MUST bool statement_step_up_verify(struct call *c, void *in); /* fails  as wallet_signed */
MUST bool statement_link(struct call *c, void *in);           /* fails  auth.address, auth.chain */
MUST bool statement_link_verify(struct call *c, void *in);    /* fails  as wallet_signed; auth.nonce */
MUST bool statement_account(struct call *c, void *in);        /* fails  auth.address, auth.chain */
MUST bool statement_account_verify(struct call *c, void *in); /* fails  as wallet_signed */
