/* SHA-256 and HMAC-SHA-256 (OpenSSL), BLAKE2b-256 (libsodium, as Casper uses it). */
#pragma once

#include "base/str.h"

void sha256(str bytes, uint8_t out[32]);
/* SHA-256 of what comes piece by piece. sha256_end frees it; out NULL = nobody wants to know. */
struct sha256 *sha256_begin(void);
void sha256_add(struct sha256 *s, str bytes);
void sha256_end(struct sha256 **s, uint8_t out[32]);
void hmac_sha256(str key, str bytes, uint8_t out[32]);
void blake2b_256(str bytes, uint8_t out[32]);
