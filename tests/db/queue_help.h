/* A runner in a thread or in a process of its own, stages that write down what they did, and waiting by asking. */
#pragma once

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/metric.h"
#include "db_test.h"
#include "queue/stage.h"

#define PATIENCE (90 * USEC_S)

struct run {
	pthread_t thread;
	struct runner_conf conf;
	const struct stage *stages[8];
	volatile sig_atomic_t stop;
	bool ok;
};

static inline void *run_main(void *arg)
{
	static const struct outside nowhere;
	struct run *run = arg;
	struct work w;

	work_init(&w);
	run->ok = runner_run(&w, &run->conf, run->stages, &nowhere, &run->stop);
	if (!run->ok)
		print_error("runner: %s: %s\n", w.err.code, w.err.text);
	work_end(&w);
	return NULL;
}

static inline struct run run_of(const struct stage *stage)
{
	return (struct run){
		.conf = { .db = db_test_conf("patchwork_worker"),
			.threads = 4,
			.connections = 2,
			.batch = 10,
			.poll = 200 * USEC_MS,
			.drain = 10 * USEC_S },
		.stages = { stage },
	};
}

static inline void run_start(struct run *run)
{
	run->stop = 0;
	assert_int_equal(pthread_create(&run->thread, NULL, run_main, run), 0);
}

static inline void run_stop(struct run *run)
{
	run->stop = 1;
	pthread_join(run->thread, NULL);
	assert_true(run->ok);
}

static struct run *forked;

static inline void forked_stop(int signal_number)
{
	(void)signal_number;
	forked->stop = 1;
}

/* In a process of its own, with PATCHWORK_FAULT as given (NULL = none). */
static inline pid_t run_fork(struct run *run, const char *fault)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fault != NULL)
		setenv("PATCHWORK_FAULT", fault, 1);
	forked = run;
	signal(SIGTERM, forked_stop);
	run_main(run);
	_exit(run->ok ? 0 : 1);
}

static inline int run_wait(pid_t pid) /* its wait status */
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Asks until the value is as expected; the time it took, or a failed test. */
static inline usec eventually(const char *sql, const char *expected)
{
	usec began = clock_monotonic();

	while (strcmp(db_test_value(sql), expected) != 0) {
		if (clock_monotonic() - began > PATIENCE)
			fail_msg("%s is %s, not %s, after %lld s", sql, db_test_value(sql), expected,
				(long long)(PATIENCE / USEC_S));
		clock_sleep(5 * USEC_MS);
	}
	return clock_monotonic() - began;
}

/* What a series stands at: "name{label=\"value\"}"; 0 as long as nobody has counted it. */
static inline long long tallied(const char *series)
{
	struct arena *arena = arena_new();
	struct buf b = buf_new(arena, 1 << 20);
	size_t n = strlen(series);
	long long value = 0;

	metric_print(&b);
	buf_byte(&b, '\0');
	assert_false(buf_full(&b));
	for (const char *line = b.p; line != NULL; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, series, n) == 0 && line[n] == ' ')
			value = atoll(line + n);
	}
	arena_free(&arena);
	return value;
}

/* What a stage did, in a table: also from a process that is killed right after. */
static inline bool note(struct work *w, PGconn *pg, const char *what)
{
	str sql = arena_printf(w->arena, "insert into seen (job, attempt, what) values (%lld, %d, '%s')%c",
		(long long)w->job, w->attempt, what, '\0');
	PGresult *res = PQexec(pg, sql.p);
	bool ok = PQresultStatus(res) == PGRES_COMMAND_OK;

	PQclear(res);
	return ok ? true : err_set(w, ERR_RETRY, "test.note", "%s", PQerrorMessage(pg));
}

static inline bool note_settle(struct work *w, struct tx *tx, void *task)
{
	(void)task;
	return note(w, conn_pg(tx->conn), "settle");
}

/* On a connection of its own: what an effect does is not undone with a transaction. */
static inline bool note_apart(struct work *w, const char *what)
{
	struct conn *conn;
	bool ok;

	w->deadline = 0; /* some stages outlive theirs on purpose */
	conn = db_test_conn(w, "patchwork_worker");
	ok = note(w, conn_pg(conn), what);
	conn_close(&conn);
	return ok;
}

static inline bool note_effect(struct work *w, const struct outside *outside, void *task)
{
	(void)outside, (void)task;
	return note_apart(w, "effect");
}

static inline int open_queue(void **state)
{
	(void)state;
	log_level(getenv("TEST_LOG") == NULL ? LOG_ERROR + 1 : LOG_DEBUG);
	db_test_open();
	db_test_sql(
		"create table seen (id serial, job bigint, attempt int, what text, at timestamptz default clock_timestamp())");
	db_test_sql("grant all on seen, seen_id_seq to patchwork_worker");
	return 0;
}

static inline int empty_queue(void **state)
{
	(void)state;
	db_test_sql(
		"truncate seen, q.job, q.run, q.progress, q.step, q.job_key, q.ready, q.scheduled, q.claim, q.mark, q.parked, q.worker");
	return 0;
}

static inline int close_queue(void **state)
{
	(void)state;
	db_test_close();
	return 0;
}
