/* /v1/lineage/{kind}/{id}: an id is a UUID, and of deliveries and jobs also a number. */
#pragma once

#include "call.h"

MUST bool lineage_bind(struct call *c, void *in); /* fails  lineage.not_found */
