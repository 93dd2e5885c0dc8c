/* What the benchmark's files share. */
#pragma once

#include <pthread.h>

#include "queue/bench.h"
#include "queue/stage.h"

struct bench {
	const struct conn_conf *db;
	struct conn *conn;
	int64_t jobs, history, noise;
	int seconds;
};

/* bench.c */
void bench_line(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));
double bench_per_s(int64_t n, usec span);
/* One statement without a result that matters, in no transaction; rows (NULL = not asked) = how many it touched. */
MUST bool bench_say(struct work *w, struct conn *conn, const char *sql, int *rows);
/* What was measured before leaves dead rows and pages for the disk; both are dealt with here, so that none of it is measured: a vacuum,
 * and a checkpoint by who may ask for one. */
MUST bool bench_calm(struct work *w, struct bench *b);
void bench_thread(pthread_t *thread, void *(*run)(void *), void *arg);

/* bench_start.c: a runner in a thread */
struct bench_runner {
	pthread_t thread;
	struct runner_conf conf;
	const struct stage *stages[3];
	volatile sig_atomic_t stop;
	bool ok;
};
struct bench_crew {
	int threads, connections, batch;
	const struct stage *also; /* NULL = none */
};
void bench_runner_start(
	struct bench_runner *b, const struct conn_conf *db, const struct stage *stage, struct bench_crew crew);
MUST bool bench_runner_stop(struct work *w, struct bench_runner *b);

/* bench_drain.c: n jobs into a queue, 1,000 per statement; the first and the last id. */
struct bench_range {
	int64_t first, last;
};
MUST bool bench_bulk(struct work *w, struct bench *b, str queue, int64_t n, struct bench_range *out);

/* bench_held.c: a transaction that sees the past, as a report or a backup does. */
MUST bool bench_hold(struct work *w, struct bench *b, struct conn **out);

/* The measurements: the table in bench.c names them. */
MUST bool bench_start(struct work *w, struct bench *b);
MUST bool bench_noisy(struct work *w, struct bench *b);
MUST bool bench_drain(struct work *w, struct bench *b);
MUST bool bench_backlog(struct work *w, struct bench *b);
MUST bool bench_keepup(struct work *w, struct bench *b);
MUST bool bench_wakeup(struct work *w, struct bench *b);
MUST bool bench_threads(struct work *w, struct bench *b);
MUST bool bench_history(struct work *w, struct bench *b);
MUST bool bench_floor(struct work *w, struct bench *b);
