#include "crypto/digest.h"

#include <limits.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdlib.h>

/* A digest of bytes in memory fails only when the library has none to offer: nothing can go on without it. */
static void demand(bool ok)
{
	if (!ok)
		abort();
}

void sha256(str bytes, uint8_t out[32])
{
	demand(EVP_Digest(bytes.p, bytes.n, out, NULL, EVP_sha256(), NULL) == 1);
}

struct sha256 {
	EVP_MD_CTX *ctx;
};

struct sha256 *sha256_begin(void)
{
	struct sha256 *s = malloc(sizeof(*s));

	demand(s != NULL && (s->ctx = EVP_MD_CTX_new()) != NULL && EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL) == 1);
	return s;
}

void sha256_add(struct sha256 *s, str bytes)
{
	demand(EVP_DigestUpdate(s->ctx, bytes.p, bytes.n) == 1);
}

void sha256_end(struct sha256 **s, uint8_t out[32])
{
	uint8_t unwanted[32];

	demand(EVP_DigestFinal_ex((*s)->ctx, out != NULL ? out : unwanted, NULL) == 1);
	EVP_MD_CTX_free((*s)->ctx);
	free(*s);
	*s = NULL;
}

void hmac_sha256(str key, str bytes, uint8_t out[32])
{
	static const char none[1];

	demand(key.n <= INT_MAX);
	/* A NULL key would mean "the key of the last call". */
	demand(HMAC(EVP_sha256(), key.n == 0 ? none : key.p, (int)key.n, (const unsigned char *)bytes.p, bytes.n, out,
		       NULL) != NULL);
}

void blake2b_256(str bytes, uint8_t out[32])
{
	demand(crypto_generichash_blake2b(out, 32, (const unsigned char *)bytes.p, bytes.n, NULL, 0) == 0);
}
