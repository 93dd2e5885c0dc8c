/* What the API keeps secret, read once before the workers are forked. */
#pragma once

#include "base/str.h"
#include "crypto/jwt.h"
#include "crypto/seal.h"

#define KEYS_CHAINS 16

struct keys {
	struct jwt_key jwt[2]; /* the first one signs, all are accepted */
	size_t n_jwt;
	uint8_t cursor[2][32];       /* HMAC keys, derived from those */
	struct seal *seal;           /* closes secrets that the database keeps; NULL without seal.key_file */
	int64_t chains[KEYS_CHAINS]; /* that wallets may sign in with */
	size_t n_chains;
	str origins; /* "https://a,https://b" */
	str uri;     /* the first of them: what wallets are shown */
};
extern struct keys keys;

#define KEYS_ISSUER STR("patchwork")

void keys_load(void); /* ends the process when a key cannot be read */
