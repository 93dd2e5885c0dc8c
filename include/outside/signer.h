/* The only holder of a chain key. It signs; it sees neither network nor database. Loaded by the pay stage alone. */
#pragma once

#include "wire/evm_tx.h"

struct signer;
MUST bool signer_load(struct work *w, const char *key_file, struct signer **out); /* fails as secret_load_hex32 */
void signer_address(const struct signer *s, uint8_t out[20]);
MUST bool signer_sign(struct work *w, const struct signer *s, const struct evm_tx *tx, struct evm_signed *out);
void signer_free(struct signer **s);
