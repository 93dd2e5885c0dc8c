/* Enqueue one by one, and the order of all measurements. */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "sql.h"

#define SINGLES 2000

void bench_line(const char *what, const char *format, ...)
{
	va_list args;

	printf("{\"bench\":\"%s\",", what);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("}\n");
	fflush(stdout);
}

double bench_per_s(int64_t n, usec span)
{
	return (double)n * USEC_S / (double)(span > 0 ? span : 1);
}

bool bench_say(struct work *w, struct conn *conn, const char *sql, int *rows)
{
	PGresult *res = PQexec(conn_pg(conn), sql);
	bool ok = PQresultStatus(res) == PGRES_COMMAND_OK || PQresultStatus(res) == PGRES_TUPLES_OK;

	if (ok && rows != NULL)
		*rows = (int)strtol(PQcmdTuples(res), NULL, 10);
	if (!ok)
		err_set(w, ERR_BUG, "queue.bench", "%s", PQerrorMessage(conn_pg(conn)));
	PQclear(res);
	return ok;
}

bool bench_calm(struct work *w, struct bench *b)
{
	int may;

	if (!bench_say(w, b->conn, "vacuum q.job, q.run, q.ready, q.claim", NULL) ||
		!bench_say(w, b->conn, "select where pg_has_role(current_user, 'pg_checkpoint', 'usage')", &may))
		return false;
	if (may == 0)
		fputs("bench: no checkpoint before this is measured: the role is not in pg_checkpoint\n", stderr);
	return may == 0 || bench_say(w, b->conn, "checkpoint", NULL);
}

void bench_thread(pthread_t *thread, void *(*run)(void *), void *arg)
{
	if (pthread_create(thread, NULL, run, arg) != 0)
		abort();
}

static bool singles(struct work *w, struct bench *b)
{
	struct tx tx = tx_auto(b->conn);
	struct sql_queue_enqueue_out out;
	usec began = clock_monotonic();

	for (int i = 0; i < SINGLES; i++)
		if (!sql_queue_enqueue(w, &tx,
			    &(struct sql_queue_enqueue_in){ .queue = STR("bench_single"),
				    .kind = STR("bench.noop"),
				    .args = STR("{\"n\": 1}") },
			    &out))
			return false;
	bench_line("queue.enqueue", "\"connections\":1,\"jobs\":%d,\"per_s\":%.0f", SINGLES,
		bench_per_s(SINGLES, clock_monotonic() - began));
	return true;
}

/* Jobs are never deleted, so it is refused before the first one. */
static bool fit(struct work *w, struct bench *b)
{
	struct tx tx = tx_auto(b->conn);
	struct sql_bench_fit_out out;

	if (!sql_bench_fit(w, &tx, &out))
		return false;
	if (!out.may)
		return err_set(w, ERR_INVALID, "queue.bench_role",
			"run it as patchwork_owner, in a database of its own: it works the queue and makes a table in public");
	if (out.others)
		return err_set(w, ERR_INVALID, "queue.bench_database",
			"this database holds jobs of others: migrate an empty one and measure there");
	return true;
}

static const struct {
	const char *name;
	bool (*measure)(struct work *w, struct bench *b);
	bool asked; /* only when it is asked for: it takes long, or leaves much behind */
} measurements[] = {
	{ "enqueue", singles, false },
	{ "start", bench_start, false },
	{ "drain", bench_drain, false },
	{ "backlog", bench_backlog, true },
	{ "keepup", bench_keepup, true },
	{ "wakeup", bench_wakeup, true },
	{ "threads", bench_threads, true },
	{ "noisy", bench_noisy, true },
	{ "history", bench_history, true },
};
#define MEASUREMENTS (sizeof(measurements) / sizeof(measurements[0]))

bool bench_knows(const char *name)
{
	for (size_t i = 0; i < MEASUREMENTS; i++)
		if (strcmp(name, measurements[i].name) == 0)
			return true;
	return false;
}

str bench_names(struct work *w)
{
	struct buf b = buf_new(w->arena, 1024);

	for (size_t i = 0; i < MEASUREMENTS; i++)
		buf_printf(&b, "%s%s", i == 0 ? "" : ", ", measurements[i].name);
	return buf_str(&b);
}

static bool measure(struct work *w, struct bench *b, const char *only)
{
	for (size_t i = 0; i < MEASUREMENTS; i++)
		if (only == NULL ? !measurements[i].asked : strcmp(only, measurements[i].name) == 0)
			if (!measurements[i].measure(w, b))
				return false;
	return true;
}

bool bench_queue(struct work *w, const struct conn_conf *db, const struct bench_conf *conf)
{
	struct bench b = {
		.db = db, .jobs = conf->jobs, .seconds = conf->seconds, .history = conf->history, .noise = conf->noise
	};
	bool ok;

	log_level(LOG_WARN);
	if (!conn_open(w, db, &b.conn))
		return false;
	ok = fit(w, &b) && measure(w, &b, conf->only);
	conn_close(&b.conn);
	return ok;
}
