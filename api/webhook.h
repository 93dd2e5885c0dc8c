/* GitHub's deliveries: the signature is checked over the raw bytes, which are stored as they came and parsed by a stage. */
#pragma once

#include "call.h"

/* fails  webhook.unconfigured, webhook.signature, webhook.header */
MUST bool webhook_bind(struct call *c, void *in);
/* The same, signed with the secret of the hook that the path names. */
MUST bool webhook_own_bind(struct call *c, void *in);
MUST bool webhook_count(struct call *c, void *row);
