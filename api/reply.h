/* What goes back: the status, the headers, the body. */
#pragma once

#include "call.h"

void reply_preflight(struct call *c);
void reply_send(struct call *c);
