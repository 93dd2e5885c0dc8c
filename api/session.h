/* Sessions: short tokens signed here, refreshed by opaque ones of which the database knows hashes. */
#pragma once

#include "call.h"

#define SESSION_REFRESH STR("pwr_")

str session_hash(struct call *c, str text); /* sha256 */
/* Makes a refresh token: its text goes into c->secret, its hash is returned. */
str session_secret(struct call *c, str prefix);

/* Binds.  fails  auth.refresh_unknown */
MUST bool session_refresh(struct call *c, void *in);

/* Replies: the tokens of a session that begins or goes on; expires_at is the session's. */
extern const char *const session_members[]; /* of that reply, and the wallet's address; ends with NULL */
void session_reply(struct call *c, struct json *j, uuid person, uuid session, usec expires_at);
MUST bool session_refreshed(struct call *c, void *row);
MUST bool session_jwks(struct call *c, void *row);
