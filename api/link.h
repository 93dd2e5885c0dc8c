/* Linking a GitHub account: OAuth's authorization code with PKCE (RFC 6749, 7636). Nothing here asks GitHub: a job exchanges the code.
 *
 * The state says which attempt comes back, not whose browser it is: whoever begins an attempt can send its address to somebody
 * else, whose account would become theirs. So what comes back is handed to that browser once more, as a word that only the session
 * which began can turn in (RFC 9700, 4.7). */
#pragma once

#include "call.h"

MUST bool link_start(struct call *c, void *in); /* fails  link.unconfigured */
MUST bool link_started(struct call *c, void *row);
MUST bool link_answer(struct call *c, void *in); /* fails  link.unconfigured, link.state_unknown */
MUST bool link_answered(struct call *c, void *row);
MUST bool link_confirm(struct call *c, void *in);
