/* The runner: what happens to a job that succeeds, fails, waits, snoozes, or arrives late. */
#include "pipeline/queue/runner.h"
#include "queue_help.h"

static int failures; /* so many times the effect fails first */
static atomic_int calls;

static bool fail_effect(struct work *w, const struct outside *outside, void *task)
{
	(void)outside, (void)task;
	if (calls++ < failures)
		return err_set(w, ERR_RETRY, "test.again", "number %d", calls);
	return true;
}

static bool refuse_effect(struct work *w, const struct outside *outside, void *task)
{
	(void)outside, (void)task;
	return err_set(w, ERR_INVALID, "test.never", "the same input will fail again");
}

static bool broken_effect(struct work *w, const struct outside *outside, void *task)
{
	(void)outside, (void)task;
	return err_set(w, ERR_BUG, "test.broken", "our own rule");
}

static bool snooze_effect(struct work *w, const struct outside *outside, void *task)
{
	(void)outside, (void)task;
	if (calls++ < 5)
		return err_snooze(w, 20 * USEC_MS, "test.not_yet", "patience");
	return true;
}

static bool wait_effect(struct work *w, const struct outside *outside, void *task)
{
	(void)outside, (void)task;
	if (calls++ == 0)
		return err_retry_after(w, 700 * USEC_MS, "test.limited", "later");
	return true;
}

struct numbered {
	int64_t n;
};
static const struct field numbered[] = { FIELD(FIELD_I64, struct numbered, n) };

static bool odd_settle(struct work *w, struct tx *tx, void *task)
{
	struct numbered *t = task;

	if (t->n == 7)
		return err_set(w, ERR_INVALID, "test.seven", "not this one");
	w->output = arena_printf(w->arena, "{\"n\": %lld}", (long long)t->n);
	return note(w, conn_pg(tx->conn), "settle");
}

#define STAGE(...)                                                                                                     \
	{                                                                                                              \
		.name = "test", .kind = "test.one", .lease_s = 30, .attempts = 3, .retry_base = 40 * USEC_MS,          \
		.retry_cap = 80 * USEC_MS, __VA_ARGS__                                                                 \
	}

static void runs_once_and_keeps_history(void **state)
{
	static const struct stage stage = STAGE(.effect = note_effect, .settle = note_settle);
	struct run run = run_of(&stage);

	(void)state;
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[50]))");
	run_start(&run);
	eventually("select count(*) from q.run where state = 'done'", "50");
	run_stop(&run);
	assert_string_equal(db_test_value("select count(*) from seen where what = 'effect'"), "50");
	assert_string_equal(db_test_value("select count(distinct job) from seen where what = 'settle'"), "50");
	assert_string_equal(
		db_test_value("select count(*) from q.run where finished_at < started_at or worker is null"), "0");
	assert_string_equal(db_test_value("select count(*) from q.ready"), "0");
	assert_string_equal(db_test_value("select count(*) from q.claim"), "0");
	assert_string_equal(db_test_value("select count(*) from q.worker where stopped_at is not null"), "1");
}

enum { CROWD = 8 };

/* Ends when so many wait here at once. */
static bool crowd_effect(struct work *w, const struct outside *outside, void *task)
{
	usec began = clock_monotonic();

	(void)outside, (void)task;
	calls++;
	while (calls < CROWD) {
		if (clock_monotonic() - began > 20 * USEC_S)
			return err_set(w, ERR_INVALID, "test.alone", "%d of %d came", calls, CROWD);
		clock_sleep(5 * USEC_MS);
	}
	return true;
}

static void threads_that_wait_outside_hold_no_connection(void **state)
{
	static const struct stage stage = STAGE(.plan = note_settle, .effect = crowd_effect, .settle = note_settle);
	struct run run = run_of(&stage);

	(void)state;
	calls = 0;
	run.conf.threads = CROWD;
	assert_true(run.conf.connections < CROWD);
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[8]))");
	run_start(&run);
	eventually("select string_agg(state || ' ' || attempt, ',') from q.run",
		"done 1,done 1,done 1,done 1,done 1,done 1,done 1,done 1");
	run_stop(&run);
	assert_int_equal(calls, CROWD);
}

static void o2_retries_within_the_bounds_of_backoff(void **state)
{
	static const struct stage stage = STAGE(.effect = fail_effect);
	struct run run = run_of(&stage);

	(void)state;
	calls = 0;
	failures = 2;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	run_start(&run);
	eventually("select string_agg(state || ' ' || attempt, ',' order by attempt) from q.run",
		"failed 1,failed 2,done 3");
	run_stop(&run);
	assert_string_equal(
		db_test_value("select distinct error_kind || ' ' || error_code from q.run where state = 'failed'"),
		"retry test.again");
	/* 40 and 80 ms of jitter at most; the rest is the time to notice */
	assert_string_equal(
		db_test_value("select max(finished_at) - min(finished_at) < interval '2 s' from q.run"), "t");
}

static void o2_jitter_is_spread_and_capped(void **state)
{
	static const struct stage stage = { .name = "test",
		.kind = "test.one",
		.lease_s = 30,
		.attempts = 9,
		.retry_base = 3600 * USEC_S,
		.retry_cap = 5400 * USEC_S,
		.effect = fail_effect };
	struct run run = run_of(&stage);

	(void)state;
	calls = 0;
	failures = 1000;
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[100]))");
	db_test_sql("update q.ready set burned = 4 where job_id % 2 = 0");
	run_start(&run);
	eventually("select count(*) from q.scheduled", "100");
	run_stop(&run);
	assert_string_equal(
		db_test_value("select max(run_at - now()) < interval '1 h' from q.scheduled where job_id % 2 = 1"),
		"t");
	assert_string_equal(
		db_test_value("select max(run_at - now()) < interval '90 min' and max(run_at - now()) > interval '1 h'"
			      " from q.scheduled where job_id % 2 = 0"),
		"t");
	/* uniform: the mean of 50 is in the middle half but once in many thousand runs */
	assert_string_equal(db_test_value("select avg(run_at - now()) between interval '18 min' and interval '42 min'"
					  " from q.scheduled where job_id % 2 = 1"),
		"t");
	assert_string_equal(
		db_test_value("select string_agg(distinct burned::text, ',' order by burned::text) from q.scheduled"),
		"1,5");
}

static void o2_parks_after_its_attempts_and_at_once_what_no_retry_mends(void **state)
{
	static const struct stage again = STAGE(.effect = fail_effect);
	static const struct stage never = {
		.name = "test", .kind = "test.never", .lease_s = 30, .attempts = 3, .effect = refuse_effect
	};
	static const struct stage broken = {
		.name = "test", .kind = "test.broken", .lease_s = 30, .attempts = 3, .effect = broken_effect
	};
	struct run run = run_of(&again);

	(void)state;
	run.stages[1] = &never;
	run.stages[2] = &broken;
	calls = 0;
	failures = 1000;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}'), q.enqueue('test', 'test.never', null, '{}'),"
		    " q.enqueue('test', 'test.broken', null, '{}')");
	run_start(&run);
	eventually("select string_agg(kind || ' ' || attempt || ' ' || error_code, ',' order by kind) from q.parked",
		"test.broken 1 test.broken,test.never 1 test.never,test.one 3 test.again");
	run_stop(&run);
	assert_string_equal(
		db_test_value(
			"select string_agg(concat_ws(' ', attempt, r.state, error_kind, error_code, error), ', ' order by attempt)"
			" from q.run r join q.job j on j.id = r.job_id where kind = 'test.one'"),
		"1 failed retry test.again number 1, 2 failed retry test.again number 2, 3 parked retry test.again number 3");
	assert_string_equal(
		db_test_value(
			"select string_agg(concat_ws(' ', attempt, r.state, error_kind, error_code, error), ', ' order by kind)"
			" from q.run r join q.job j on j.id = r.job_id where kind <> 'test.one'"),
		"1 parked bug test.broken our own rule, 1 parked invalid test.never the same input will fail again");
	assert_string_equal(db_test_value("select count(*) from q.ready"), "0");
	assert_string_equal(db_test_value("select count(*) from q.scheduled"), "0");
}

static void o2_snooze_burns_no_attempt(void **state)
{
	static const struct stage stage = STAGE(.effect = snooze_effect);
	struct run run = run_of(&stage);

	(void)state;
	calls = 0;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	run_start(&run);
	eventually("select string_agg(state, ',' order by attempt) from q.run",
		"snoozed,snoozed,snoozed,snoozed,snoozed,done");
	run_stop(&run);
}

static void o2_obeys_retry_after(void **state)
{
	static const struct stage stage = STAGE(.effect = wait_effect);
	struct run run = run_of(&stage);

	(void)state;
	calls = 0;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	run_start(&run);
	eventually("select string_agg(state, ',' order by attempt) from q.run", "failed,done");
	run_stop(&run);
	assert_string_equal(
		db_test_value("select max(started_at) - min(finished_at) between interval '0.69 s' and interval '3 s'"
			      " from q.run"),
		"t");
}

static void scheduled_waits_for_its_time(void **state)
{
	static const struct stage stage = STAGE(.effect = note_effect);
	struct run run = run_of(&stage);

	(void)state;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{\"n\":1}', run_at => now() + interval '900 ms'),"
		    " q.enqueue('test', 'test.one', null, '{\"n\":2}', run_at => now() - interval '1 h'),"
		    " q.enqueue('test', 'test.one', null, '{\"n\":3}', run_at => now() + interval '1 h')");
	run_start(&run);
	eventually("select count(*) from q.run", "2");
	run_stop(&run);
	assert_string_equal(
		db_test_value("select r.started_at - j.created_at between interval '0.9 s' and interval '2.5 s'"
			      " from q.run r join q.job j on j.id = job_id where args->>'n' = '1'"),
		"t");
	assert_string_equal(
		db_test_value("select string_agg(args->>'n', ',') from q.scheduled s join q.job j on j.id = job_id"),
		"3");
}

static void o8_priorities_run_in_their_order(void **state)
{
	static const struct stage stage = STAGE(.effect = note_effect);
	struct run run = run_of(&stage);

	(void)state;
	for (int p = 2; p >= -2; p--)
		db_test_sql(p == 2       ? "select q.enqueue('test', 'test.one', null, '{}', priority => 2::smallint)"
				: p == 1 ? "select q.enqueue('test', 'test.one', null, '{}', priority => 1::smallint)"
				: p == 0 ? "select q.enqueue('test', 'test.one', null, '{}')"
				: p == -1
				? "select q.enqueue('test', 'test.one', null, '{}', priority => '-1'::smallint)"
				: "select q.enqueue('test', 'test.one', null, '{}', priority => '-2'::smallint)");
	run.conf.threads = 1;
	run.conf.connections = 1;
	run_start(&run);
	eventually("select count(*) from q.run", "5");
	run_stop(&run);
	assert_string_equal(
		db_test_value(
			"select string_agg(priority::text, ',' order by s.id) from seen s join q.job j on j.id = job"),
		"-2,-1,0,1,2");
}

static void pure_batches_settle_together_and_fall_apart_on_a_bad_job(void **state)
{
	static const struct stage stage = STAGE(.task = { numbered, 1, sizeof(struct numbered) }, .settle = odd_settle);
	struct run run = run_of(&stage);

	(void)state;
	db_test_sql(
		"select q.enqueue_many('test', 'test.one', array(select jsonb_build_object('n', n) from generate_series(1, 40) n))");
	run_start(&run);
	eventually("select count(*) from q.run", "40");
	run_stop(&run);
	assert_string_equal(db_test_value("select count(*) from seen"), "39");
	assert_string_equal(
		db_test_value("select string_agg(args->>'n', ',') from q.parked p join q.job j on j.id = job_id"), "7");
	assert_string_equal(
		db_test_value("select count(*) from q.run join q.job on id = job_id where output->>'n' = args->>'n'"),
		"39");
	assert_string_equal(db_test_value("select count(*) from q.claim"), "0");
}

static void bad_arguments_and_unknown_kinds(void **state)
{
	static const struct stage stage =
		STAGE(.task = { numbered, 1, sizeof(struct numbered) }, .effect = note_effect);
	struct run run = run_of(&stage);

	(void)state;
	db_test_sql(
		"select q.enqueue('test', 'test.one', null, '{\"n\": \"x\"}'), q.enqueue('test', 'test.newer', null, '{}')");
	run_start(&run);
	eventually("select string_agg(state || ' ' || error_code, ',' order by job_id) from q.run",
		"parked json.type,snoozed queue.kind_unknown");
	run_stop(&run);
	assert_string_equal(db_test_value("select burned from q.scheduled"), "0");
}

/* A kind that could not end, or that says twice what its effect is: the worker does not start. */
static void a_stage_that_cannot_run_is_refused(void **state)
{
	static const struct step steps[] = { { "one", note_effect, NULL }, { NULL, NULL, NULL } };
	static const struct stage bad[] = {
		{ .name = "test", .kind = "test.one", .attempts = 3, .effect = note_effect },
		{ .name = "test", .kind = "test.one", .lease_s = 60, .effect = note_effect },
		STAGE(.steps = steps, .effect = note_effect),
	};
	static const struct outside nowhere;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct run run = run_of(&bad[i]);
		struct work w;

		work_init(&w);
		assert_false(runner_run(&w, &run.conf, run.stages, &nowhere, &run.stop));
		assert_int_equal(w.err.kind, ERR_BUG);
		assert_string_equal(w.err.code, "queue.stage");
		work_end(&w);
	}
	assert_string_equal(db_test_value("select count(*) from q.worker"), "0");
}

/* Others claim past it while its transaction is open; an old snapshot is held all the while. */
static void late_commit_is_found(void **state)
{
	static const struct stage stage = STAGE(.effect = note_effect);
	struct run run = run_of(&stage);
	struct work w;
	struct conn *late, *old;
	PGresult *res;

	(void)state;
	work_init(&w);
	late = db_test_conn(&w, "patchwork_api");
	old = db_test_conn(&w, NULL);
	PQclear(PQexec(conn_pg(old), "begin isolation level repeatable read read only"));
	PQclear(PQexec(conn_pg(old), "select count(*) from q.ready"));
	run_start(&run);
	res = PQexec(conn_pg(late), "begin; select q.enqueue('test', 'test.one', 'late', '{}')");
	assert_int_equal(PQresultStatus(res), PGRES_TUPLES_OK);
	PQclear(res);
	for (int i = 0; i < 20; i++) {
		db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
		clock_sleep(50 * USEC_MS);
	}
	eventually("select count(*) from q.run", "20");
	PQclear(PQexec(conn_pg(late), "commit"));
	assert_true(eventually("select count(*) from q.run", "21") < 30 * USEC_S);
	PQclear(PQexec(conn_pg(old), "commit"));
	run_stop(&run);
	conn_close(&late);
	conn_close(&old);
	work_end(&w);
}

/* A sequence that nobody has asked yet shows the number it will give first: that row is still to come. */
static void first_row_of_a_new_database_is_found(void **state)
{
	static const struct stage stage = STAGE(.effect = note_effect);
	struct run run = run_of(&stage);

	(void)state;
	db_test_sql("alter sequence q.ready_seq restart");
	run_start(&run);
	eventually("select count(*) from q.worker", "1");
	clock_sleep(USEC_S); /* a few looks at nothing */
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	eventually("select count(*) from q.run where state = 'done'", "1");
	run_stop(&run);
}

/* Claims come and go while no transaction but the enqueueing one has an id: snapshots do not name it, and their xmax is its id. */
static void a_seq_of_the_newest_transaction_is_not_passed(void **state)
{
	static const struct stage stage = { .name = "test", .kind = "test.one", .lease_s = 30, .attempts = 3 };
	struct runner_conf conf = { 0 };
	struct runner r = { .conf = &conf, .lanes = 1 };
	struct lane *lane = &r.lane[0];
	struct batch *batch = NULL;
	struct conn *open, *claims;
	struct work w;
	struct tx tx;
	bool owned;

	(void)state;
	work_init(&w);
	open = db_test_conn(&w, "patchwork_api");
	claims = db_test_conn(&w, "patchwork_worker");
	tx = tx_auto(claims);
	*lane = (struct lane){ .queue = stage.name, .kind = { &stage }, .kinds = 1, .lease = 30 * USEC_S };
	pthread_mutex_init(&lane->lock, NULL);
	assert_true(lease_join(&w, &tx, &r) && claim_rules(&w, &tx, lane));
	PQclear(PQexec(conn_pg(open), "begin; select q.enqueue('test', 'test.one', 'newest', '{}')"));
	for (int i = 0; i < 5; i++) {
		struct claim_ask ask = { .want = 10, .known = claim_known(lane) };

		assert_true(claim_take(&w, &tx, &r, lane, &ask, &owned, &batch));
		assert_null(batch);
	}
	PQclear(PQexec(conn_pg(open), "commit"));
	assert_true(claim_take(
		&w, &tx, &r, lane, &(struct claim_ask){ .want = 10, .known = claim_known(lane) }, &owned, &batch));
	assert_non_null(batch);
	assert_int_equal(batch->n, 1);
	batch_free(batch);
	conn_close(&open);
	conn_close(&claims);
	work_end(&w);
}

/* A server that crashed gives numbers again which it had not written down: of ready rows, and of claims. */
static void f21_numbers_that_a_crash_gives_again(void **state)
{
	static const struct stage stage = { .name = "test", .kind = "test.one", .lease_s = 30, .attempts = 3 };
	struct runner_conf conf = { 0 };
	struct runner r = { .conf = &conf, .lanes = 1 };
	struct lane *lane = &r.lane[0];
	struct batch *lost = NULL, *batch = NULL;
	struct conn *before, *claims;
	struct work w;
	struct tx tx;
	bool owned;

	(void)state;
	work_init(&w);
	before = db_test_conn(&w, "patchwork_worker");
	tx = tx_auto(before);
	*lane = (struct lane){ .queue = stage.name, .kind = { &stage }, .kinds = 1, .lease = 30 * USEC_S };
	pthread_mutex_init(&lane->lock, NULL);
	assert_true(lease_join(&w, &tx, &r) && claim_rules(&w, &tx, lane));
	db_test_sql("select q.enqueue('test', 'test.one', 'lost', '{}')");
	for (int i = 0; i < 5; i++) {
		struct claim_ask ask = { .want = 10, .known = claim_known(lane) };

		assert_true(claim_take(&w, &tx, &r, lane, &ask, &owned, i == 0 ? &lost : &batch));
	}
	assert_true(lost != NULL && batch == NULL);
	conn_close(&before);

	db_test_sql("delete from q.claim; delete from q.job; "
		    "select setval('q.ready_seq', last_value, false) from q.ready_seq; "
		    "select setval('q.claim_id', last_value, false) from q.claim_id");
	db_test_sql("select q.enqueue('test', 'test.one', 'next', '{}')");
	claims = db_test_conn(&w, "patchwork_worker");
	tx = tx_auto(claims);
	assert_true(claim_take(&w, &tx, &r, lane,
		&(struct claim_ask){ .want = 10, .known = claim_known(lane), .settle = lost }, &owned, &batch));
	assert_false(owned);
	assert_non_null(batch);
	assert_int_equal(batch->n, 1);
	assert_int_not_equal(batch->claim, lost->claim);
	assert_string_equal(db_test_value("select count(*) from q.run"), "0");
	batch_free(lost);
	batch_free(batch);
	conn_close(&claims);
	work_end(&w);
}

static int64_t rescued(struct work *w, struct tx *tx, bool all)
{
	struct sql_queue_rescue_out out;

	assert_true(sql_queue_rescue(w, tx, &(struct sql_queue_rescue_in){ 100, all }, &out));
	return out.claims;
}

static int64_t claims_read(struct conn *conn)
{
	PGresult *res = PQexec(conn_pg(conn),
		"select pg_stat_get_xact_numscans('q.claim'::regclass) + "
		"pg_stat_get_xact_numscans('q.claim_pkey'::regclass)");
	int64_t n = strtoll(PQgetvalue(res, 0, 0), NULL, 10);

	PQclear(res);
	return n;
}

/* How often claims are read by one look for lost workers that finds none. */
static int64_t scans(struct work *w, struct conn *conn)
{
	struct tx tx;
	int64_t n;

	assert_true(tx_begin(w, conn, TX_DURABLE, &tx));
	n = claims_read(conn);
	assert_int_equal(rescued(w, &tx, false), 0);
	n = claims_read(conn) - n;
	assert_true(tx_commit(w, &tx));
	return n;
}

/* Under an old snapshot the rows of all claims that ended are still there: who walked them each second would do nothing else. */
static void rescue_reads_claims_only_when_a_worker_is_lost(void **state)
{
	static const struct stage stage = { .name = "test", .kind = "test.one", .lease_s = 30, .attempts = 9 };
	static const char *const lose = "update q.worker set seen_at = now() - interval '1 minute'";
	struct runner_conf conf = { 0 };
	struct runner r = { .conf = &conf, .lanes = 1 };
	struct claim_ask ask = { .want = 10 };
	struct conn_conf db = db_test_conf("patchwork_worker");
	struct batch *batch;
	struct conn *conn;
	struct work w;
	struct tx tx;
	bool owned;

	(void)state;
	work_init(&w);
	db.queue_plans = true;
	assert_true(conn_open(&w, &db, &conn));
	tx = tx_auto(conn);
	r.lane[0] = (struct lane){ .queue = stage.name, .kind = { &stage }, .kinds = 1, .lease = 30 * USEC_S };
	pthread_mutex_init(&r.lane[0].lock, NULL);
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	assert_true(lease_join(&w, &tx, &r) && claim_rules(&w, &tx, &r.lane[0]));
	assert_true(claim_take(&w, &tx, &r, &r.lane[0], &ask, &owned, &batch));
	batch_free(batch);
	assert_int_equal(scans(&w, conn), 0);

	db_test_sql(lose);
	assert_int_equal(rescued(&w, &tx, false), 1);
	assert_true(scans(&w, conn) > 0); /* is anything left of it? */
	assert_int_equal(scans(&w, conn), 0);

	/* it was only stopped, and claims before it says that it lives */
	assert_true(claim_take(&w, &tx, &r, &r.lane[0], &ask, &owned, &batch));
	assert_non_null(batch);
	batch_free(batch);
	assert_int_equal(rescued(&w, &tx, false), 0);
	assert_int_equal(rescued(&w, &tx, true), 1);

	assert_true(lease_beat(&w, &tx, &r));
	assert_true(claim_take(&w, &tx, &r, &r.lane[0], &ask, &owned, &batch));
	batch_free(batch);
	db_test_sql(lose);
	assert_int_equal(rescued(&w, &tx, false), 1);
	conn_close(&conn);
	work_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(runs_once_and_keeps_history, empty_queue),
		cmocka_unit_test_setup(threads_that_wait_outside_hold_no_connection, empty_queue),
		cmocka_unit_test_setup(o2_retries_within_the_bounds_of_backoff, empty_queue),
		cmocka_unit_test_setup(o2_jitter_is_spread_and_capped, empty_queue),
		cmocka_unit_test_setup(o2_parks_after_its_attempts_and_at_once_what_no_retry_mends, empty_queue),
		cmocka_unit_test_setup(o2_snooze_burns_no_attempt, empty_queue),
		cmocka_unit_test_setup(o2_obeys_retry_after, empty_queue),
		cmocka_unit_test_setup(scheduled_waits_for_its_time, empty_queue),
		cmocka_unit_test_setup(o8_priorities_run_in_their_order, empty_queue),
		cmocka_unit_test_setup(pure_batches_settle_together_and_fall_apart_on_a_bad_job, empty_queue),
		cmocka_unit_test_setup(bad_arguments_and_unknown_kinds, empty_queue),
		cmocka_unit_test_setup(a_stage_that_cannot_run_is_refused, empty_queue),
		cmocka_unit_test_setup(late_commit_is_found, empty_queue),
		cmocka_unit_test_setup(a_seq_of_the_newest_transaction_is_not_passed, empty_queue),
		cmocka_unit_test_setup(f21_numbers_that_a_crash_gives_again, empty_queue),
		cmocka_unit_test_setup(rescue_reads_claims_only_when_a_worker_is_lost, empty_queue),
		cmocka_unit_test_setup(first_row_of_a_new_database_is_found, empty_queue),
	};

	if (getenv("TEST_ONLY") != NULL)
		cmocka_set_test_filter(getenv("TEST_ONLY"));
	return cmocka_run_group_tests(tests, open_queue, close_queue);
}
