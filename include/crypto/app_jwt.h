/* The token by which a GitHub App names itself: a JWT (RFC 7519) with alg RS256 (RFC 7518, section 3.3), made by OpenSSL. Keys stay
 * inside OpenSSL; the token is good for minutes and is made anew for each use. */
#pragma once

#include "base/work.h"

struct app_key;
/* A private key in PEM (PKCS #1, as GitHub hands it out, or PKCS #8) of at least 2048 bits, in a file that only its owner may read.
 * fails  ERR_INVALID secret.unreadable, secret.mode, secret.format */
MUST bool app_key_load(struct work *w, str path, struct app_key **out);
void app_key_free(struct app_key **k);
/* iss is the App's id or client id. Issued a minute before now and ending nine minutes after it, so that a clock that is a little off
 * does not matter: GitHub takes no more than ten. */
str app_jwt(struct work *w, const struct app_key *k, str iss, usec now);
