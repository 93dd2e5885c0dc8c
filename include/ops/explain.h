/* Why something is where it is, and who must act: one paragraph out of a table of (object, state, code). */
#pragma once

#include "base/work.h"
#include "sql.h"

struct explanation {
	const char *who; /* project, funder, contributor, operator, time or nobody */
	str text;        /* in w's arena */
};

void explain(struct work *w, const struct sql_explain_find_out *found, struct explanation *out);
