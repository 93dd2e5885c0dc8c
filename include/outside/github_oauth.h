/* A person's own GitHub account, by OAuth: a code for a token, the next token, whose the token is, and an end to it. */
#pragma once

#include "outside/github.h"

struct github_grant {
	str token, scopes;
	usec lives;         /* 0 = it does not expire */
	str refresh;        /* for the next one, good once; { NULL, 0 } = there is none */
	usec refresh_lives; /* 0 = it does not expire */
};
struct github_user {
	int64_t id;
	str login, type; /* "User", "Organization", "Bot" */
	usec created_at;
};
enum github_token_state { GITHUB_TOKEN_GOOD, GITHUB_TOKEN_REFUSED };

/* The code for a token; a code is good once. *refused is NULL, or why GitHub gives none: link.code (spent, expired, another's
 * verifier or address), link.client (the app's settings are wrong).
 * fails  ERR_INVALID link.unconfigured; github.*, fetch.* */
MUST bool github_exchange(struct work *w, struct github *g, str code, str verifier, str redirect_uri,
	struct github_grant *out, const char **refused);
/* The next token by a refresh token, with which GitHub ends both tokens of before. *refused: GitHub does not take this refresh token:
 * it is used up, or was taken back.
 * fails  ERR_INVALID link.unconfigured; ERR_RETRY link.renewal_client (the app's settings are wrong; it may be sent again); github.*, fetch.* */
MUST bool github_renew(struct work *w, struct github *g, str refresh, struct github_grant *out, bool *refused);
/* Whose token it is, by GitHub; counts in that person's limits, not in ours. */
MUST bool github_whoami(
	struct work *w, struct github *g, str token, enum github_token_state *state, struct github_user *out);
/* GitHub forgets the token; one that it does not know is forgotten. */
MUST bool github_forget(struct work *w, struct github *g, str token);
