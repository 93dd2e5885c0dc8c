/* What the benchmark's files share. */
#pragma once

#include <pthread.h>

#include "queue/bench.h"
#include "queue/stage.h"

struct bench {
	const struct conn_conf *db;
	struct conn *conn;
	int64_t jobs;
};

void bench_line(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A runner in a thread, with 2 threads and 2 connections. */
struct bench_runner {
	pthread_t thread;
	struct runner_conf conf;
	const struct stage *stages[2];
	volatile sig_atomic_t stop;
	bool ok;
};
void bench_runner_start(struct bench_runner *b, const struct conn_conf *db, const struct stage *stage, int batch);
MUST bool bench_runner_stop(struct work *w, struct bench_runner *b);

MUST bool bench_drain(struct work *w, struct bench *b, int batch, int round);
MUST bool bench_start(struct work *w, struct bench *b);
MUST bool bench_floor(struct work *w, struct bench *b);
