/* Signatures of wallets that are contracts, to sign in, for one act or to link: the chain must be asked, so a job decides, and the client asks
 * for its decision. */
#pragma once

#include "call.h"

MUST bool contract_begin(struct call *c, void *in);   /* fails  as wallet_verify */
MUST bool contract_step_up(struct call *c, void *in); /* fails  as contract_begin */
MUST bool contract_link(struct call *c, void *in);    /* fails  as contract_begin; auth.no_contract, auth.nonce */
MUST bool contract_account(struct call *c, void *in); /* fails  as contract_begin */
MUST bool contract_begun(struct call *c, void *row);
MUST bool contract_check(struct call *c, void *in);
MUST bool contract_checked(struct call *c, void *row);
