/* A stage of the pipeline, one per kind of job. The runner owns claiming, transactions, leases, retries, history and logging;
 * a stage is four functions:
 *
 *     plan    (w, tx, task)             read rows, record the intent             in a transaction, committed before probe
 *     probe   (w, outside, task, &done) did an earlier attempt succeed?          no connection is held
 *     effect  (w, outside, task)        the one call that changes the world      no connection is held
 *     settle  (w, tx, task)             result row, event, next job              same transaction as the job's end
 *
 * Each may be NULL. All return false with w->err set: ERR_INVALID and ERR_BUG park the job, ERR_RETRY and ERR_UNCERTAIN run it
 * again after back-off (err_retry_after: not before that; err_snooze: no attempt is burned). probe runs on every attempt that
 * has one, so it also answers for what an earlier, killed attempt did. */
#pragma once

#include <signal.h>

#include "base/field.h"
#include "base/work.h"
#include "db/tx.h"
#include "outside/outside.h"

struct step {
	const char *name;                                                          /* unique in its stage */
	bool (*effect)(struct work *w, const struct outside *outside, void *task); /* NULL = none */
	bool (*settle)(struct work *w, struct tx *tx, void *task); /* with the step's end; NULL = none */
};

struct stage {
	const char *name;   /* the queue: "sync", "verify", "prove", "pay", "score" */
	const char *kind;   /* "verify.merge" */
	struct fields task; /* what of the job's args goes where in the task struct (zeroed, in the work's arena) */
	int lease_s;
	int attempts;               /* then it is parked */
	usec retry_base, retry_cap; /* full jitter: uniform in [0, min(cap, base << attempt)] */
	struct quota_need quota;    /* what it asks of GitHub; zeroed = nothing that is counted */
	const char *next;           /* queue that settle feeds: woken after commit; NULL = none */
	size_t decided; /* offset of the task's bool by which plan says that an earlier run did it all; 0 = none */
	bool (*peek)(struct work *w, struct tx *tx, void *task); /* plan without a write, for previews; NULL = plan */
	bool (*plan)(struct work *w, struct tx *tx, void *task);
	bool (*probe)(struct work *w, const struct outside *outside, void *task, bool *done);
	bool (*effect)(struct work *w, const struct outside *outside, void *task);
	bool (*settle)(struct work *w, struct tx *tx, void *task);
	const struct step *steps; /* ends with a name of NULL; NULL = none, else probe and effect are NULL */
};

struct runner_conf {
	struct conn_conf db;
	int threads;      /* units of work at once */
	int connections;  /* shared by the threads, for plan and settle */
	int batch;        /* jobs claimed at once, per stage */
	usec lease;       /* 0 = each queue's longest of its stages; else this, for all of them */
	usec poll;        /* the floor under NOTIFY: at most this between two looks */
	char account[65]; /* whose limits GitHub counts our requests by; "" = they are not counted */
	bool app; /* repositories that our App is installed in are asked about as that installation, within its limits */
	int turns;  /* jobs that ask at once, per account */
	usec aging; /* a priority that waited this long has a part of each claim; 0 = AGING_SPAN */
	usec drain; /* SIGTERM: this long for what is in hand, then leases bring it back */
};

#define RUNNER_LEFT_IN_HAND 75 /* EX_TEMPFAIL */

/* Runs the stages given until *stop is set (by a signal handler); returns after draining. stages ends with NULL. When jobs
 * are still in hand after runner_conf.drain, the process exits with RUNNER_LEFT_IN_HAND: leases bring them back.
 * fails  as conn_open when the database cannot be reached at the start */
MUST bool runner_run(struct work *w, const struct runner_conf *c, const struct stage *const stages[],
	const struct outside *outside, volatile sig_atomic_t *stop);
