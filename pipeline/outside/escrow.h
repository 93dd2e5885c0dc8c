/* What chain.c asks of the escrow's encodings. */
#pragma once

#include "outside/chain.h"

#define ESCROW_RELEASED STR("Released(bytes32,bytes32,address,uint256)")
#define ESCROW_REFUNDED STR("Refunded(bytes32,address,uint256)")

str escrow_paid_data(struct work *w, const uint8_t payout[32]);
str escrow_locks_data(struct work *w, const uint8_t bounty[32]);
/* What locks() answers; false when it is no such answer. now is left alone. */
bool escrow_read_lock(struct work *w, str answer, struct chain_lock *out);
/* A revert of the escrow or its token as one line: "AlreadyPaid(bytes32)", an Error(string)'s text, else its selector. */
str escrow_revert_text(struct work *w, str data);
