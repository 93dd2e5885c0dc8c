/* Who granted it is who is signed in. */
#pragma once

#include "call.h"

MUST bool role_grant(struct call *c, void *in);
MUST bool role_revoke(struct call *c, void *in);
