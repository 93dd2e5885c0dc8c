#include "crypto/keccak.h"
#include "crypto/secp.h"
#include "base/hex.h"
#include "tests/vectors/vector.h"
#include "wire/eip712.h"

bool check_keccak(struct vector *v)
{
	uint8_t hash[32];
	str data;

	if (!need_hex(v, v->in, "data", &data))
		return false;
	keccak256(data, hash);
	return want_hash(v, "hash", hash);
}

/* The key signs the digest to these bytes, and they recover to its address. */
static bool want_signature(struct vector *v, const uint8_t digest[32])
{
	uint8_t key[32], sig[65], address[20], recovered[20];

	if (!need_fixed(v, v->in, "private_key", key, 32))
		return false;
	if (!secp_address(key, address) || !secp_sign(key, digest, sig))
		return differs(v, "in: private_key is no key");
	if (!secp_recover(digest, str_of(sig, 65), recovered) || memcmp(recovered, address, 20) != 0)
		return differs(v, "the signature does not recover to the signer");
	return want_hex(v, "signature", str_of(sig, 65)) && want_address(v, "signer", address);
}

bool check_eip712(struct vector *v)
{
	const cJSON *types, *domain, *message;
	struct eip712 hash;
	str primary;

	if (!need_object(v, v->in, "types", &types) || !need_object(v, v->in, "domain", &domain) ||
		!need_object(v, v->in, "message", &message) || !need_text(v, v->in, "primary_type", &primary))
		return false;
	if (!eip712_hash(v->w, types, primary, domain, message, &hash))
		return failed(v, "hash");
	return want_text(v, "encode_type", hash.encode_type) && want_hash(v, "type_hash", hash.type_hash) &&
		want_hash(v, "domain_separator", hash.domain_separator) &&
		want_hash(v, "struct_hash", hash.struct_hash) && want_hash(v, "digest", hash.digest) &&
		want_signature(v, hash.digest);
}
