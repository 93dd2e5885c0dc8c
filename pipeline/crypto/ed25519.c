#include "crypto/ed25519.h"

#include <sodium.h>

static void expand(const uint8_t seed[32], uint8_t pub[32], uint8_t key[crypto_sign_SECRETKEYBYTES])
{
	crypto_sign_seed_keypair(pub, key, seed);
}

void ed25519_public(const uint8_t seed[32], uint8_t pub[32])
{
	uint8_t key[crypto_sign_SECRETKEYBYTES];

	expand(seed, pub, key);
	sodium_memzero(key, sizeof(key));
}

void ed25519_sign(const uint8_t seed[32], str message, uint8_t sig[64])
{
	uint8_t pub[32], key[crypto_sign_SECRETKEYBYTES];

	expand(seed, pub, key);
	crypto_sign_detached(sig, NULL, (const unsigned char *)message.p, message.n, key);
	sodium_memzero(key, sizeof(key));
}

bool ed25519_verify(const uint8_t pub[32], str message, const uint8_t sig[64])
{
	return crypto_sign_verify_detached(sig, (const unsigned char *)message.p, message.n, pub) == 0;
}
