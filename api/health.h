/* Is it alive, is it ready, what has it done. */
#pragma once

#include "call.h"

MUST bool health_live(struct call *c, void *row);
MUST bool health_ready_bind(struct call *c, void *in);
MUST bool health_ready(struct call *c, void *row); /* fails  api.database_down ..., api.schema (older than ours) */
MUST bool health_metrics(struct call *c, void *row);
