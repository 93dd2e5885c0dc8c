/* Claims of ten on a short queue, with an empty history and with a long one. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "runner.h"

#define CLAIMS 2000
#define BATCH 10
#define ROUNDS 7
#define FILL 1000000

static int by_span(const void *a, const void *b)
{
	const usec x = *(const usec *)a, y = *(const usec *)b;

	return (x > y) - (x < y);
}

static const struct stage stage = { .name = "bench_history", .kind = "bench.noop", .lease_s = 30, .attempts = 3 };

static bool claims(struct work *w, struct conn *conn, struct runner *r, usec spans[CLAIMS])
{
	struct batch *batch = NULL, *next;
	bool owned, ok = true;

	for (int i = 0; ok && i < CLAIMS; i++) {
		struct tx tx = tx_auto(conn);
		usec began = clock_monotonic();

		ok = claim_take(w, &tx, r, &r->lane[0],
			&(struct claim_ask){ .want = BATCH, .known = claim_known(&r->lane[0]), .settle = batch },
			&owned, &next);
		spans[i] = clock_monotonic() - began;
		if (batch != NULL)
			batch_free(batch);
		batch = next;
		if (ok && batch == NULL)
			ok = err_set(w, ERR_BUG, "queue.bench", "claim %d found nothing", i);
	}
	if (batch != NULL)
		batch_free(batch);
	return ok;
}

static bool measure(struct work *w, struct bench *b, struct conn *conn, int64_t history, int round)
{
	static usec spans[CLAIMS], *const middle = spans + CLAIMS / 2, *const slow = spans + CLAIMS * 99 / 100;
	struct runner_conf conf = { .db = *b->db };
	struct runner r = { .conf = &conf, .lanes = 1 };
	struct tx tx = tx_auto(conn);
	struct bench_range range;

	r.lane[0] = (struct lane){
		.queue = stage.name, .kind = { &stage }, .kinds = 1, .pure = true, .lease = 30 * USEC_S
	};
	pthread_mutex_init(&r.lane[0].lock, NULL);
	if (!bench_bulk(w, b, str_c(stage.name), (int64_t)(CLAIMS + 1) * BATCH, &range) || !lease_join(w, &tx, &r) ||
		!claim_rules(w, &tx, &r.lane[0]) || !claims(w, conn, &r, spans))
		return false;
	qsort(spans, CLAIMS, sizeof(spans[0]), by_span);
	bench_line("queue.history",
		"\"ended\":%lld,\"round\":%d,\"claims\":%d,\"batch\":%d,\"p50_ms\":%.3f,\"p99_ms\":%.3f",
		(long long)history, round, CLAIMS, BATCH, (double)*middle / USEC_MS, (double)*slow / USEC_MS);
	return true;
}

/* Jobs that have ended, as drains leave them, but written by one statement per million. */
static bool fill(struct work *w, struct bench *b)
{
	for (int64_t left = b->history; left > 0; left -= FILL) {
		str sql = arena_printf(w->arena,
			"with made as (insert into q.job (id, queue, kind, args, root_id, created_by)"
			" select id, 'bench_history', 'bench.noop', '{\"n\": 1}', id, 'bench'"
			" from (select nextval('q.job_id') as id from generate_series(1, %lld)) n returning id)"
			" insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at)"
			" select id, 1, 'done', 1, 1, now(), now() from made%c",
			(long long)(left < FILL ? left : FILL), '\0');

		if (!bench_say(w, b->conn, "select q.partitions_ahead(2)", NULL) || !bench_say(w, b->conn, sql.p, NULL))
			return false;
		fprintf(stderr, "history: %lld of %lld jobs to go\n", (long long)(left < FILL ? 0 : left - FILL),
			(long long)b->history);
	}
	return true;
}

bool bench_history(struct work *w, struct bench *b)
{
	struct conn_conf db = *b->db;
	struct conn *conn;
	bool ok;

	db.queue_plans = true;
	if (!conn_open(w, &db, &conn))
		return false;
	ok = bench_calm(w, b);
	for (int round = 1; ok && round <= ROUNDS; round++)
		ok = measure(w, b, conn, 0, round);
	ok = ok && fill(w, b) && bench_say(w, b->conn, "vacuum analyze q.job, q.run", NULL) && bench_calm(w, b);
	for (int round = 1; ok && round <= ROUNDS; round++)
		ok = measure(w, b, conn, b->history, round);
	conn_close(&conn);
	return ok;
}
