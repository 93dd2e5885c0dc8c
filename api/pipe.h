/* PostgreSQL from inside Kore's loop: libpq's pipeline mode, prepared statements, several connections per worker. A
 * call is one statement, its own transaction, one round trip. Connections come back by themselves after a restart. */
#pragma once

#include "base/work.h"
#include "db/query.h"

struct pipe_op;

/* Memory of the caller, alive until done() has run or the call is detached. */
struct pipe_call {
	/* set by the caller */
	const struct sql *sql;
	struct query_params params; /* what they point to lives as long as the call */
	bool reads;                 /* changes nothing: is sent again when its connection breaks, thrice at most */
	void (*done)(struct pipe_call *call);
	void *arg;
	/* set before done() runs */
	PGresult *res; /* rows or PostgreSQL's refusal; the caller clears it. NULL: no answer, see err */
	struct err err;
	/* of pipe.c */
	struct pipe_op *op;
	bool kept; /* res belongs to an arena */
};

void pipe_start(void); /* in a worker; connects by itself */

/* done() runs later, from the loop, never inside this call; exactly once unless detached. It only takes note and wakes
 * its request.
 * err    ERR_RETRY api.busy (api.queue calls in hand)
 *        ERR_RETRY api.database_down (no connection is there, or none within api.connect_wait)
 *        ERR_UNCERTAIN api.outcome_unknown (a writing call's connection broke before its answer) */
void pipe_submit(struct pipe_call *call);

/* The client has gone: done() will not run. A call that has been sent completes in the database and its result is
 * dropped; one that has not is forgotten. */
void pipe_detach(struct pipe_call *call);

/* Its caller has ended and may never have looked: what no arena has is cleared. */
void pipe_drop(struct pipe_call *call);

/* In or after done(), once: true when res holds rows (or none were wanted); res then lives as long as w's arena.
 * fails  as pipe_submit, and as sqlstate_err */
MUST bool pipe_result(struct work *w, struct pipe_call *call);

int pipe_ready(void); /* usable connections of this worker; 0 = PostgreSQL is away */
