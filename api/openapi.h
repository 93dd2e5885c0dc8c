/* openapi.json, made of the route table and the statements' heads. */
#pragma once

#include "call.h"

void openapi_prepare(void); /* in the parent, once */
MUST bool openapi_serve(struct call *c, void *row);
