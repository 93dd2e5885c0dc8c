/* What the files of this folder share: lanes (one per queue), batches (one per claim), the runner. */
#pragma once

#include <stdatomic.h>

#include "db/query.h"
#include "queue/aging.h"
#include "queue/stage.h"
#include "queue/wake.h"
#include "queue/watermark.h"
#include "sql.h"
#include "tally.h"

#define LANE_KINDS 32
#define RUNNER_LANES 16
#define LANE_HEADS 64
#define OUTPUT_MAX 65536 /* bytes that a run or a step leaves; as in sql/queue/finish.sql */

/* No number in line above head was given out at `asked` (clock_monotonic). */
struct lane_head {
	usec asked;
	int64_t head;
};

struct lane {
	const char *queue;
	const struct stage *kind[LANE_KINDS];
	int kinds;
	bool pure;  /* no kind has plan, probe or effect: whole batches are settled in one transaction */
	usec lease; /* the longest of its kinds */
	pthread_mutex_t lock;
	struct watermark mark; /* under lock, with the next four */
	struct aging aging;
	struct lane_head head[LANE_HEADS]; /* a ring, the last one at heads; under lock, as heads is */
	int heads, tally, kind_tally[LANE_KINDS];
	int64_t epoch;        /* of the rules below; 0 = none were read yet */
	bool stopped;         /* the queue is paused */
	bool ruled;           /* some jobs may have to stand aside */
	atomic_bool hot;      /* there may be something to claim */
	_Atomic usec average; /* of a run, recently; 0 = not known */
	atomic_bool aside;    /* something may wait aside that could go on */
	atomic_bool crowded;  /* much is ready: some projects may have more than their share */
	usec feed, balance;   /* the dispatcher's: clock_monotonic() of the next */
	usec asked;           /* the dispatcher's: of the last feed */
	bool more;            /* the dispatcher's: the last feed left something */
	char after[160];      /* the dispatcher's: the lane that was fed last */
};

struct batch;
struct job {
	struct batch *batch;
	const struct stage *stage; /* NULL = a kind that this program does not know */
	int64_t id;
	int attempt, burned, tally;
	bool suspect;
	usec waited;           /* to be claimed */
	str kind, args, trace; /* in the batch's arena */
};

/* The jobs of one claim. Belongs to the threads that run them; the last one to end a job frees it. */
struct batch {
	struct work w; /* memory of the rows */
	struct lane *lane;
	int64_t claim;
	struct runner *holder; /* NULL = in nobody's list; then the next two are void */
	struct batch *next, *before;
	struct job *at;
	int n;
	atomic_int left;
	atomic_bool lost; /* the database has given it to another, or forgotten it */
};

/* What a thread takes up: one job, or a whole batch of a pure lane. */
struct item {
	struct batch *batch;
	int index; /* -1 = whole */
};

struct runner {
	const struct runner_conf *conf;
	const struct outside *outside;
	struct pool *pool;
	struct lane lane[RUNNER_LANES];
	int lanes;
	int64_t worker;
	_Atomic usec seen; /* clock_monotonic() before the last heartbeat that was answered */
	atomic_int gaps;   /* heartbeats that came so late that claims may have been lost before */
	struct wake wake;
	pthread_mutex_t suspect; /* one suspect runs at a time */
	pthread_t *crew;

	pthread_mutex_t lock; /* all below */
	pthread_cond_t more;
	struct item *fifo; /* a ring */
	int head, queued, size;
	int idle, threads;  /* waiting for an item; alive */
	int low;            /* poke the dispatcher when queued falls to this; -1 = do not */
	int64_t *ended;     /* claims to release */
	struct batch *held; /* in hand: a claim that is in neither of these two is not known to be ours */
	int n_ended, size_ended;
	bool closing; /* nothing new is begun */

	_Atomic usec lost; /* clock_monotonic() when a claim may last have been made without our knowledge; 0 = never */
	atomic_bool gate;  /* a look for such claims waits until none is being made */
	atomic_int claiming; /* calls of claim_take by threads, up to their commit */

	pthread_mutex_t cancel; /* the array below */
	int64_t *cancels;       /* jobs to be ended, ascending */
	atomic_int n_cancels;
};

/* crew.c */
void runner_ended(struct runner *r, struct batch *b); /* all its jobs have their end; frees it */
bool runner_closing(struct runner *r);

/* runner.c */
void lane_heat(struct runner *r, str queue);                           /* a queue that is ours may have something */
void runner_point(struct work *w, const char *kind, const char *what); /* FAULT("KIND.WHAT") */

/* claim.c: ends `settle` and takes up to want jobs; *out is NULL when there are none. *owned says whether settle was still
 * ours.  fails as the statement */
struct claim_known {
	int64_t head;  /* the highest seq that this program knows to be handed out */
	uint64_t life; /* in which it was */
};
struct claim_ask {
	int want;
	struct claim_known known;   /* claim_known() before the transaction began */
	const struct batch *settle; /* NULL = none */
	struct strs outputs;        /* as in sql/queue/claim.sql */
};
MUST bool claim_take(struct work *w, struct tx *tx, struct runner *r, struct lane *lane, const struct claim_ask *ask,
	bool *owned, struct batch **out);
struct claim_known claim_known(struct lane *lane);
void batch_free(struct batch *b);
/* Around claim_take, by threads: may they take something, and that they are done with it. */
bool claim_enter(struct runner *r);
void claim_leave(struct runner *r);
bool claim_stopped(struct lane *lane);
/* Reads the rules again, as far as this lane knows them. */
MUST bool claim_rules(struct work *w, struct tx *tx, struct lane *lane);

/* settle.c */
struct end {
	const char *state;
	struct err why;
	usec wait, jitter;
	int burned;
};
struct end end_of_failure(const struct work *w, const struct job *j);
/* Inside the stage's transaction. *fresh false: the run has an end already. */
MUST bool settle_in(struct work *w, struct tx *tx, const struct runner *r, const struct job *j, const struct end *end,
	usec took, bool *fresh);
/* In a transaction of its own, as often as it takes; gives up only when the runner is gone. */
void settle_surely(struct work *w, struct runner *r, const struct job *j, const struct end *end, usec took);
/* After a settle that failed: is this run's end written, and by us? fails when the database does not answer */
MUST bool settle_look(struct work *w, struct runner *r, const struct job *j, bool *ended, bool *ours);

/* attempt.c: a job, to its end. */
void attempt_run(struct work *w, struct runner *r, struct job *j);
/* pure.c: a batch of jobs that only settle, and all that follow it, to their ends. */
void pure_run(struct work *w, struct runner *r, struct batch *b);

/* lease.c, due.c: on the dispatcher's connection */
MUST bool lease_join(struct work *w, struct tx *tx, struct runner *r);
/* Also finds which claims in hand are ours no more; their jobs stop before they touch the world again. */
MUST bool lease_beat(struct work *w, struct tx *tx, struct runner *r);
/* Of workers that were not seen for their lease; those of which nothing was left are looked at again only with `all`. */
MUST bool lease_rescue(struct work *w, struct tx *tx, struct runner *r, bool all);
usec lease_shortest(const struct runner *r); /* of its queues */
/* Jobs of claims that were made and not heard of go back; *waits: not looked yet, since a claim is being made. */
MUST bool lease_regain(struct work *w, struct tx *tx, struct runner *r, bool *waits);
bool lease_held(const struct runner *r, const struct batch *b); /* now: a gap may have been before */
void lease_mark(
	struct work *w, struct runner *r, const struct job *j); /* on a connection of the pool, as often as it takes */
/* Moves what is due, however long ago with `all`; *next = until the next one, INT64_MAX = none. */
MUST bool due_move(struct work *w, struct tx *tx, struct runner *r, bool all, usec *next);

/* control.c: on the dispatcher's connection */
MUST bool control_cancels(struct work *w, struct tx *tx, struct runner *r);
bool control_cancelled(struct runner *r, int64_t job); /* it is to be ended before its next effect */
/* What waits aside goes on, want at most where nothing limits it; what is too much of one project steps aside. *next = when
 * there may be more to do, clock_monotonic(). */
MUST bool control_feed(struct work *w, struct tx *tx, struct lane *lane, usec now, int want, usec *next);
/* Ticks whose time has come become jobs, each once, whichever worker looks; *next = until the next one, INT64_MAX = none. */
MUST bool due_cron(struct work *w, struct tx *tx, struct runner *r, usec *next);

/* What a unit of work knows of the run that it is. */
struct running {
	struct runner *runner;
	const struct job *job;
	bool outside; /* in probe or effect: no transaction is open */
	usec told;    /* progress: clock_monotonic() */
	str effects;  /* JSON objects, separated by commas */
	struct sql_queue_steps_out *steps;
	size_t n_steps;
};

/* attempt.c: may the run touch the world now?  fails  ERR_RETRY queue.lease_lost, ERR_INVALID queue.cancelled */
MUST bool attempt_may_act(struct work *w, struct runner *r, const struct job *j);
void attempt_allow(struct work *w, const struct job *j); /* a new deadline */
void attempt_begin(struct work *w, const struct job *j); /* w is empty, and about the job */
void attempt_name(struct work *w, const struct job *j);  /* what is in w stays */
/* *task as the job's args say.  fails  as json_read_text */
MUST bool attempt_task(struct work *w, const struct job *j, void **task);
/* step.c: those that are not behind the job, in their order.  fails  as they, and as the statements */
MUST bool steps_run(struct work *w, struct runner *r, const struct job *j, void *task);
str progress_effects(const struct work *w); /* the JSON array, { NULL, 0 } = none */
