/* Secrets in the database: crypto_secretbox of libsodium (XSalsa20-Poly1305) under a key that is in a file.
 * A box is a version byte (1), the first 8 bytes of the key's BLAKE2b, a nonce of 24 bytes, and the ciphertext with its tag.
 * `about` names the row that the box is kept in ("hook/<id>"): the key that is used is BLAKE2b keyed with the file's key over it,
 * so a box that is copied into another row does not open there. */
#pragma once

#include "base/work.h"

#define SEAL_OVERHEAD 49 /* bytes that a box is longer than what is in it */

struct seal; /* one key that closes and opens, and at most one more that opens while one replaces the other */
/* Files as secret_load_hex32 wants them; other is { NULL, 0 } when there is none.  fails  ERR_INVALID secret.* */
MUST bool seal_load(struct work *w, str key_file, str other_file, struct seal **out);
struct seal *seal_of(const uint8_t key[32], const uint8_t *other); /* other is NULL when there is none */
void seal_free(struct seal **s);

str seal_close(struct arena *arena, const struct seal *s, str about, str plain);
/* The plain bytes are wiped at the end of w's arena.
 * fails  ERR_INVALID seal.key_unknown, seal.broken (changed, or of another row) */
MUST bool seal_open(struct work *w, const struct seal *s, str about, str box, str *plain);
str seal_key_id(struct arena *arena, const struct seal *s); /* of the first key, in hex, as boxes have it */
bool seal_is_current(const struct seal *s, str box); /* closed with the first key; others are to be closed again */
