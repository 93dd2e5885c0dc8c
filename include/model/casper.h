/* Casper accounts (casper-types PublicKey, CEP-57) and the messages their wallets sign. A key is its algorithm's tag, 01 Ed25519 or
 * 02 secp256k1, and its raw bytes; in CAIP-10 it is "casper:<chain name>:<key in lower-case hex>". */
#pragma once

#include "base/arena.h"

struct casper_key {
	uint8_t bytes[34]; /* tag and raw key */
	size_t n;          /* 33 or 34 */
};
#define CASPER_KEY_TEXT 68
/* Hex in one case, or in CEP-57's; the key must be one: a point of its curve. */
MUST bool casper_key_parse(str text, struct casper_key *out);
MUST bool casper_key_of(str bytes, struct casper_key *out);
str casper_key_text(struct arena *arena, const struct casper_key *key);        /* lower case */
str casper_key_checksummed(struct arena *arena, const struct casper_key *key); /* CEP-57 */
void casper_account_hash(const struct casper_key *key, uint8_t out[32]);
str casper_caip10(struct arena *arena, str chain, const struct casper_key *key);

/* "Casper Message:\n" before the text. secp256k1 signs its SHA-256, and s must be low. */
str casper_signed_bytes(struct arena *arena, str message);
/* sig is 64 bytes, or 65 that begin with the key's tag. */
MUST bool casper_message_verify(struct arena *arena, const struct casper_key *key, str message, str sig);
