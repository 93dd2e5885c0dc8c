#include "outside/signer.h"

#include <stdlib.h>

#include "crypto/secp.h"
#include "crypto/secret.h"

struct signer {
	struct secret *key;
	uint8_t address[20];
};

bool signer_load(struct work *w, const char *key_file, struct signer **out)
{
	struct signer *s = calloc(1, sizeof(*s));

	if (s == NULL)
		abort();
	if (!secret_load_hex32(w, key_file, &s->key)) {
		signer_free(&s);
		return false;
	}
	if (!secp_address((const uint8_t *)secret_bytes(s->key).p, s->address)) {
		signer_free(&s);
		return err_set(w, ERR_INVALID, "secret.format", "%s holds no secp256k1 key", key_file);
	}
	*out = s;
	return true;
}

void signer_address(const struct signer *s, uint8_t out[20])
{
	memcpy(out, s->address, 20);
}

bool signer_sign(struct work *w, const struct signer *s, const struct evm_tx *tx, struct evm_signed *out)
{
	return evm_tx_sign(w, tx, (const uint8_t *)secret_bytes(s->key).p, out);
}

void signer_free(struct signer **s)
{
	if (*s == NULL)
		return;
	secret_free(&(*s)->key);
	free(*s);
	*s = NULL;
}
