/* What happens when workers die, stop, or lose their database. */
#include "queue_help.h"

#define LEASE 1               /* seconds */
#define LASTING (60 * USEC_S) /* of a worker that lives, however slow the machine is */
#define STAGE(...)                                                                                                     \
	{                                                                                                              \
		.name = "test", .kind = "test.one", .lease_s = LEASE, .attempts = 3, .retry_base = 20 * USEC_MS,       \
		.retry_cap = 40 * USEC_MS, __VA_ARGS__                                                                 \
	}

static bool probe_seen(struct work *w, const struct outside *outside, void *task, bool *done)
{
	struct conn *conn = db_test_conn(w, "patchwork_worker");
	str sql = arena_printf(
		w->arena, "select 1 from seen where job = %lld and what = 'effect'%c", (long long)w->job, '\0');
	PGresult *res = PQexec(conn_pg(conn), sql.p);

	(void)outside, (void)task;
	*done = PQntuples(res) > 0;
	PQclear(res);
	conn_close(&conn);
	return true;
}

struct numbered {
	int64_t n;
};
static const struct field numbered[] = { FIELD(FIELD_I64, struct numbered, n) };

static bool deadly_effect(struct work *w, const struct outside *outside, void *task)
{
	struct numbered *t = task;

	(void)w, (void)outside;
	if (t->n == 3)
		kill(getpid(), SIGKILL);
	clock_sleep(20 * USEC_MS);
	return true;
}

static bool brief_effect(struct work *w, const struct outside *outside, void *task)
{
	(void)w, (void)outside, (void)task;
	clock_sleep(20 * USEC_MS);
	return true;
}

static bool slow_effect(struct work *w, const struct outside *outside, void *task)
{
	clock_sleep(100 * USEC_MS);
	return note_effect(w, outside, task);
}

static bool longer_than_its_lease(struct work *w, const struct outside *outside, void *task)
{
	clock_sleep(5 * USEC_S);
	return note_effect(w, outside, task);
}

/* At each point of a run: killed there, the next worker finishes it within lease + 5 s and repeats no effect. */
static void f15_a_killed_worker_s_job_runs_again(void **state)
{
	static const char *const points[] = { "queue.claimed", "test.one.claimed", "test.one.probed",
		"test.one.effected", "test.one.settling", "test.one.settled" };
	static const struct stage stage = STAGE(.probe = probe_seen, .effect = note_effect, .settle = note_settle);

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct run run = run_of(&stage);
		char fault[64];
		int status;

		empty_queue(state);
		snprintf(fault, sizeof(fault), "%s:kill", points[i]);
		db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
		status = run_wait(run_fork(&run, fault));
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		run.conf.lease = LASTING;
		run_start(&run);
		assert_true(eventually("select count(*) from q.run where state = 'done'", "1") < (LEASE + 5) * USEC_S);
		assert_true(eventually("select count(*) from q.claim", "0") < (LEASE + 5) * USEC_S);
		run_stop(&run);
		assert_string_equal(
			db_test_value("select string_agg(what, ',' order by id) from seen"), "effect,settle");
		assert_string_equal(db_test_value("select count(*) from q.ready"), "0");
	}
}

#define RESCUED "patchwork_jobs_rescued_total"
#define STALE "patchwork_jobs_stale_total{stage=\"test\"}"

/* Stopped on its way, up to its settle before COMMIT, for longer than its lease: what it goes on to write is refused. */
static void f16_o1_a_stopped_worker_cannot_settle(void **state)
{
	static const struct stage stage = STAGE(.probe = probe_seen, .effect = note_effect, .settle = note_settle);
	static const char *const faults[] = { "test.one.claimed:stop", "test.one.probed:stop", "test.one.effected:stop",
		"test.one.settling:stop" };

	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct run run = run_of(&stage);
		long long rescued = tallied(RESCUED), stale = tallied(STALE);
		pid_t pid;
		int status;

		empty_queue(state);
		db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
		pid = run_fork(&run, faults[i]);
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFSTOPPED(status));
		run.conf.lease = LASTING;
		run_start(&run);
		eventually("select count(*) from q.run where state = 'done' and attempt = 2", "1");
		kill(pid, SIGCONT);
		clock_sleep(500 * USEC_MS);
		kill(pid, SIGTERM);
		status = run_wait(pid);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
		run_stop(&run);
		assert_string_equal(
			db_test_value("select string_agg(state, ',' order by attempt) from q.run"), "rescued,done");
		assert_string_equal(
			db_test_value("select string_agg(what, ',' order by id) from seen"), "effect,settle");
		assert_string_equal(db_test_value("select count(*) from q.ready"), "0");
		assert_int_equal(tallied(RESCUED) - rescued, 1); /* by the one worker */
		assert_int_equal(tallied(STALE) - stale, 1);     /* by the other */
	}
}

/* Until this worker, the first that joined, has said again that it lives. */
static void until_seen_again(struct work *w)
{
	struct conn *conn = db_test_conn(w, "patchwork_worker");
	PGresult *res = PQexec(conn_pg(conn), "create temporary table resumed as select clock_timestamp() as at");
	bool seen = false;

	while (!seen) {
		PQclear(res);
		res = PQexec(conn_pg(conn), "select seen_at > at from q.worker, resumed order by id limit 1");
		assert_int_equal(PQntuples(res), 1);
		seen = strcmp(PQgetvalue(res, 0, 0), "t") == 0;
		clock_sleep(5 * USEC_MS);
	}
	PQclear(res);
	conn_close(&conn);
}

/* Of job 2 the first run stops its process here once, and goes on when its worker is seen again. */
static bool stopping_probe(struct work *w, const struct outside *outside, void *task, bool *done)
{
	static bool stopped;
	const struct numbered *t = task;

	if (!note_apart(w, "probe") || !probe_seen(w, outside, task, done))
		return false;
	if (t->n == 2 && w->attempt == 1 && !stopped) {
		stopped = true;
		raise(SIGSTOP);
		until_seen_again(w);
	}
	return true;
}

#define EFFECTS                                                                                                        \
	"select count(*) filter (where what = 'effect') || ' ' || count(distinct job) filter (where what = 'effect')"  \
	" from seen"

/* A worker of one thread does job 1, claims some of 2 to 10 ahead, and stops at 2. */
static pid_t stop_at_the_second(struct run *run, const char *fault)
{
	pid_t pid;
	int status;

	run->conf.threads = 1;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{\"n\": 1}')");
	pid = run_fork(run, fault);
	eventually("select count(*) from q.run where state = 'done'", "1");
	db_test_sql("select q.enqueue_many('test', 'test.one', array(select jsonb_build_object('n', n)"
		    " from generate_series(2, 10) n))");
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	return pid;
}

/* Stopped with a batch in hand until another has done all of it, then seen again: neither the job at which it stopped, however far
 * it was, nor the rest of the batch touches the world. */
static void f16_o1_a_stopped_worker_does_no_effect_of_a_batch_that_it_lost(void **state)
{
	static const struct fields numbers = { numbered, 1, sizeof(struct numbered) };
	static const struct stage blind = STAGE(.task = numbers, .effect = note_effect, .settle = note_settle),
				  probing = STAGE(.task = numbers, .probe = stopping_probe, .effect = note_effect,
					  .settle = note_settle);
	static const struct {
		const struct stage *stage;
		const char *fault;
	} cases[] = { { &blind, "test.one.claimed:stop:2" }, { &probing, NULL } };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run run = run_of(cases[i].stage);
		pid_t pid;

		empty_queue(state);
		pid = stop_at_the_second(&run, cases[i].fault);
		run.conf.lease = LASTING;
		run_start(&run);
		eventually("select count(*) from q.run where state = 'done'", "10");
		run_stop(&run);
		kill(pid, SIGCONT);
		db_test_sql("select q.enqueue('test', 'test.one', 'last', '{\"n\": 11}')");
		eventually("select count(*) from q.run where state = 'done'", "11"); /* after the stale ones */
		kill(pid, SIGTERM);
		assert_int_equal(run_wait(pid), 0);
		assert_string_equal(db_test_value(EFFECTS), "11 11");
		assert_string_equal(
			db_test_value(
				"select count(*) from seen s join q.run r on r.job_id = s.job and r.state = 'done'"
				" where s.what = 'effect' and s.attempt <> r.attempt"),
			"0");
		assert_string_equal(
			db_test_value("select (select count(*) from q.ready) || ' ' || count(*) from q.claim"), "0 0");
	}
}

/* Nobody took its batch while it was stopped, but somebody might have: it probes again before its effect. */
static void f16_o1_a_stopped_worker_probes_again_before_its_effect(void **state)
{
	static const struct stage stage = STAGE(.task = { numbered, 1, sizeof(struct numbered) },
		.probe = stopping_probe, .effect = note_effect, .settle = note_settle);
	struct run run = run_of(&stage);
	pid_t pid;

	(void)state;
	pid = stop_at_the_second(&run, NULL);
	clock_sleep((LEASE + 1) * USEC_S);
	kill(pid, SIGCONT);
	eventually("select count(*) from q.run where state = 'done'", "10");
	kill(pid, SIGTERM);
	assert_int_equal(run_wait(pid), 0);
	assert_string_equal(db_test_value(EFFECTS), "10 10");
	assert_string_equal(
		db_test_value("select string_agg(what, ',' order by s.id) from seen s join q.job j on j.id = job"
			      " where args->>'n' = '2' and attempt = 1"),
		"probe,probe,effect,settle");
	assert_string_equal(db_test_value("select count(*) from q.run where state <> 'done'"), "0");
}

/* Its worker was stopped between claim and settle, until another had rescued and done the batch: nothing that it writes for it
 * stays. With a settle of the stage's own, and without, when the claim's statement is the whole transaction. */
static void f16_o1_a_stopped_worker_cannot_settle_a_pure_batch(void **state)
{
	static const struct stage noting = STAGE(.settle = note_settle), silent = STAGE(.settle = NULL);
	static const struct stage *const stages[] = { &noting, &silent };
	static const char *const seen[] = { "13 13", "0 0" };

	for (size_t i = 0; i < 2; i++) {
		struct run run = run_of(stages[i]);
		pid_t pid;
		int status;

		empty_queue(state);
		run.conf.threads = 1; /* in order: once the last job is done, the stale batch is dealt with */
		db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[12]))");
		pid = run_fork(&run, "queue.claimed:stop");
		assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
		assert_true(WIFSTOPPED(status));
		run.conf.lease = LASTING;
		run_start(&run);
		eventually("select count(*) from q.run where state = 'done'", "12");
		run_stop(&run);
		kill(pid, SIGCONT);
		db_test_sql("select q.enqueue('test', 'test.one', 'last', '{}')");
		eventually("select count(*) from q.run where state = 'done'", "13");
		kill(pid, SIGTERM);
		assert_int_equal(run_wait(pid), 0);
		assert_string_equal(db_test_value("select count(*) || ' ' || count(distinct job) from seen"), seen[i]);
		assert_string_equal(
			db_test_value(
				"select string_agg(attempt || ' ' || state || ' ' || n, ', ' order by attempt, state)"
				" from (select attempt, state, count(*) n from q.run group by 1, 2) r"),
			"1 done 3, 1 rescued 10, 2 done 10");
		assert_string_equal(db_test_value("select string_agg(job_id::text, ',') = (select job_id::text from"
						  " q.job_key where key = 'last') from q.run where state = 'done'"
						  " and worker = (select min(id) from q.worker)"),
			"t");
		assert_string_equal(
			db_test_value("select (select count(*) from q.ready) || ' ' || count(*) from q.claim"), "0 0");
	}
}

/* Every worker that runs it dies: the first death makes its batch suspects, the next ones burn its attempts alone. */
static void f19_a_deadly_job_is_parked_and_the_others_do_not_pay(void **state)
{
	static const struct stage stage =
		STAGE(.task = { numbered, 1, sizeof(struct numbered) }, .effect = deadly_effect);
	struct run run = run_of(&stage);
	int deaths = 0;
	pid_t pid = 0;

	(void)state;
	db_test_sql(
		"select q.enqueue_many('test', 'test.one', array(select jsonb_build_object('n', n) from generate_series(1, 12) n))");
	for (usec began = clock_monotonic(); strcmp(db_test_value("select count(*) from q.parked"), "1") != 0;) {
		if (pid == 0)
			pid = run_fork(&run, NULL);
		if (waitpid(pid, NULL, WNOHANG) == pid) {
			pid = 0;
			deaths++;
		}
		assert_true(clock_monotonic() - began < PATIENCE);
		clock_sleep(20 * USEC_MS);
	}
	eventually("select count(*) from q.run where state = 'done'", "11");
	kill(pid, SIGTERM);
	run_wait(pid);
	assert_int_equal(deaths, 1 + 3);
	assert_string_equal(
		db_test_value("select args->>'n' || ' ' || error_code from q.parked p join q.job j on id = job_id"),
		"3 queue.attempts_spent");
	assert_string_equal(db_test_value("select count(*) from q.mark"), "0");
}

static void a_slow_job_keeps_its_lease_while_its_worker_lives(void **state)
{
	static const struct stage stage = STAGE(.effect = longer_than_its_lease);
	struct run run = run_of(&stage), other = run_of(&stage);

	(void)state;
	run.conf.lease = other.conf.lease = 2 * USEC_S;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	run_start(&run);
	run_start(&other);
	eventually("select string_agg(state, ',') from q.run", "done");
	run_stop(&run);
	run_stop(&other);
	assert_string_equal(db_test_value("select count(*) from seen"), "1");
	assert_string_equal(db_test_value("select bool_and(seen_at - started_at > interval '2 s') from q.worker"), "t");
}

static void o1_two_processes_never_run_the_same_job(void **state)
{
	static const struct stage stage = STAGE(.settle = note_settle, .effect = brief_effect);
	struct run run = run_of(&stage);
	pid_t pid;

	(void)state;
	run.conf.threads = 16;
	run.conf.lease = LASTING;
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[1000]))");
	pid = run_fork(&run, NULL);
	run_start(&run);
	eventually("select count(*) from q.run", "1000");
	run_stop(&run);
	kill(pid, SIGTERM);
	assert_int_equal(run_wait(pid), 0);
	assert_string_equal(db_test_value("select count(*) || ' ' || count(distinct job) from seen"), "1000 1000");
	assert_string_equal(db_test_value("select count(distinct worker) from q.run"), "2");
	assert_string_equal(db_test_value("select count(*) from q.run where attempt > 1"), "0");
}

static void f18_a_drain_ends_what_is_in_hand_and_gives_back_the_rest(void **state)
{
	static const struct stage stage = STAGE(.effect = slow_effect);
	struct run run = run_of(&stage);
	pid_t pid;

	(void)state;
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[60]))");
	pid = run_fork(&run, NULL);
	while (strcmp(db_test_value("select count(*) > 3 from q.run"), "t") != 0)
		clock_sleep(5 * USEC_MS);
	kill(pid, SIGTERM);
	assert_int_equal(run_wait(pid), 0);
	assert_string_equal(db_test_value("select count(*) from q.claim"), "0");
	assert_string_equal(
		db_test_value(
			"select (select count(*) from q.run where state = 'done') + (select count(*) from q.ready)"),
		"60");
	assert_string_equal(
		db_test_value("select (select count(*) from seen) - (select count(*) from q.run where state = 'done')"),
		"0");
	assert_string_equal(db_test_value("select max(burned) from q.ready"), "0");
	run_start(&run);
	eventually("select count(*) from q.run where state = 'done'", "60");
	run_stop(&run);
}

static void f18_an_undrained_worker_leaves_its_job_to_the_lease(void **state)
{
	static const struct stage slow = STAGE(.effect = longer_than_its_lease), quick = STAGE(.effect = note_effect);
	struct run run = run_of(&slow), other = run_of(&quick);
	pid_t pid;
	int status;

	(void)state;
	run.conf.drain = 300 * USEC_MS;
	other.conf.lease = LASTING;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	pid = run_fork(&run, NULL);
	eventually("select count(*) from q.claim", "1");
	kill(pid, SIGTERM);
	status = run_wait(pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == RUNNER_LEFT_IN_HAND);
	run_start(&other);
	eventually("select string_agg(state, ',' order by attempt) from q.run", "rescued,done");
	run_stop(&other);
	assert_string_equal(db_test_value("select error_kind || ' ' || error_code from q.run where state = 'rescued'"),
		"uncertain queue.worker_lost");
}

/* All connections are cut again and again: every job is settled once. */
static void f22_a_broken_database_loses_and_doubles_nothing(void **state)
{
	static const struct stage stage = STAGE(.attempts = 1000, .settle = note_settle, .effect = brief_effect);
	struct run run = run_of(&stage);

	(void)state;
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[300]))");
	run_start(&run);
	for (int i = 0; i < 15; i++) {
		clock_sleep(100 * USEC_MS);
		db_test_sql("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'patchwork_worker'"
			    " and datname = current_database()");
	}
	eventually("select count(*) from q.run where state = 'done'", "300");
	run_stop(&run);
	assert_string_equal(db_test_value("select count(*) || ' ' || count(distinct job) from seen"), "300 300");
	assert_string_equal(db_test_value("select count(*) from q.ready"), "0");
	assert_string_equal(db_test_value("select count(*) from q.parked"), "0");
}

/* The quickest of five jobs, one after the other: from its transaction until it has run. */
static usec quickest(int *jobs, const char *after)
{
	usec best = PATIENCE;

	for (int i = 0; i < 5; i++) {
		char want[16];
		usec took;

		db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
		if (after != NULL)
			db_test_sql(after);
		snprintf(want, sizeof(want), "%d", ++*jobs);
		took = eventually("select count(*) from q.run", want);
		best = took < best ? took : best;
	}
	return best;
}

static void f27_o9_a_hint_wakes_and_polling_is_the_floor(void **state)
{
	static const struct stage stage = STAGE(.effect = note_effect);
	struct run run = run_of(&stage);
	int jobs = 0;

	(void)state;
	run.conf.poll = 60 * USEC_S;
	run_start(&run);
	clock_sleep(500 * USEC_MS);
	assert_true(quickest(&jobs, "notify patchwork_ready, 'test'") < USEC_S);
	run_stop(&run);
	run.conf.poll = 300 * USEC_MS;
	run_start(&run);
	clock_sleep(500 * USEC_MS);
	assert_true(quickest(&jobs, NULL) < USEC_S);
	run_stop(&run);
}

/* One stage's settle enqueues for the next one, which hears of it without waiting for a poll. */
static bool chain_settle(struct work *w, struct tx *tx, void *task)
{
	str sql = arena_printf(
		w->arena, "select q.enqueue('after', 'after.one', null, '{}', %lld)%c", (long long)w->job, '\0');
	PGresult *res = PQexec(conn_pg(tx->conn), sql.p);
	bool ok = PQresultStatus(res) == PGRES_TUPLES_OK;

	(void)task;
	PQclear(res);
	return ok ? true : err_set(w, ERR_BUG, "test.chain", "%s", PQerrorMessage(conn_pg(tx->conn)));
}

static void the_next_stage_is_woken(void **state)
{
	static const struct stage first = STAGE(.settle = chain_settle, .effect = note_effect, .next = "after");
	static const struct stage after = {
		.name = "after", .kind = "after.one", .lease_s = 30, .attempts = 3, .effect = note_effect
	};
	struct run run = run_of(&first), other = run_of(&after);

	(void)state;
	run.conf.poll = other.conf.poll = 60 * USEC_S;
	run_start(&run);
	run_start(&other);
	clock_sleep(500 * USEC_MS);
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}', trace => 't', created_by => 'me')");
	db_test_sql("notify patchwork_ready, 'test'");
	assert_true(eventually("select count(*) from q.run", "2") < 40 * USEC_S);
	run_stop(&run);
	run_stop(&other);
	assert_string_equal(db_test_value("select (a.root_id, a.parent_id, a.trace)::text = (b.id, b.id, 't')::text"
					  " from q.job a join q.job b on b.queue = 'test' where a.queue = 'after'"),
		"t");
}

/* Claims are released without waiting for the disk: the database forgets that, and the connection with it. */
static void f21_a_release_that_a_crash_forgot(void **state)
{
	static const struct stage stage = STAGE(.effect = note_effect);
	struct run run = run_of(&stage);

	(void)state;
	run_start(&run);
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	eventually("select count(*) from q.run where state = 'done'", "1");
	eventually("select count(*) from q.claim", "0");
	db_test_sql("insert into q.claim (id, worker, queue, lease, job_ids, attempts, burned, suspects) "
		    "select claim, worker, 'test', '1 s', array[job_id], array[attempt], '{0}', '{false}' from q.run; "
		    "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'patchwork_worker'");
	eventually("select count(*) from q.claim", "0");
	run_stop(&run);
	assert_string_equal(db_test_value("select count(*) from q.run"), "1");
	assert_string_equal(db_test_value("select count(*) from q.ready"), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(f15_a_killed_worker_s_job_runs_again, empty_queue),
		cmocka_unit_test_setup(f16_o1_a_stopped_worker_cannot_settle, empty_queue),
		cmocka_unit_test_setup(f16_o1_a_stopped_worker_cannot_settle_a_pure_batch, empty_queue),
		cmocka_unit_test_setup(f16_o1_a_stopped_worker_does_no_effect_of_a_batch_that_it_lost, empty_queue),
		cmocka_unit_test_setup(f16_o1_a_stopped_worker_probes_again_before_its_effect, empty_queue),
		cmocka_unit_test_setup(f19_a_deadly_job_is_parked_and_the_others_do_not_pay, empty_queue),
		cmocka_unit_test_setup(a_slow_job_keeps_its_lease_while_its_worker_lives, empty_queue),
		cmocka_unit_test_setup(o1_two_processes_never_run_the_same_job, empty_queue),
		cmocka_unit_test_setup(f18_a_drain_ends_what_is_in_hand_and_gives_back_the_rest, empty_queue),
		cmocka_unit_test_setup(f18_an_undrained_worker_leaves_its_job_to_the_lease, empty_queue),
		cmocka_unit_test_setup(f21_a_release_that_a_crash_forgot, empty_queue),
		cmocka_unit_test_setup(f22_a_broken_database_loses_and_doubles_nothing, empty_queue),
		cmocka_unit_test_setup(f27_o9_a_hint_wakes_and_polling_is_the_floor, empty_queue),
		cmocka_unit_test_setup(the_next_stage_is_woken, empty_queue),
	};

	if (getenv("TEST_ONLY") != NULL)
		cmocka_set_test_filter(getenv("TEST_ONLY"));
	metric_share(1); /* what a worker that was forked counts is seen here */
	return cmocka_run_group_tests(tests, open_queue, close_queue);
}
