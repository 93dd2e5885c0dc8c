/* What the queue can do on this machine and database: JSON lines on stdout, one per measurement, the floors (what PostgreSQL
 * does without a queue) among them. It leaves its jobs in the history: measure in a database of its own. */
#pragma once

#include "db/conn.h"

/* jobs  how many are enqueued in bulk and drained per round
 * fails ERR_INVALID queue.bench_role, queue.bench_database, before anything is enqueued; as conn_open; as the statements */
MUST bool bench_queue(struct work *w, const struct conn_conf *db, int64_t jobs);
