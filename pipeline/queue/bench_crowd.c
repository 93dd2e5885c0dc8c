/* Many at once: what waking workers costs the commits of 16 producers, and what 256 threads cost that wait for the network. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "sql.h"

#define PRODUCERS 16
#define SLICE (2 * USEC_S)
#define ROUNDS 5
#define HINT (10 * USEC_MS)

enum wake { WAKE_NEVER, WAKE_AFTER, WAKE_WITHIN };
static const char *const wakes[] = { "never", "after the commit", "in the transaction" };
static const str queue = STR("bench_wakeup");

static struct {
	const struct conn_conf *db;
	enum wake wake;
	pthread_barrier_t ready;
	volatile bool over, hinted, failed;
	volatile bool dirty; /* something was enqueued since the last hint */
	_Atomic int64_t commits;
} crowd;

static bool commit_one(struct work *w, struct conn *conn)
{
	struct tx tx = tx_auto(conn);
	struct sql_queue_enqueue_out out;

	if (crowd.wake == WAKE_WITHIN && !tx_begin(w, conn, TX_DURABLE, &tx))
		return false;
	if (!sql_queue_enqueue(w, &tx,
		    &(struct sql_queue_enqueue_in){
			    .queue = queue, .kind = STR("bench.noop"), .args = STR("{\"n\": 1}") },
		    &out))
		return false;
	if (crowd.wake == WAKE_WITHIN)
		return sql_queue_hint(w, &tx, &(struct sql_queue_hint_in){ { &queue, 1 } }) && tx_commit(w, &tx);
	crowd.dirty = true;
	return true;
}

static void *produce(void *arg)
{
	struct conn *conn = NULL;
	struct work w;
	bool ok;

	(void)arg;
	work_init(&w);
	ok = conn_open(&w, crowd.db, &conn);
	pthread_barrier_wait(&crowd.ready);
	while (ok && !crowd.over) {
		struct arena_mark mark = arena_mark(w.arena);

		ok = commit_one(&w, conn);
		crowd.commits++;
		arena_rewind(w.arena, mark);
	}
	crowd.failed |= !ok;
	conn_close(&conn);
	work_end(&w);
	return NULL;
}

static void *hint(void *arg)
{
	struct conn *conn = NULL;
	struct work w;
	bool ok;

	(void)arg;
	work_init(&w);
	ok = conn_open(&w, crowd.db, &conn);
	while (ok && !crowd.hinted) {
		struct tx tx = tx_auto(conn);
		bool dirty = crowd.dirty;

		crowd.dirty = false;
		if (dirty && crowd.wake == WAKE_AFTER)
			ok = sql_queue_hint(&w, &tx, &(struct sql_queue_hint_in){ { &queue, 1 } });
		clock_sleep(HINT);
	}
	crowd.failed |= !ok;
	conn_close(&conn);
	work_end(&w);
	return NULL;
}

/* Commits per second of one slice. */
static bool slice(struct work *w, enum wake wake, int round)
{
	pthread_t producers[PRODUCERS];
	usec from;

	crowd.wake = wake;
	crowd.over = crowd.failed = false;
	pthread_barrier_init(&crowd.ready, NULL, PRODUCERS + 1);
	for (int i = 0; i < PRODUCERS; i++)
		bench_thread(&producers[i], produce, NULL);
	pthread_barrier_wait(&crowd.ready);
	crowd.commits = 0;
	from = clock_monotonic();
	clock_sleep(SLICE);
	bench_line("queue.wakeup", "\"wake\":\"%s\",\"connections\":%d,\"round\":%d,\"per_s\":%.0f", wakes[wake],
		PRODUCERS, round, bench_per_s(crowd.commits, clock_monotonic() - from));
	crowd.over = true;
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i], NULL);
	pthread_barrier_destroy(&crowd.ready);
	return !crowd.failed || err_set(w, ERR_RETRY, "queue.bench", "a producer failed");
}

/* One listens, as an idle worker does; it claims nothing, so that only the wake-up differs. */
bool bench_wakeup(struct work *w, struct bench *b)
{
	struct conn *listener;
	pthread_t hints;
	bool ok;

	crowd.db = b->db;
	crowd.hinted = false;
	if (!conn_open(w, b->db, &listener))
		return false;
	ok = bench_say(w, listener, "listen patchwork_ready", NULL);
	bench_thread(&hints, hint, NULL);
	for (int round = 1; ok && round <= ROUNDS; round++)
		for (int i = 0; ok && i < 3; i++)
			ok = slice(w, (enum wake)((i + round) % 3), round) && bench_say(w, listener, "select 1", NULL);
	crowd.hinted = true;
	pthread_join(hints, NULL);
	conn_close(&listener);
	return ok;
}

/* --- threads that wait -------------------------------------------------------------------------------------------- */
#define THREADS 256
#define CONNECTIONS 5 /* with those of the dispatcher and of LISTEN: below 8 */
#define SPAN (100 * USEC_MS)

static bool waited(struct work *w, const struct outside *outside, void *task)
{
	(void)w, (void)outside, (void)task;
	clock_sleep(SPAN);
	return true;
}

static int64_t resident_kb(void)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];
	int64_t kb = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kb = strtoll(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return kb;
}

bool bench_threads(struct work *w, struct bench *b)
{
	static const struct stage stage = {
		.name = "bench_threads", .kind = "bench.noop", .lease_s = 30, .attempts = 3, .effect = waited
	};
	struct tx tx = tx_auto(b->conn);
	struct sql_bench_busy_runs_out from, to;
	struct bench_range range;
	struct bench_runner runner;
	int64_t kb = 0;
	usec began;
	bool ok;

	if (!bench_bulk(w, b, STR("bench_threads"), (int64_t)(b->seconds + 5) * THREADS * 10, &range))
		return false;
	bench_runner_start(&runner, b->db, &stage, (struct bench_crew){ THREADS, CONNECTIONS, 100 });
	clock_sleep(2 * USEC_S);
	ok = sql_bench_busy_runs(w, &tx, &(struct sql_bench_busy_runs_in){ range.first, range.last }, &from);
	began = clock_monotonic();
	while (ok && clock_monotonic() - began < b->seconds * USEC_S) {
		clock_sleep(100 * USEC_MS);
		kb = resident_kb() > kb ? resident_kb() : kb;
	}
	ok = ok && sql_bench_busy_runs(w, &tx, &(struct sql_bench_busy_runs_in){ range.first, range.last }, &to);
	ok = bench_runner_stop(w, &runner) && ok;
	if (ok)
		bench_line("queue.threads",
			"\"threads\":%d,\"wait_ms\":%d,\"seconds\":%d,\"per_s\":%.0f,\"resident_kb\":%lld,\"connections\":%lld",
			THREADS, (int)(SPAN / USEC_MS), b->seconds, bench_per_s(to.done - from.done, to.at - from.at),
			(long long)kb, (long long)to.connections - 1);
	return ok;
}
