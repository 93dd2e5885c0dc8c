/* SHA-256 and HMAC-SHA-256 (OpenSSL), BLAKE2b-256 (libsodium, as Casper uses it). */
#pragma once

#include "base/str.h"

void sha256(str bytes, uint8_t out[32]);
void hmac_sha256(str key, str bytes, uint8_t out[32]);
void blake2b_256(str bytes, uint8_t out[32]);
