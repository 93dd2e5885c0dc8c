/* What the table cannot say of the requests about projects and bounties. */
#pragma once

#include "call.h"

MUST bool bounty_repository(struct call *c, void *in);  /* fails  project.name */
MUST bool bounty_create_bind(struct call *c, void *in); /* fails  bounty.token */
