/* What the queue can do on this machine and database: JSON lines on stdout, one per measurement, the floors (what PostgreSQL
 * does without a queue) among them. It leaves its jobs in the history: measure in a database of its own. */
#pragma once

#include "db/conn.h"

struct bench_conf {
	int64_t jobs;     /* enqueued in bulk and drained per round */
	int64_t history;  /* jobs that have ended before, for "history" */
	int64_t noise;    /* jobs of another project that wait, for "noisy" */
	int seconds;      /* of the loads that are told by time: "keepup", "threads" */
	const char *only; /* one measurement by its name; NULL = those that are quick */
};

bool bench_knows(const char *name);
str bench_names(struct work *w); /* "enqueue, start, ..." */
/* fails ERR_INVALID queue.bench_role, queue.bench_database, before anything is enqueued; as conn_open; as the statements */
MUST bool bench_queue(struct work *w, const struct conn_conf *db, const struct bench_conf *conf);
