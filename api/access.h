/* Who asks, and whether they may ask now. */
#pragma once

#include "call.h"

#define ACCESS_FRESH (300 * USEC_S) /* how long a signature that names an action counts */

/* The session of the bearer token, where the route wants one. A refused token is noted and told by access_allowed, so that
 * guessing is counted.  fails  api.duplicate_header */
MUST bool access_check(struct call *c);

/* The rate window of the route's class: begins to count and returns true with c->waiting set, or at once. */
void access_count(struct call *c);
/* fails  api.rate_limited, auth.missing, auth.token_* */
MUST bool access_allowed(struct call *c);

/* Role, object, scope and step-up: asks the database where the route or the token needs it, with c->waiting set. */
MUST bool access_admit(struct call *c);
/* fails  auth.session_ended, auth.suspended, auth.token_unknown, auth.scope, auth.role, auth.step_up_required, NOUN.not_found */
MUST bool access_admitted(struct call *c);
const char *access_window_name(const struct call *c);
