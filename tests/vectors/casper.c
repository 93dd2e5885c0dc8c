/* Casper: keys, PEM files, messages. */
#include <openssl/evp.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"
#include "crypto/secp.h"
#include "model/casper.h"
#include "tests/vectors/vector.h"

/* hex without 0x */
static bool need_bare(struct vector *v, const cJSON *object, const char *name, str *out)
{
	str text;
	uint8_t *p;

	if (!need_text(v, object, name, &text))
		return false;
	p = arena_alloc(v->w->arena, text.n / 2 + 1);
	*out = str_of(p, text.n / 2);
	return (text.n % 2 == 0 && hex_decode(text, p, text.n / 2)) || differs(v, "in: %s is no hex", name);
}

static bool want_bare(struct vector *v, const char *name, str bytes)
{
	return want_text(v, name, hex_str(v->w->arena, bytes));
}

static bool public_of(struct vector *v, bool ed25519, str seed, struct casper_key *key)
{
	uint8_t full[65], bytes[34] = { ed25519 ? 1 : 2 };

	if (ed25519)
		ed25519_public((const uint8_t *)seed.p, bytes + 1);
	else if (!secp_public((const uint8_t *)seed.p, full))
		return differs(v, "in: private_key is no key");
	else
		bytes[1] = (uint8_t)(2 + (full[64] & 1)), memcpy(bytes + 2, full + 1, 32);
	return casper_key_of(str_of(bytes, ed25519 ? 33 : 34), key) || differs(v, "no public key");
}

static bool need_pair(struct vector *v, bool *ed25519, str *seed, struct casper_key *key)
{
	str algorithm;

	if (!need_text(v, v->in, "algorithm", &algorithm) || !need_bare(v, v->in, "private_key", seed))
		return false;
	*ed25519 = str_eq(algorithm, STR("ed25519"));
	return (seed->n == 32 || differs(v, "in: private_key has 32 bytes")) && public_of(v, *ed25519, *seed, key);
}

bool check_casper_key(struct vector *v)
{
	struct casper_key key;
	uint8_t hash[32];
	bool ed25519;
	str seed;

	if (!need_pair(v, &ed25519, &seed, &key))
		return false;
	casper_account_hash(&key, hash);
	return want_text(v, "public_key", casper_key_text(v->w->arena, &key)) &&
		want_text(v, "checksummed", casper_key_checksummed(v->w->arena, &key)) &&
		want_bare(v, "account_hash", str_of(hash, 32)) &&
		want_text(v, "account_hash_text",
			arena_printf(
				v->w->arena, "account-hash-" STR_FMT, STR_ARG(hex_str(v->w->arena, str_of(hash, 32)))));
}

/* PEM is OpenSSL's to read; what comes out is ours to use. */
static bool read_pem(struct vector *v, bool ed25519, str pem, uint8_t out[32])
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	EVP_PKEY *pkey = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	BIGNUM *number = NULL;
	size_t n = 32;
	bool ok = false;

	if (pkey != NULL && ed25519)
		ok = EVP_PKEY_get_raw_private_key(pkey, out, &n) == 1;
	else if (pkey != NULL && EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_PRIV_KEY, &number) == 1)
		ok = BN_bn2binpad(number, out, 32) == 32;
	BN_clear_free(number);
	EVP_PKEY_free(pkey);
	BIO_free(bio);
	return ok || differs(v, "in: pem is none");
}

bool check_casper_pem(struct vector *v)
{
	struct casper_key key;
	uint8_t seed[32];
	str algorithm, pem;
	bool ed25519;

	if (!need_text(v, v->in, "algorithm", &algorithm) || !need_text(v, v->in, "pem", &pem))
		return false;
	ed25519 = str_eq(algorithm, STR("ed25519"));
	return read_pem(v, ed25519, pem, seed) && public_of(v, ed25519, str_of(seed, 32), &key) &&
		want_bare(v, "private_key", str_of(seed, 32)) &&
		want_text(v, "public_key", casper_key_text(v->w->arena, &key));
}

bool check_casper_parse(struct vector *v)
{
	struct casper_key key;
	str text;

	return need_text(v, v->in, "text", &text) && want_bool(v, "valid", casper_key_parse(text, &key));
}

static bool sign(struct vector *v, bool ed25519, str seed, str bytes, uint8_t sig[65])
{
	uint8_t digest[32];

	if (ed25519) {
		ed25519_sign((const uint8_t *)seed.p, bytes, sig);
		return true;
	}
	sha256(bytes, digest);
	return secp_sign((const uint8_t *)seed.p, digest, sig) || differs(v, "it does not sign");
}

bool check_casper_sign(struct vector *v)
{
	struct casper_key key;
	uint8_t sig[65], tagged[65], hash[32];
	str seed, message, bytes;
	bool ed25519;

	if (!need_pair(v, &ed25519, &seed, &key) || !need_text(v, v->in, "message", &message))
		return false;
	bytes = casper_signed_bytes(v->w->arena, message);
	if (!sign(v, ed25519, seed, bytes, sig))
		return false;
	tagged[0] = key.bytes[0];
	memcpy(tagged + 1, sig, 64);
	casper_account_hash(&key, hash);
	if (!casper_message_verify(v->w->arena, &key, message, str_of(sig, 64)) ||
		!casper_message_verify(v->w->arena, &key, message, str_of(tagged, 65)))
		return differs(v, "what was signed does not verify");
	return want_bare(v, "signed_bytes", bytes) && want_bare(v, "signature", str_of(sig, 64)) &&
		want_bare(v, "tagged_signature", str_of(tagged, 65)) &&
		want_text(v, "public_key", casper_key_text(v->w->arena, &key)) &&
		want_bare(v, "account_hash", str_of(hash, 32));
}

bool check_casper_verify(struct vector *v)
{
	struct casper_key key;
	str text, message, sig;

	if (!need_text(v, v->in, "public_key", &text) || !need_text(v, v->in, "message", &message) ||
		!need_bare(v, v->in, "signature", &sig))
		return false;
	if (!casper_key_parse(text, &key))
		return differs(v, "in: public_key is none");
	if (cJSON_HasObjectItem(v->out, "reason") && expected(v, "reason") == NULL) /* for people */
		return false;
	return want_bool(v, "accept", casper_message_verify(v->w->arena, &key, message, sig));
}
