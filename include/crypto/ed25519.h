/* Ed25519 (libsodium). A seed is the 32-byte private key; signatures are deterministic. */
#pragma once

#include "base/str.h"

void ed25519_public(const uint8_t seed[32], uint8_t pub[32]);
void ed25519_sign(const uint8_t seed[32], str message, uint8_t sig[64]);
MUST bool ed25519_verify(const uint8_t pub[32], str message, const uint8_t sig[64]);
