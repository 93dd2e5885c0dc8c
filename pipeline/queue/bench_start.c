/* From enqueue to start, on an idle queue and beside another project that has a million jobs waiting: the clock starts before the enqueueing statement is sent, and stops where the stage
 * is called. The hint is sent after the commit from a second connection, as the API does it. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "sql.h"

#define SAMPLES 400
#define NOISY_THREADS 16
#define NOISY_SPAN (5 * USEC_MS)
#define NOISY_ID "0190163d-8694-739b-aaaa-000000000002"

static usec waits[SAMPLES];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int n_waits;

struct sent {
	int64_t at;
};
static const struct field sent_fields[] = { FIELD(FIELD_I64, struct sent, at) };

static bool started(struct work *w, const struct outside *outside, void *task)
{
	struct sent *sent = task;

	(void)w, (void)outside;
	pthread_mutex_lock(&lock);
	if (n_waits < SAMPLES)
		waits[n_waits++] = clock_monotonic() - sent->at;
	pthread_mutex_unlock(&lock);
	return true;
}

static int arrived(void)
{
	int n;

	pthread_mutex_lock(&lock);
	n = n_waits;
	pthread_mutex_unlock(&lock);
	return n;
}

static void *run(void *arg)
{
	static const struct outside nowhere;
	struct bench_runner *b = arg;
	struct work w;

	work_init(&w);
	b->ok = runner_run(&w, &b->conf, b->stages, &nowhere, &b->stop);
	work_end(&w);
	return NULL;
}

void bench_runner_start(
	struct bench_runner *b, const struct conn_conf *db, const struct stage *stage, struct bench_crew crew)
{
	*b = (struct bench_runner){
		.conf = { .db = *db,
			.threads = crew.threads,
			.connections = crew.connections,
			.batch = crew.batch,
			.poll = USEC_S,
			.drain = 10 * USEC_S },
		.stages = { stage, crew.also },
	};
	bench_thread(&b->thread, run, b);
}

bool bench_runner_stop(struct work *w, struct bench_runner *b)
{
	b->stop = 1;
	pthread_join(b->thread, NULL);
	return b->ok || err_set(w, ERR_RETRY, "queue.bench", "the runner could not start");
}

static bool send_one(struct work *w, struct tx *tx, struct tx *hints)
{
	static const str queue = STR("bench_start");
	struct sql_bench_start_in in = { .args = arena_printf(
						 w->arena, "{\"at\": %lld}", (long long)clock_monotonic()) };
	struct sql_bench_start_out out;

	in.project_id.b[15] = 1;
	return sql_bench_start(w, tx, &in, &out) &&
		sql_queue_hint(w, hints, &(struct sql_queue_hint_in){ { &queue, 1 } });
}

static bool samples(struct work *w, struct bench *b, struct conn *hinting)
{
	struct tx tx = tx_auto(b->conn), hints = tx_auto(hinting);

	pthread_mutex_lock(&lock);
	n_waits = 0;
	pthread_mutex_unlock(&lock);
	for (int i = 0; i < SAMPLES; i++) {
		struct arena_mark mark = arena_mark(w->arena);

		if (!send_one(w, &tx, &hints))
			return false;
		arena_rewind(w->arena, mark);
		clock_sleep(20 * USEC_MS + random() % (20 * USEC_MS));
	}
	for (int i = 0; i < 500 && arrived() < SAMPLES; i++)
		clock_sleep(10 * USEC_MS);
	return arrived() == SAMPLES ||
		err_set(w, ERR_BUG, "queue.bench", "%d of %d jobs were started", arrived(), SAMPLES);
}

static int by_span(const void *a, const void *b)
{
	const usec x = *(const usec *)a, y = *(const usec *)b;

	return (x > y) - (x < y);
}

static double ms(int percent)
{
	const usec wait = waits[(SAMPLES - 1) * percent / 100];

	return (double)wait / 1000;
}

/* SAMPLES of them, sorted, by a crew that is there already. */
static bool sampled(struct work *w, struct bench *b)
{
	struct conn *hinting;
	bool ok;

	if (!conn_open(w, b->db, &hinting))
		return false;
	clock_sleep(500 * USEC_MS);
	ok = samples(w, b, hinting);
	conn_close(&hinting);
	qsort(waits, SAMPLES, sizeof(waits[0]), by_span);
	return ok;
}

static const struct stage start = { .name = "bench_start",
	.kind = "bench.start",
	.task = FIELDS(struct sent, sent_fields),
	.lease_s = 30,
	.attempts = 3,
	.effect = started };

bool bench_start(struct work *w, struct bench *b)
{
	struct bench_runner runner;
	bool ok;

	if (!bench_calm(w, b))
		return false;
	bench_runner_start(&runner, b->db, &start, (struct bench_crew){ 2, 2, 100 });
	ok = sampled(w, b);
	ok = bench_runner_stop(w, &runner) && ok;
	if (ok)
		bench_line("queue.start", "\"samples\":%d,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f", SAMPLES,
			ms(50), ms(99), ms(100));
	return ok;
}

/* --- beside another project ---------------------------------------------------------------------------------------- */

static bool noise(struct work *w, const struct outside *outside, void *task)
{
	(void)w, (void)outside, (void)task;
	clock_sleep(NOISY_SPAN);
	return true;
}

static const struct stage noisy = {
	.name = "bench_start", .kind = "bench.noise", .lease_s = 30, .attempts = 3, .effect = noise
};

static bool fill(struct work *w, struct bench *b)
{
	for (int64_t left = b->noise; left > 0; left -= 1000)
		if (!bench_say(w, b->conn,
			    "select q.enqueue_many('bench_start', 'bench.noise', array_fill('{}'::jsonb, array[1000]),"
			    " project_id => '" NOISY_ID "')",
			    NULL))
			return false;
	return true;
}

static bool beside(struct work *w, struct bench *b, int64_t others)
{
	struct bench_runner runner;
	bool ok;

	if (!bench_calm(w, b))
		return false;
	bench_runner_start(&runner, b->db, &start, (struct bench_crew){ NOISY_THREADS, 6, 100, &noisy });
	ok = sampled(w, b);
	ok = bench_runner_stop(w, &runner) && ok;
	if (ok)
		bench_line("queue.noisy",
			"\"others\":%lld,\"samples\":%d,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f",
			(long long)others, SAMPLES, ms(50), ms(99), ms(100));
	return ok;
}

/* Idle before and after, so that a machine that changes is seen; the pause puts what is left of the million aside. */
bool bench_noisy(struct work *w, struct bench *b)
{
	return beside(w, b, 0) && fill(w, b) && beside(w, b, b->noise) &&
		bench_say(w, b->conn, "select q.pause('project', '" NOISY_ID "', 'cli:bench', 'idle again')", NULL) &&
		beside(w, b, 0);
}
