/* Enqueue one by one and in bulk, and the order of all measurements. */
#include "bench.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/log.h"
#include "sql.h"

#define SINGLES 2000
#define BULK 1000
#define ROUNDS 3

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

static double per_s(int64_t n, usec span)
{
	return (double)n * USEC_S / (double)(span > 0 ? span : 1);
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
		per_s(SINGLES, clock_monotonic() - began));
	return true;
}

/* Fills the queue and says how fast. */
static bool bulk(struct work *w, struct bench *b, const char *queue, int64_t *first, int64_t *last)
{
	struct tx tx = tx_auto(b->conn);
	struct sql_queue_enqueue_many_out out;
	str args[BULK];
	usec began = clock_monotonic();
	int64_t left = b->jobs;

	for (int i = 0; i < BULK; i++)
		args[i] = STR("{\"n\": 1}");
	*first = 0;
	while (left > 0) {
		size_t n = left < BULK ? (size_t)left : BULK;
		struct arena_mark mark = arena_mark(w->arena);

		if (!sql_queue_enqueue_many(w, &tx,
			    &(struct sql_queue_enqueue_many_in){
				    .queue = str_c(queue), .kind = STR("bench.noop"), .args = { args, n } },
			    &out))
			return false;
		if (*first == 0)
			*first = out.ids.at[0];
		*last = out.ids.at[n - 1];
		left -= (int64_t)n;
		arena_rewind(w->arena, mark);
	}
	bench_line("queue.enqueue_bulk", "\"statement\":%d,\"jobs\":%lld,\"per_s\":%.0f", BULK, (long long)b->jobs,
		per_s(b->jobs, clock_monotonic() - began));
	return true;
}

static bool drained(struct work *w, struct bench *b, str queue, int64_t seq)
{
	struct tx tx = tx_auto(b->conn);
	struct sql_bench_busy_out out = { .busy = true };

	while (out.busy) {
		clock_sleep(20 * USEC_MS);
		if (!sql_bench_busy(w, &tx, &(struct sql_bench_busy_in){ queue, seq }, &out))
			return false;
	}
	return true;
}

/* From the start of a worker to the end of the last run, with its history, by the database's clock. */
bool bench_drain(struct work *w, struct bench *b, int batch, int round)
{
	str queue = arena_printf(w->arena, "bench_%d_%d%c", batch, round, '\0');
	const struct stage noop = { .name = queue.p, .kind = "bench.noop", .lease_s = 30, .attempts = 3 };
	struct tx tx = tx_auto(b->conn);
	struct sql_bench_waiting_out waiting;
	struct sql_bench_ended_out ended;
	struct bench_runner runner;
	int64_t first, last;
	bool ok;

	queue.n--;
	if (!bulk(w, b, queue.p, &first, &last) ||
		!sql_bench_waiting(w, &tx, &(struct sql_bench_waiting_in){ queue }, &waiting))
		return false;
	bench_runner_start(&runner, b->db, &noop, batch);
	ok = drained(w, b, queue, waiting.last);
	ok = bench_runner_stop(w, &runner) && ok;
	if (!ok || !sql_bench_ended(w, &tx, &(struct sql_bench_ended_in){ first, last }, &ended))
		return false;
	if (ended.done != b->jobs)
		return err_set(w, ERR_BUG, "queue.bench", "%lld of %lld jobs have a run", (long long)ended.done,
			(long long)b->jobs);
	bench_line("queue.drain",
		"\"batch\":%d,\"threads\":2,\"round\":%d,\"jobs\":%lld,\"history\":true,\"per_s\":%.0f", batch, round,
		(long long)b->jobs, per_s(b->jobs, ended.at - waiting.now));
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

static bool measure(struct work *w, struct bench *b)
{
	if (!singles(w, b) || !bench_start(w, b))
		return false;
	for (int round = 1; round <= ROUNDS; round++)
		if (!bench_floor(w, b) || !bench_drain(w, b, 100, round) || !bench_drain(w, b, 500, round))
			return false;
	return true;
}

bool bench_queue(struct work *w, const struct conn_conf *db, int64_t jobs)
{
	struct bench b = { .db = db, .jobs = jobs };
	bool ok;

	log_level(LOG_WARN);
	if (!conn_open(w, db, &b.conn))
		return false;
	ok = fit(w, &b) && measure(w, &b);
	conn_close(&b.conn);
	return ok;
}
