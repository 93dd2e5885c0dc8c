/* Session tokens: JWT (RFC 7519) signed with EdDSA over Ed25519 (RFC 8037). No other algorithm is read or written.
 * kid is the first 16 hex digits of sha256(public key). */
#pragma once

#include "base/uuid.h"
#include "base/work.h"

struct jwt_key {
	char kid[17];
	uint8_t pub[32];
	const uint8_t *seed; /* 32 bytes in a struct secret; NULL where tokens are only checked */
};
void jwt_key_init(struct jwt_key *k, const uint8_t seed[32]);

struct jwt_claims {
	str iss, aud;
	uuid sub, jti; /* person, session */
	usec iat, exp; /* whole seconds in the token */
};
str jwt_sign(struct work *w, const struct jwt_key *k, const struct jwt_claims *c);
/* By the one of n keys that kid names: signature, alg, iss, aud, exp (no skew), iat at most 60 s ahead.
 * fails  ERR_INVALID auth.token_malformed, auth.token_signature, auth.token_expired, auth.token_audience */
MUST bool jwt_verify(struct work *w, const struct jwt_key *keys, size_t n, str token, str iss, str aud, usec now,
	struct jwt_claims *out);
str jwt_jwks(struct work *w, const struct jwt_key *keys, size_t n); /* the JWK set (RFC 7517) of the public keys */
