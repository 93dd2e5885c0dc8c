/* What of a request goes where in the statement's input. Strict: what a route does not name is refused. */
#pragma once

#include "call.h"

/* {id} of the path as a UUID.  fails  NOUN.not_found */
MUST bool request_id(struct call *c, uuid *out);
/* The header's value, or { NULL, 0 }.  fails  api.duplicate_header */
MUST bool request_header(struct call *c, const char *name, str *value);

/* Splits the path, takes traceparent or makes one. */
MUST bool request_begin(struct call *c);

/* Fills c->in (zeroed here) from path, query, headers, body and session as the route's params say.
 * fails  NOUN.not_found for a path that can name nothing; query.*, json.*, idempotency.*, api.media_type, api.body_too_large */
MUST bool request_decode(struct call *c);

/* The code that says that what the path names is not there: "bounty.not_found". */
const char *request_not_found(struct call *c);
