/* What chain.c asks of the escrow's encodings. */
#pragma once

#include "outside/chain.h"

#define ESCROW_RELEASED STR("Released(bytes32,bytes32,address,uint256)")

str escrow_paid_data(struct work *w, const uint8_t payout[32]);
/* A revert of the escrow or its token as one line: "AlreadyPaid(bytes32)", an Error(string)'s text, else its selector. */
str escrow_revert_text(struct work *w, str data);
