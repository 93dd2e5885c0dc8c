/* Proofs as what they are: bytes with an address, and an envelope. */
#pragma once

#include "call.h"

MUST bool proof_envelope(struct call *c, void *row);
MUST bool proof_block(struct call *c, void *row);
