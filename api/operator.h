/* What operators ask: what the table of routes_operator.c cannot say of it. */
#pragma once

#include "call.h"

bool operator_stages(struct call *c, void *in);
bool operator_pause(struct call *c, void *in);
bool operator_preview(struct call *c, void *in);
bool operator_previewed(struct call *c, void *row);
bool operator_replay(struct call *c, void *in);
bool operator_explain(struct call *c, void *in);
bool operator_explained(struct call *c, void *row);
extern const char *const operator_explained_members[]; /* of its reply; ends with NULL */
