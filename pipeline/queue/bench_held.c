/* Keeping up while an old snapshot is held, with transactions that commit late among the others: what waits, and how long. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "sql.h"

#define RATE 1000   /* per second, by all producers together */
#define PRODUCERS 4 /* a connection each: each job is a commit of its own */
#define HINT (10 * USEC_MS)
#define LATE_EACH USEC_S /* so often a transaction commits late */
#define LATE_SPAN (2 * USEC_S)
#define MINUTE 60

bool bench_hold(struct work *w, struct bench *b, struct conn **out)
{
	return conn_open(w, b->db, out) && bench_say(w, *out, "set idle_in_transaction_session_timeout = 0", NULL) &&
		bench_say(w, *out, "begin isolation level repeatable read read only", NULL) &&
		bench_say(w, *out, "select count(*) from q.ready", NULL);
}

struct sample {
	usec due; /* when it was to be enqueued, or when its transaction had committed */
	usec began;
};

static struct {
	const struct conn_conf *db;
	struct sample *at, *late;
	int n, lates;
	usec from;
	volatile bool over;
	volatile bool failed;
} load;

struct sent {
	int64_t i;
	bool late;
};
static const struct field sent_fields[] = { FIELD(FIELD_I64, struct sent, i), FIELD(FIELD_BOOL, struct sent, late) };

static bool began(struct work *w, struct tx *tx, void *task)
{
	const struct sent *sent = task;
	struct sample *s = &(sent->late ? load.late : load.at)[sent->i];

	(void)w, (void)tx;
	if (s->began == 0)
		s->began = clock_monotonic();
	return true;
}

static bool send_one(struct work *w, struct tx *tx, int i, bool late)
{
	struct arena_mark mark = arena_mark(w->arena);
	struct sql_queue_enqueue_out out;
	bool ok = sql_queue_enqueue(w, tx,
		&(struct sql_queue_enqueue_in){ .queue = STR("bench_keepup"),
			.kind = STR("bench.keepup"),
			.args = arena_printf(w->arena, "{\"i\":%d,\"late\":%s}", i, late ? "true" : "false") },
		&out);

	arena_rewind(w->arena, mark);
	return ok;
}

static void sleep_until(usec then)
{
	usec now = clock_monotonic();

	if (then > now)
		clock_sleep(then - now);
}

static void *produce(void *arg)
{
	int first = *(int *)arg;
	struct conn *conn = NULL;
	struct work w;
	bool ok;

	work_init(&w);
	ok = conn_open(&w, load.db, &conn);
	for (int i = first; ok && i < load.n; i += PRODUCERS) {
		struct tx tx = tx_auto(conn);

		load.at[i].due = load.from + (usec)i * USEC_S / RATE;
		sleep_until(load.at[i].due);
		ok = send_one(&w, &tx, i, false);
	}
	load.failed |= !ok;
	conn_close(&conn);
	work_end(&w);
	return NULL;
}

/* As the API tells workers: after the commits, for many of them at once. */
static void *hint(void *arg)
{
	static const str queue = STR("bench_keepup");
	struct conn *conn = NULL;
	struct work w;
	bool ok;

	(void)arg;
	work_init(&w);
	ok = conn_open(&w, load.db, &conn);
	while (ok && !load.over) {
		struct tx tx = tx_auto(conn);

		ok = sql_queue_hint(&w, &tx, &(struct sql_queue_hint_in){ { &queue, 1 } });
		clock_sleep(HINT);
	}
	load.failed |= !ok;
	conn_close(&conn);
	work_end(&w);
	return NULL;
}

/* Its seqs are passed by many others before it commits. */
static void *dawdle(void *arg)
{
	struct conn *conn = NULL;
	struct work w;
	bool ok;

	(void)arg;
	work_init(&w);
	ok = conn_open(&w, load.db, &conn);
	for (int i = 0; ok && i < load.lates; i++) {
		struct tx tx = { 0 };

		sleep_until(load.from + i * LATE_EACH);
		ok = tx_begin(&w, conn, TX_DURABLE, &tx) && send_one(&w, &tx, i, true);
		clock_sleep(random() % LATE_SPAN);
		ok = ok && tx_commit(&w, &tx);
		load.late[i].due = clock_monotonic();
		tx_rollback(&tx);
	}
	load.failed |= !ok;
	conn_close(&conn);
	work_end(&w);
	return NULL;
}

static int by_wait(const void *a, const void *b)
{
	const struct sample *x = a, *y = b;
	const usec wait_x = x->began - x->due, wait_y = y->began - y->due;

	return (wait_x > wait_y) - (wait_x < wait_y);
}

static double wait_ms(struct sample *at, int n, int percent)
{
	const struct sample *s = at + (n - 1) * percent / 100;

	qsort(at, (size_t)n, sizeof(*at), by_wait);
	return (double)(s->began - s->due) / USEC_MS;
}

static int waiting(void)
{
	int n = 0;

	for (int i = 0; i < load.n; i++)
		n += load.at[i].began == 0;
	for (int i = 0; i < load.lates; i++)
		n += load.late[i].began == 0;
	return n;
}

static void produce_all(void)
{
	pthread_t producers[PRODUCERS], hints, late;
	int first[PRODUCERS];

	load.over = load.failed = false;
	load.from = clock_monotonic() + USEC_S;
	bench_thread(&hints, hint, NULL);
	bench_thread(&late, dawdle, NULL);
	for (int i = 0; i < PRODUCERS; i++) {
		first[i] = i;
		bench_thread(&producers[i], produce, &first[i]);
	}
	for (int i = 0; i < PRODUCERS; i++)
		pthread_join(producers[i], NULL);
	pthread_join(late, NULL);
	for (int i = 0; i < 6000 && waiting() > 0; i++)
		clock_sleep(10 * USEC_MS);
	load.over = true;
	pthread_join(hints, NULL);
}

/* Sorts the waits within each minute. */
static void report_minutes(void)
{
	const int part = MINUTE * RATE;

	for (int i = 0; i + part <= load.n; i += part)
		bench_line("queue.keepup_minute", "\"minute\":%d,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f",
			i / part + 1, wait_ms(load.at + i, part, 50), wait_ms(load.at + i, part, 99),
			wait_ms(load.at + i, part, 100));
}

static void report(void)
{
	int part = load.n < 2 * MINUTE * RATE ? load.n / 2 : MINUTE * RATE;
	double last, first;

	report_minutes();
	last = wait_ms(load.at + load.n - part, part, 99);
	first = wait_ms(load.at, part, 99);
	bench_line("queue.keepup",
		"\"per_s\":%d,\"seconds\":%d,\"held\":true,\"first_p50_ms\":%.2f,\"first_p99_ms\":%.2f,\"last_p50_ms\":%.2f,"
		"\"last_p99_ms\":%.2f,\"late\":%d,\"late_max_ms\":%.2f",
		RATE, load.n / RATE, wait_ms(load.at, part, 50), first, wait_ms(load.at + load.n - part, part, 50),
		last, load.lates, wait_ms(load.late, load.lates, 100));
}

bool bench_keepup(struct work *w, struct bench *b)
{
	static const struct stage stage = { .name = "bench_keepup",
		.kind = "bench.keepup",
		.task = FIELDS(struct sent, sent_fields),
		.lease_s = 30,
		.attempts = 3,
		.settle = began };
	struct bench_runner runner;
	struct conn *past;
	bool ok;

	load.db = b->db;
	load.n = b->seconds * RATE;
	load.lates = b->seconds;
	load.at = calloc((size_t)load.n, sizeof(*load.at));
	load.late = calloc((size_t)load.lates, sizeof(*load.late));
	if (load.at == NULL || load.late == NULL)
		abort();
	if (!bench_calm(w, b) || !bench_hold(w, b, &past))
		return false;
	bench_runner_start(&runner, b->db, &stage, (struct bench_crew){ 2, 2, 100 });
	produce_all();
	ok = bench_runner_stop(w, &runner);
	conn_close(&past);
	if (ok && (load.failed || waiting() > 0))
		ok = err_set(w, ERR_BUG, "queue.bench", "%d jobs were not started", waiting());
	if (ok)
		report();
	free(load.at);
	free(load.late);
	return ok;
}
