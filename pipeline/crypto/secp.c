#include "crypto/secp.h"

#include <pthread.h>
#include <secp256k1.h>
#include <secp256k1_recovery.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/keccak.h"

/* floor(n / 2), big endian, n being the order of the group (SEC 2, 2.4.1) */
static const char half_order[] = "\x7f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
				 "\x5d\x57\x6e\x73\x57\xa4\x50\x1d\xdf\xe9\x2f\x46\x68\x1b\x20\xa0";

static secp256k1_context *shared;
static pthread_once_t once = PTHREAD_ONCE_INIT;

/* Blinding makes timing independent of the key; signatures stay the same bytes. */
static void create(void)
{
	uint8_t seed[32];

	if (sodium_init() < 0)
		abort();
	shared = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
	randombytes_buf(seed, sizeof(seed));
	if (secp256k1_context_randomize(shared, seed) != 1)
		abort();
	sodium_memzero(seed, sizeof(seed));
}

static const secp256k1_context *context(void)
{
	pthread_once(&once, create);
	return shared;
}

static void address_of(const uint8_t uncompressed[65], uint8_t address[20])
{
	uint8_t hash[32];

	keccak256(str_of(uncompressed + 1, 64), hash); /* without the leading 04 */
	memcpy(address, hash + 12, 20);
}

static void serialize(const secp256k1_pubkey *pub, uint8_t out[65])
{
	size_t n = 65;

	secp256k1_ec_pubkey_serialize(context(), out, &n, pub, SECP256K1_EC_UNCOMPRESSED);
}

bool secp_public(const uint8_t key[32], uint8_t uncompressed[65])
{
	secp256k1_pubkey pub;

	if (secp256k1_ec_pubkey_create(context(), &pub, key) != 1)
		return false;
	serialize(&pub, uncompressed);
	return true;
}

bool secp_address(const uint8_t key[32], uint8_t address[20])
{
	uint8_t uncompressed[65];

	if (!secp_public(key, uncompressed))
		return false;
	address_of(uncompressed, address);
	return true;
}

bool secp_sign(const uint8_t key[32], const uint8_t digest[32], uint8_t sig[65])
{
	secp256k1_ecdsa_recoverable_signature made;
	int recid;

	/* The default nonce is RFC 6979's, and the library normalises s. */
	if (secp256k1_ecdsa_sign_recoverable(context(), &made, digest, key, NULL, NULL) != 1)
		return false;
	secp256k1_ecdsa_recoverable_signature_serialize_compact(context(), sig, &recid, &made);
	sig[64] = (uint8_t)(27 + (recid & 1));
	return recid < 2; /* 2 and 3 need r >= n before reduction: a chance of 2^-127, and no EVM encoding */
}

static bool parity_of(uint8_t v, int *parity)
{
	if (v != 0 && v != 1 && v != 27 && v != 28)
		return false;
	*parity = v >= 27 ? v - 27 : v;
	return true;
}

bool secp_recover(const uint8_t digest[32], str sig, uint8_t address[20])
{
	const uint8_t *p = (const uint8_t *)sig.p;
	secp256k1_ecdsa_recoverable_signature parsed;
	secp256k1_pubkey pub;
	uint8_t uncompressed[65];
	int parity;

	if (sig.n != 65 || !parity_of(p[64], &parity))
		return false;
	if (memcmp(p + 32, half_order, 32) > 0) /* the library recovers from high s too */
		return false;
	if (secp256k1_ecdsa_recoverable_signature_parse_compact(context(), &parsed, p, parity) != 1)
		return false; /* r or s is n or more */
	if (secp256k1_ecdsa_recover(context(), &pub, &parsed, digest) != 1)
		return false; /* r or s is 0, or r is no point's x */
	serialize(&pub, uncompressed);
	address_of(uncompressed, address);
	return true;
}

void secp_personal_digest(str message, uint8_t digest[32])
{
	char prefix[64];
	int n = snprintf(prefix, sizeof(prefix), "\031Ethereum Signed Message:\n%zu", message.n);
	struct keccak k;

	keccak_init(&k);
	keccak_add(&k, str_of(prefix, (size_t)n));
	keccak_add(&k, message);
	keccak_end(&k, digest);
}

bool secp_compressed_valid(const uint8_t pub[33])
{
	secp256k1_pubkey key;

	return secp256k1_ec_pubkey_parse(context(), &key, pub, 33) == 1;
}

/* The library refuses a high s by itself. */
bool secp_verify(const uint8_t pub[33], const uint8_t digest[32], const uint8_t sig[64])
{
	secp256k1_ecdsa_signature parsed;
	secp256k1_pubkey key;

	return secp256k1_ec_pubkey_parse(context(), &key, pub, 33) == 1 &&
		secp256k1_ecdsa_signature_parse_compact(context(), &parsed, sig) == 1 &&
		secp256k1_ecdsa_verify(context(), &parsed, digest, &key) == 1;
}
