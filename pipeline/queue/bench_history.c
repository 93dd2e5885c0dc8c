/* Claims of ten on a short queue, with an empty history and with a long one; and pages of that history. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "runner.h"
#include "sql.h"

#define CLAIMS 2000
#define BATCH 10
#define ROUNDS 7
#define FILL 1000000
#define PAGES 40
#define PAGE 50
#define PROJECT "0190163d-8694-739b-aaaa-000000000001" /* of every thousandth job */

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

/* Jobs that have ended, as drains leave them, but written by one statement per million; a few are of a project, fewer have failed. */
static bool fill(struct work *w, struct bench *b)
{
	for (int64_t left = b->history; left > 0; left -= FILL) {
		str sql = arena_printf(w->arena,
			"with made as (insert into q.job (id, queue, kind, args, root_id, created_by, project_id)"
			" select id, 'bench_history', 'bench.noop', '{\"n\": 1}', id, 'bench',"
			" case when id %% 1000 = 0 then uuid '" PROJECT "' end"
			" from (select nextval('q.job_id') as id from generate_series(1, %lld)) n returning id)"
			" insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code)"
			" select id, 1, case when rare then 'failed' else 'done' end, 1, 1, now(), now(), case when rare then 'retry' end,"
			" case when rare then 'bench.rare' end from made, lateral (select id %% 10007 = 0 as rare) r%c",
			(long long)(left < FILL ? left : FILL), '\0');

		if (!bench_say(w, b->conn, "select q.partitions_ahead(2)", NULL) || !bench_say(w, b->conn, sql.p, NULL))
			return false;
		fprintf(stderr, "history: %lld of %lld jobs to go\n", (long long)(left < FILL ? 0 : left - FILL),
			(long long)b->history);
	}
	return true;
}

/* The newest PAGES pages of one filter, each from where the last one ended. */
static bool pages(struct work *w, struct conn *conn, const char *filter, struct sql_history_list_in in)
{
	static usec spans[PAGES];
	struct sql_history_list_out *rows;
	size_t n = 1;
	int got = 0, middle;

	in.page = PAGE;
	for (; got < PAGES && n > 0; got++) {
		struct tx tx = tx_auto(conn);
		usec began = clock_monotonic();

		if (!sql_history_list(w, &tx, &in, &rows, &n))
			return false;
		spans[got] = clock_monotonic() - began;
		if (n > 0)
			in.after = rows[n - 1].cursor;
	}
	qsort(spans, (size_t)got, sizeof(spans[0]), by_span);
	middle = got / 2;
	bench_line("queue.history_page", "\"filter\":\"%s\",\"pages\":%d,\"p50_ms\":%.2f,\"max_ms\":%.2f", filter, got,
		(double)spans[middle] / USEC_MS, (double)spans[got - 1] / USEC_MS);
	return true;
}

static bool all_pages(struct work *w, struct conn *conn)
{
	struct sql_history_list_in one = { .has_job = true, .job = 1000 }, project = { .has_project_id = true },
				   day = { .has_since = true, .since = clock_now() - 86400 * USEC_S };

	if (!uuid_parse(STR(PROJECT), &project.project_id))
		return false;
	return pages(w, conn, "none", (struct sql_history_list_in){ 0 }) && pages(w, conn, "job", one) &&
		pages(w, conn, "project", project) &&
		pages(w, conn, "kind", (struct sql_history_list_in){ .kind = STR("bench.noop") }) &&
		pages(w, conn, "code", (struct sql_history_list_in){ .code = STR("bench.rare") }) &&
		pages(w, conn, "state", (struct sql_history_list_in){ .state = STR("failed") }) &&
		pages(w, conn, "time", day) &&
		pages(w, conn, "actor", (struct sql_history_list_in){ .actor = STR("bench") });
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
	ok = ok && all_pages(w, conn);
	conn_close(&conn);
	return ok;
}
