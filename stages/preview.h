/* What a replay of jobs would do, found out without doing it: the stage's peek (or plan) in a read-only transaction, then its
 * probe against the outside. */
#pragma once

#include "command.h"
#include "sql.h"

enum preview_outcome {
	PREVIEW_DONE,  /* an earlier run has done it: nothing happens outside, no row changes */
	PREVIEW_ACTS,  /* its effect would be called */
	PREVIEW_ASKS,  /* it reads the outside again; what it finds is kept under natural keys */
	PREVIEW_ROWS,  /* it writes rows alone, under natural keys */
	PREVIEW_WAITS, /* it would be scheduled again: code */
	PREVIEW_PARKS, /* it would be parked: code */
	PREVIEW_OUTCOMES,
};
extern const char *const preview_names[PREVIEW_OUTCOMES];

struct preview {
	int64_t job_id;
	str kind, state, outcome, code, text;
};

/* up to `most` jobs of each kind, oldest first.
 * fails  as conn_open, as what opens the outside */
MUST bool preview_jobs(struct work *w, const struct invocation *in, const struct sql_replay_pick_out *jobs, size_t n,
	int64_t most, struct preview **out, size_t *n_out);
