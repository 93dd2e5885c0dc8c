#include "crypto/app_jwt.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/hex.h"
#include "base/json.h"

#define BITS_LEAST 2048
#define BEFORE (60 * USEC_S)
#define AFTER (540 * USEC_S)

struct app_key {
	EVP_PKEY *pkey;
};

/* Without it OpenSSL would ask on the terminal. */
static int no_password(char *out, int size, int writing, void *arg)
{
	(void)out, (void)size, (void)writing, (void)arg;
	return -1;
}

static bool open_private(struct work *w, const char *path, FILE **f)
{
	struct stat st;

	*f = fopen(path, "re");
	if (*f == NULL)
		return err_set(w, ERR_INVALID, "secret.unreadable", "%s cannot be read", path);
	if (fstat(fileno(*f), &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0)
		return true;
	fclose(*f);
	return err_set(w, ERR_INVALID, "secret.mode", "%s: must be a file that only its owner may read", path);
}

bool app_key_load(struct work *w, str path, struct app_key **out)
{
	const char *z = arena_cstr(w->arena, path);
	EVP_PKEY *pkey;
	FILE *f;

	if (!open_private(w, z, &f))
		return false;
	pkey = PEM_read_PrivateKey(f, NULL, no_password, NULL);
	fclose(f);
	if (pkey == NULL || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_RSA || EVP_PKEY_get_bits(pkey) < BITS_LEAST) {
		EVP_PKEY_free(pkey);
		return err_set(w, ERR_INVALID, "secret.format", "%s: must hold an RSA key in PEM, %d bits or more", z,
			BITS_LEAST);
	}
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		abort();
	(*out)->pkey = pkey;
	return true;
}

void app_key_free(struct app_key **k)
{
	if (*k == NULL)
		return;
	EVP_PKEY_free((*k)->pkey);
	free(*k);
	*k = NULL;
}

static str sign(struct work *w, const struct app_key *k, str input)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t n = (size_t)EVP_PKEY_get_size(k->pkey);
	uint8_t *sig = arena_alloc(w->arena, n);

	if (ctx == NULL || EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->pkey) != 1 ||
		EVP_DigestSign(ctx, sig, &n, (const unsigned char *)input.p, input.n) != 1)
		abort(); /* a key that was read signs, unless there is no memory */
	EVP_MD_CTX_free(ctx);
	return str_of(sig, n);
}

str app_jwt(struct work *w, const struct app_key *k, str iss, usec now)
{
	str header = base64url_str(w->arena, STR("{\"alg\":\"RS256\",\"typ\":\"JWT\"}"));
	struct buf b = buf_new(w->arena, 512);
	struct json j = { &b };
	str body, input, sig;

	json_open(&j, NULL, '{');
	json_i64(&j, "iat", (now - BEFORE) / USEC_S);
	json_i64(&j, "exp", (now + AFTER) / USEC_S);
	json_str(&j, "iss", iss);
	json_close(&j, '}');
	body = base64url_str(w->arena, buf_str(&b));
	input = arena_printf(w->arena, STR_FMT "." STR_FMT, STR_ARG(header), STR_ARG(body));
	sig = base64url_str(w->arena, sign(w, k, input));
	return arena_printf(w->arena, STR_FMT "." STR_FMT, STR_ARG(input), STR_ARG(sig));
}
