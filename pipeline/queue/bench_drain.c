/* Bulk enqueue and drain with the history kept, the WAL of both, and the same while an old snapshot is held. */
#include <stdio.h>

#include "bench.h"
#include "sql.h"

#define BULK 1000
#define ROUNDS 3
#define BACKLOG 100000

bool bench_bulk(struct work *w, struct bench *b, str queue, int64_t n, struct bench_range *out)
{
	struct tx tx = tx_auto(b->conn);
	struct sql_queue_enqueue_many_out ids;
	str args[BULK];

	for (int i = 0; i < BULK; i++)
		args[i] = STR("{\"n\": 1}");
	out->first = 0;
	for (int64_t left = n; left > 0; left -= BULK) {
		size_t now = left < BULK ? (size_t)left : BULK;
		struct arena_mark mark = arena_mark(w->arena);

		if (!sql_queue_enqueue_many(w, &tx,
			    &(struct sql_queue_enqueue_many_in){
				    .queue = queue, .kind = STR("bench.noop"), .args = { args, now } },
			    &ids))
			return false;
		if (out->first == 0)
			out->first = ids.ids.at[0];
		out->last = ids.ids.at[now - 1];
		arena_rewind(w->arena, mark);
	}
	return true;
}

struct drain {
	const char *bench; /* the line's name */
	int batch, round;
	int64_t jobs;
	bool held; /* an old snapshot was there before the first job */
};

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

static bool wal(struct work *w, struct bench *b, int64_t *at)
{
	struct tx tx = tx_auto(b->conn);
	struct sql_bench_wal_out out;
	bool ok = sql_bench_wal(w, &tx, &out);

	*at = out.at;
	return ok;
}

/* From the start of a worker to the end of the last run, by the database's clock. */
static bool work_off(
	struct work *w, struct bench *b, const struct drain *d, str queue, struct bench_range range, double *per_s)
{
	const struct stage noop = { .name = queue.p, .kind = "bench.noop", .lease_s = 30, .attempts = 3 };
	struct tx tx = tx_auto(b->conn);
	struct sql_bench_waiting_out waiting;
	struct sql_bench_ended_out ended;
	struct bench_runner runner;
	bool ok;

	if (!sql_bench_waiting(w, &tx, &(struct sql_bench_waiting_in){ queue }, &waiting))
		return false;
	bench_runner_start(&runner, b->db, &noop, (struct bench_crew){ 2, 2, d->batch });
	ok = drained(w, b, queue, waiting.last);
	ok = bench_runner_stop(w, &runner) && ok;
	if (!ok || !sql_bench_ended(w, &tx, &(struct sql_bench_ended_in){ range.first, range.last }, &ended))
		return false;
	if (ended.done != d->jobs)
		return err_set(w, ERR_BUG, "queue.bench", "%lld of %lld jobs have a run", (long long)ended.done,
			(long long)d->jobs);
	*per_s = bench_per_s(d->jobs, ended.at - waiting.now);
	return true;
}

static bool drain(struct work *w, struct bench *b, const struct drain *d)
{
	static int queues; /* names as short as those of stages */
	str queue = arena_printf(w->arena, "b%d%c", ++queues, '\0');
	struct bench_range range;
	int64_t before, after;
	double in_s, out_s;
	usec began;

	queue.n--;
	if (!wal(w, b, &before))
		return false;
	began = clock_monotonic();
	if (!bench_bulk(w, b, queue, d->jobs, &range))
		return false;
	in_s = bench_per_s(d->jobs, clock_monotonic() - began);
	if (!work_off(w, b, d, queue, range, &out_s) || !wal(w, b, &after))
		return false;
	bench_line("queue.enqueue_bulk", "\"statement\":%d,\"jobs\":%lld,\"held\":%s,\"per_s\":%.0f", BULK,
		(long long)d->jobs, d->held ? "true" : "false", in_s);
	bench_line(d->bench,
		"\"batch\":%d,\"threads\":2,\"round\":%d,\"jobs\":%lld,\"history\":true,\"held\":%s,\"per_s\":%.0f,"
		"\"wal_per_job\":%.0f",
		d->batch, d->round, (long long)d->jobs, d->held ? "true" : "false", out_s,
		(double)(after - before) / (double)d->jobs);
	return true;
}

/* One by one a fiftieth of them does: it takes as long. */
bool bench_drain(struct work *w, struct bench *b)
{
	static const int batches[] = { 1, 100, 500, 1000 };

	for (int round = 1; round <= ROUNDS; round++) {
		if (!bench_floor(w, b))
			return false;
		for (size_t i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
			const int64_t jobs = batches[i] == 1 ? b->jobs / 50 : b->jobs;

			if (!bench_calm(w, b) ||
				!drain(w, b, &(struct drain){ "queue.drain", batches[i], round, jobs, false }))
				return false;
		}
	}
	return true;
}

static bool backlog(struct work *w, struct bench *b, int batch, int round, bool held)
{
	struct drain d = { "queue.backlog", batch, round, BACKLOG, held };
	struct conn *past = NULL;
	bool ok;

	if (held && !bench_hold(w, b, &past))
		return false;
	ok = drain(w, b, &d);
	if (past != NULL)
		conn_close(&past);
	return ok;
}

bool bench_backlog(struct work *w, struct bench *b)
{
	for (int round = 1; round <= ROUNDS; round++)
		for (int i = 0; i < 4; i++)
			if (!backlog(w, b, i & 2 ? 10 : 100, round, (i + round) & 1))
				return false;
	return true;
}
