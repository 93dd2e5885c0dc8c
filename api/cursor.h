/* Where a page ended, as text that only we can make: it is signed with the route and the filters it belongs to. */
#pragma once

#include "call.h"

#define CURSOR_MAX 512 /* bytes of text */

str cursor_seal(struct call *c, str position);
/* fails  query.cursor */
MUST bool cursor_open(struct call *c, str cursor, str *position);
