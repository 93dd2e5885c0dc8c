/* Why something is where it is, and who must act: one paragraph out of a table of (object, state, code). */
#pragma once

#include "base/work.h"
#include "sql.h"

struct explanation {
	const char *who; /* project, funder, contributor, operator, time or nobody */
	str text;        /* in w's arena */
};

/* Of a job, in a transaction.  fails  ERR_INVALID explain.not_found */
MUST bool command_explain_text(struct work *w, struct tx *tx, int64_t job, struct explanation *out);
void explain(struct work *w, const struct sql_explain_find_out *found, struct explanation *out);
