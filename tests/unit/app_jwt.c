/* What is made is verified by OpenSSL with the public half, and read as the JWT it should be. */
#include "crypto/app_jwt.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "base/json.h"
#include "tests/unit/check.h"

static struct work w;
static char path[64];

static void write_key(EVP_PKEY *pkey)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
}

static EVP_PKEY *rsa(unsigned bits)
{
	EVP_PKEY *pkey = EVP_RSA_gen(bits);

	assert_non_null(pkey);
	return pkey;
}

static int begin(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), P_tmpdir "/patchwork-app-key-XXXXXX");
	fd = mkstemp(path);
	close(fd);
	work_init(&w);
	return fd < 0;
}

static int end(void **state)
{
	(void)state;
	work_end(&w);
	return unlink(path);
}

static void signed_by_the_key(void **state)
{
	EVP_PKEY *pkey = rsa(2048);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	struct app_key *k = NULL;
	str token, rest, header, body, sig, bytes;
	const cJSON *claims;
	int64_t iat, exp;

	(void)state;
	write_key(pkey);
	assert_true(app_key_load(&w, str_c(path), &k));
	token = rest = app_jwt(&w, k, STR("4711"), INT64_C(1800000000) * USEC_S);
	assert_true(str_next(&rest, '.', &header) && str_next(&rest, '.', &body) && str_next(&rest, '.', &sig));
	assert_true(base64url_decode(w.arena, sig, &bytes));
	assert_int_equal(EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, pkey), 1);
	assert_int_equal(EVP_DigestVerify(ctx, (const unsigned char *)bytes.p, bytes.n, (const unsigned char *)token.p,
				 header.n + 1 + body.n),
		1);
	assert_true(base64url_decode(w.arena, header, &bytes));
	assert_str(bytes, "{\"alg\":\"RS256\",\"typ\":\"JWT\"}");
	assert_true(base64url_decode(w.arena, body, &bytes) && json_parse(&w, bytes, &claims));
	assert_str(json_get_str(claims, "iss"), "4711");
	assert_true(json_get_i64(claims, "iat", &iat) && json_get_i64(claims, "exp", &exp));
	assert_int_equal(iat, 1800000000 - 60);
	assert_true(exp > 1800000000 && exp - iat <= 600);
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	app_key_free(&k);
	assert_null(k);
	app_key_free(&k);
}

static void keys_that_are_none(void **state)
{
	EVP_PKEY *small = rsa(1024), *ec = EVP_EC_gen("P-256"), *good = rsa(2048);
	struct app_key *k = NULL;

	(void)state;
	write_key(small);
	assert_false(app_key_load(&w, str_c(path), &k));
	assert_err(&w, ERR_INVALID, "secret.format");
	write_key(ec);
	assert_false(app_key_load(&w, str_c(path), &k));
	assert_err(&w, ERR_INVALID, "secret.format");
	write_key(good);
	assert_int_equal(chmod(path, 0640), 0);
	assert_false(app_key_load(&w, str_c(path), &k));
	assert_err(&w, ERR_INVALID, "secret.mode");
	assert_int_equal(truncate(path, 0) | chmod(path, 0600), 0);
	assert_false(app_key_load(&w, str_c(path), &k));
	assert_err(&w, ERR_INVALID, "secret.format");
	assert_false(app_key_load(&w, STR("/nonexistent/key.pem"), &k));
	assert_err(&w, ERR_INVALID, "secret.unreadable");
	assert_null(k);
	EVP_PKEY_free(small);
	EVP_PKEY_free(ec);
	EVP_PKEY_free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(signed_by_the_key, begin, end),
		cmocka_unit_test_setup_teardown(keys_that_are_none, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
