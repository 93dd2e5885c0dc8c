/* secp256k1 for EVM accounts (libsecp256k1): deterministic signatures (RFC 6979), low s always.
 * Keys and signatures are big-endian; sig is r || s || v with v 27 or 28. */
#pragma once

#include "base/str.h"

MUST bool secp_address(const uint8_t key[32], uint8_t address[20]); /* false: no valid key */
MUST bool secp_public(const uint8_t key[32], uint8_t uncompressed[65]);
MUST bool secp_sign(const uint8_t key[32], const uint8_t digest[32], uint8_t sig[65]);
/* Policy for what others signed: exactly 65 bytes, v in {0,1,27,28}, 1 <= r,s < n, s <= n/2. */
MUST bool secp_recover(const uint8_t digest[32], str sig, uint8_t address[20]);
/* As Casper uses it: a compressed point; a signature of r || s with low s over a digest. */
MUST bool secp_compressed_valid(const uint8_t pub[33]);
MUST bool secp_verify(const uint8_t pub[33], const uint8_t digest[32], const uint8_t sig[64]);
/* EIP-191: keccak256("\x19Ethereum Signed Message:\n" || decimal length || message) */
void secp_personal_digest(str message, uint8_t digest[32]);
