#include "crypto/jwt.h"

#include "base/hex.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"

#define TOKEN_MAX 4096
#define IAT_AHEAD (60 * USEC_S)

struct header {
	str alg, kid, typ;
};
static const struct field header_fields[] = {
	FIELD(FIELD_STR, struct header, alg, .max = 16),
	FIELD(FIELD_STR, struct header, kid, .max = 64),
	FIELD(FIELD_STR, struct header, typ, .max = 16, .optional = true),
};

struct body {
	str iss, aud;
	uuid sub, jti;
	int64_t iat, exp; /* seconds */
};
static const struct field body_fields[] = {
	FIELD(FIELD_STR, struct body, iss, .max = 256),
	FIELD(FIELD_STR, struct body, aud, .max = 256),
	FIELD(FIELD_UUID, struct body, sub),
	FIELD(FIELD_UUID, struct body, jti),
	FIELD(FIELD_I64, struct body, iat, .min = 0, .max = INT32_MAX * INT64_C(128)),
	FIELD(FIELD_I64, struct body, exp, .min = 0, .max = INT32_MAX * INT64_C(128)),
};

void jwt_key_init(struct jwt_key *k, const uint8_t seed[32])
{
	uint8_t hash[32];

	ed25519_public(seed, k->pub);
	k->seed = seed;
	sha256(str_of(k->pub, 32), hash);
	hex_encode(hash, 8, k->kid);
	k->kid[16] = '\0';
}

static str header_text(struct work *w, const struct jwt_key *k)
{
	struct buf b = buf_new(w->arena, TOKEN_MAX);
	struct json j = { &b };

	json_open(&j, NULL, '{');
	json_str(&j, "alg", STR("EdDSA"));
	json_str(&j, "kid", str_c(k->kid));
	json_str(&j, "typ", STR("JWT"));
	json_close(&j, '}');
	return buf_str(&b);
}

static str body_text(struct work *w, const struct jwt_claims *c)
{
	struct buf b = buf_new(w->arena, TOKEN_MAX);
	struct json j = { &b };

	json_open(&j, NULL, '{');
	json_str(&j, "iss", c->iss);
	json_str(&j, "aud", c->aud);
	json_uuid(&j, "sub", c->sub);
	json_uuid(&j, "jti", c->jti);
	json_i64(&j, "iat", c->iat / USEC_S);
	json_i64(&j, "exp", c->exp / USEC_S);
	json_close(&j, '}');
	return buf_str(&b);
}

str jwt_sign(struct work *w, const struct jwt_key *k, const struct jwt_claims *c)
{
	str header = base64url_str(w->arena, header_text(w, k));
	str body = base64url_str(w->arena, body_text(w, c));
	str input = arena_printf(w->arena, STR_FMT "." STR_FMT, STR_ARG(header), STR_ARG(body));
	uint8_t sig[64];

	ed25519_sign(k->seed, input, sig);
	str tail = base64url_str(w->arena, str_of(sig, sizeof(sig)));
	return arena_printf(w->arena, STR_FMT "." STR_FMT, STR_ARG(input), STR_ARG(tail));
}

struct parts {
	str header, body, sig; /* decoded */
	str input;             /* what was signed */
};

static bool malformed(struct work *w, const char *what)
{
	return err_set(w, ERR_INVALID, "auth.token_malformed", "%s", what);
}

static bool split(struct work *w, str token, struct parts *out)
{
	size_t first, second;

	if (token.n > TOKEN_MAX || !str_find(token, STR("."), &first))
		return malformed(w, "no compact serialisation");
	str rest = str_skip(token, first + 1);
	if (!str_find(rest, STR("."), &second))
		return malformed(w, "no compact serialisation");
	out->input = str_of(token.p, first + 1 + second);
	if (!base64url_decode(w->arena, str_of(token.p, first), &out->header) ||
		!base64url_decode(w->arena, str_of(rest.p, second), &out->body) ||
		!base64url_decode(w->arena, str_skip(rest, second + 1), &out->sig) || out->sig.n != 64)
		return malformed(w, "three parts of base64url, the last one 64 bytes");
	return true;
}

static bool check_header(struct work *w, const struct jwt_key *keys, size_t n, str text, const struct jwt_key **signer)
{
	struct header h = { 0 };

	if (!json_read_text(w, text, FIELDS(struct header, header_fields), JSON_STRICT, &h))
		return malformed(w, "the header has alg, kid and typ, nothing else");
	if (!str_eq(h.alg, STR("EdDSA")) || (h.typ.p != NULL && !str_eq(h.typ, STR("JWT"))))
		return malformed(w, "alg must be EdDSA and typ JWT");
	for (size_t i = 0; i < n; i++) {
		*signer = &keys[i];
		if (str_eq(h.kid, str_c(keys[i].kid)))
			return true;
	}
	return err_set(w, ERR_INVALID, "auth.token_signature", "no such key");
}

static bool check_body(struct work *w, const struct body *b, str iss, str aud, usec now)
{
	if (!str_eq(b->iss, iss) || !str_eq(b->aud, aud))
		return err_set(w, ERR_INVALID, "auth.token_audience", "the token is meant for another service");
	if (b->exp <= b->iat)
		return malformed(w, "exp must be after iat");
	if (now >= b->exp * USEC_S)
		return err_set(w, ERR_INVALID, "auth.token_expired", "sign in or refresh");
	if (b->iat * USEC_S > now + IAT_AHEAD)
		return malformed(w, "iat lies in the future");
	return true;
}

bool jwt_verify(struct work *w, const struct jwt_key *keys, size_t n, str token, str iss, str aud, usec now,
	struct jwt_claims *out)
{
	const struct jwt_key *k = NULL;
	struct parts p;
	struct body b = { 0 };

	if (!split(w, token, &p) || !check_header(w, keys, n, p.header, &k))
		return false;
	if (!ed25519_verify(k->pub, p.input, (const uint8_t *)p.sig.p))
		return err_set(w, ERR_INVALID, "auth.token_signature", "the signature is not by our key");
	if (!json_read_text(w, p.body, FIELDS(struct body, body_fields), JSON_STRICT, &b))
		return malformed(w, "the claims are iss, aud, sub, jti, iat and exp");
	if (!check_body(w, &b, iss, aud, now))
		return false;
	*out = (struct jwt_claims){ b.iss, b.aud, b.sub, b.jti, b.iat * USEC_S, b.exp * USEC_S };
	return true;
}

str jwt_jwks(struct work *w, const struct jwt_key *keys, size_t n)
{
	struct buf b = buf_new(w->arena, TOKEN_MAX);
	struct json j = { &b };

	json_open(&j, NULL, '{');
	json_open(&j, "keys", '[');
	for (size_t i = 0; i < n; i++) {
		json_open(&j, NULL, '{');
		json_str(&j, "kty", STR("OKP"));
		json_str(&j, "crv", STR("Ed25519"));
		json_str(&j, "alg", STR("EdDSA"));
		json_str(&j, "use", STR("sig"));
		json_str(&j, "kid", str_c(keys[i].kid));
		json_str(&j, "x", base64url_str(w->arena, str_of(keys[i].pub, 32)));
		json_close(&j, '}');
	}
	json_close(&j, ']');
	json_close(&j, '}');
	return buf_str(&b);
}
