#include "crypto/jwt.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "crypto/ed25519.h"
#include "tests/unit/check.h"

#define NOW (INT64_C(1767225600) * USEC_S)
#define ISS STR("https://patchwork.example")
#define AUD STR("patchwork-api")

static const uint8_t seed[32] = { 1, 2, 3 };

struct fixture {
	struct work w;
	struct jwt_key key;
	struct jwt_claims claims;
};

static int setup(void **state)
{
	static struct fixture f;

	work_init(&f.w);
	jwt_key_init(&f.key, seed);
	f.claims = (struct jwt_claims){ ISS, AUD, { { 1 } }, { { 2 } }, NOW, NOW + 900 * USEC_S };
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	work_end(&((struct fixture *)*state)->w);
	return 0;
}

/* A token of any header and body, with our own key's signature over them. */
static str forge(struct fixture *f, const char *header, const char *body)
{
	str h = base64url_str(f->w.arena, str_c(header)), b = base64url_str(f->w.arena, str_c(body));
	str input = arena_printf(f->w.arena, STR_FMT "." STR_FMT, STR_ARG(h), STR_ARG(b));
	uint8_t sig[64];

	ed25519_sign(seed, input, sig);
	str s = base64url_str(f->w.arena, str_of(sig, 64));
	return arena_printf(f->w.arena, STR_FMT "." STR_FMT, STR_ARG(input), STR_ARG(s));
}

#define GOOD_BODY                                                                                                      \
	"{\"iss\":\"https://patchwork.example\",\"aud\":\"patchwork-api\","                                            \
	"\"sub\":\"01000000-0000-0000-0000-000000000000\",\"jti\":\"02000000-0000-0000-0000-000000000000\","           \
	"\"iat\":1767225600,\"exp\":1767226500}"

static bool verify(struct fixture *f, str token)
{
	struct jwt_claims out;

	return jwt_verify(&f->w, &f->key, 1, token, ISS, AUD, NOW, &out);
}

static void there_and_back(void **state)
{
	struct fixture *f = *state;
	struct jwt_claims out = { 0 };
	str token = jwt_sign(&f->w, &f->key, &f->claims);

	assert_true(jwt_verify(&f->w, &f->key, 1, token, ISS, AUD, NOW, &out));
	assert_str(out.iss, "https://patchwork.example");
	assert_str(out.aud, "patchwork-api");
	assert_memory_equal(&out.sub, &f->claims.sub, sizeof(uuid));
	assert_memory_equal(&out.jti, &f->claims.jti, sizeof(uuid));
	assert_true(out.iat == f->claims.iat && out.exp == f->claims.exp);
	assert_true(str_eq(token, jwt_sign(&f->w, &f->key, &f->claims)));
}

/* What forge() makes passes, so that each refusal below has the one reason it names. */
static void forged_right(void **state)
{
	struct fixture *f = *state;
	str h = arena_printf(f->w.arena, "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}", f->key.kid);

	assert_true(verify(f, forge(f, arena_cstr(f->w.arena, h), GOOD_BODY)));
}

static void other_algorithms(void **state)
{
	static const char *const alg[] = { "none", "None", "HS256", "RS256", "ES256", "eddsa", "Ed25519", "" };
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(alg); i++) {
		str h = arena_printf(f->w.arena, "{\"alg\":\"%s\",\"kid\":\"%s\"}", alg[i], f->key.kid);

		assert_false(verify(f, forge(f, arena_cstr(f->w.arena, h), GOOD_BODY)));
		assert_err(&f->w, ERR_INVALID, "auth.token_malformed");
	}
}

/* The public key as an HMAC secret, which careless verifiers take. */
static void hmac_with_the_public_key(void **state)
{
	struct fixture *f = *state;
	str h = arena_printf(f->w.arena, "{\"alg\":\"HS256\",\"kid\":\"%s\"}", f->key.kid);
	str b = base64url_str(f->w.arena, STR(GOOD_BODY));
	uint8_t mac[32];

	h = base64url_str(f->w.arena, h);
	str input = arena_printf(f->w.arena, STR_FMT "." STR_FMT, STR_ARG(h), STR_ARG(b));
	hmac_sha256(str_of(f->key.pub, 32), input, mac);
	str s = base64url_str(f->w.arena, str_of(mac, 32));
	assert_false(verify(f, arena_printf(f->w.arena, STR_FMT "." STR_FMT, STR_ARG(input), STR_ARG(s))));
	assert_err(&f->w, ERR_INVALID, "auth.token_malformed");
}

static void headers(void **state)
{
	struct fixture *f = *state;
	const char *kid = f->key.kid;
	static const char *const formats[] = {
		"{\"alg\":\"EdDSA\"}",
		"{\"kid\":\"%s\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"at+jwt\"}",
		"{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"crit\":[\"exp\"]}",
		"{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"jwk\":{}}",
		"{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\",\"kid\":\"%s\"}",
		"{\"alg\":[\"EdDSA\"],\"kid\":\"%s\"}",
		"[\"EdDSA\",\"%s\"]",
		"%s",
		"",
	};

	for (size_t i = 0; i < COUNT(formats); i++) {
		char text[200];
		char *at = strstr(strcpy(text, formats[i]), "%s");

		if (at != NULL) {
			memmove(at + 16, at + 2, strlen(at + 2) + 1);
			memcpy(at, kid, 16);
		}
		assert_false(verify(f, forge(f, text, GOOD_BODY)));
		assert_err(&f->w, ERR_INVALID, "auth.token_malformed");
	}
}

static void unknown_kid(void **state)
{
	struct fixture *f = *state;

	assert_false(verify(f, forge(f, "{\"alg\":\"EdDSA\",\"kid\":\"0000000000000000\"}", GOOD_BODY)));
	assert_err(&f->w, ERR_INVALID, "auth.token_signature");
}

static void another_key(void **state)
{
	struct fixture *f = *state;
	static const uint8_t other[32] = { 9 };
	struct jwt_key theirs, mixed;

	jwt_key_init(&theirs, other);
	assert_false(verify(f, jwt_sign(&f->w, &theirs, &f->claims)));
	assert_err(&f->w, ERR_INVALID, "auth.token_signature");
	mixed = f->key; /* our kid, their signature */
	mixed.seed = other;
	assert_false(verify(f, jwt_sign(&f->w, &mixed, &f->claims)));
	assert_err(&f->w, ERR_INVALID, "auth.token_signature");
}

static void audiences(void **state)
{
	struct fixture *f = *state;
	struct jwt_claims out;
	str token = jwt_sign(&f->w, &f->key, &f->claims);

	assert_false(jwt_verify(&f->w, &f->key, 1, token, ISS, STR("patchwork-api2"), NOW, &out));
	assert_err(&f->w, ERR_INVALID, "auth.token_audience");
	assert_false(jwt_verify(&f->w, &f->key, 1, token, STR("https://other.example"), AUD, NOW, &out));
	assert_err(&f->w, ERR_INVALID, "auth.token_audience");
}

static void f28_times(void **state)
{
	struct fixture *f = *state;
	struct jwt_claims out;
	str token = jwt_sign(&f->w, &f->key, &f->claims);

	assert_true(jwt_verify(&f->w, &f->key, 1, token, ISS, AUD, f->claims.exp - 1, &out));
	assert_false(jwt_verify(&f->w, &f->key, 1, token, ISS, AUD, f->claims.exp, &out));
	assert_err(&f->w, ERR_INVALID, "auth.token_expired");
	assert_true(jwt_verify(&f->w, &f->key, 1, token, ISS, AUD, NOW - 60 * USEC_S, &out));
	assert_false(jwt_verify(&f->w, &f->key, 1, token, ISS, AUD, NOW - 60 * USEC_S - 1, &out));
	assert_err(&f->w, ERR_INVALID, "auth.token_malformed");
	f->claims.exp = f->claims.iat;
	assert_false(verify(f, jwt_sign(&f->w, &f->key, &f->claims)));
	assert_err(&f->w, ERR_INVALID, "auth.token_malformed");
}

static void bodies(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {
		"{}",
		"{\"iss\":\"https://patchwork.example\",\"aud\":\"patchwork-api\",\"sub\":\"me\","
		"\"jti\":\"02000000-0000-0000-0000-000000000000\",\"iat\":1767225600,\"exp\":1767226500}",
		"{\"iss\":\"https://patchwork.example\",\"aud\":[\"patchwork-api\"],"
		"\"sub\":\"01000000-0000-0000-0000-000000000000\",\"jti\":\"02000000-0000-0000-0000-000000000000\","
		"\"iat\":1767225600,\"exp\":1767226500}",
		"{\"iss\":\"https://patchwork.example\",\"aud\":\"patchwork-api\","
		"\"sub\":\"01000000-0000-0000-0000-000000000000\",\"jti\":\"02000000-0000-0000-0000-000000000000\","
		"\"iat\":1767225600,\"exp\":\"1767226500\"}",
		"not json",
	};
	str h = arena_printf(f->w.arena, "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}", f->key.kid);

	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(verify(f, forge(f, arena_cstr(f->w.arena, h), bad[i])));
		assert_err(&f->w, ERR_INVALID, "auth.token_malformed");
	}
}

/* One changed byte anywhere: nothing of the token may still be believed. */
static void tampered(void **state)
{
	struct fixture *f = *state;
	str token = jwt_sign(&f->w, &f->key, &f->claims);

	for (size_t i = 0; i < token.n; i++) {
		str copy = arena_str(f->w.arena, token);

		((char *)copy.p)[i] = copy.p[i] == 'A' ? 'B' : 'A';
		assert_false(verify(f, copy));
		err_clear(&f->w);
		assert_false(verify(f, str_of(token.p, i)));
		err_clear(&f->w);
	}
	assert_false(verify(f, arena_printf(f->w.arena, STR_FMT ".", STR_ARG(token))));
	err_clear(&f->w);
	assert_false(verify(f, arena_printf(f->w.arena, STR_FMT "=", STR_ARG(token))));
	err_clear(&f->w);
}

/* RFC 8037, appendix A: the JWK of a public key, and its place in a set */
static void key_set(void **state)
{
	struct fixture *f = *state;
	struct jwt_key k;
	uint8_t rfc[32];
	size_t at;

	assert_true(hex_decode(STR("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"), rfc, 32));
	jwt_key_init(&k, rfc);
	str set = jwt_jwks(&f->w, &k, 1);
	assert_true(str_find(set, STR("\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""), &at));
	assert_true(str_starts(set, STR("{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\"")));
	assert_false(str_find(set, STR("\"d\""), &at)); /* no private part */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(there_and_back),
		TEST(forged_right),
		TEST(other_algorithms),
		TEST(hmac_with_the_public_key),
		TEST(headers),
		TEST(unknown_kid),
		TEST(another_key),
		TEST(audiences),
		TEST(f28_times),
		TEST(bodies),
		TEST(tampered),
		TEST(key_set),
	};

	return cmocka_run_group_tests_name("jwt", tests, NULL, NULL);
}
