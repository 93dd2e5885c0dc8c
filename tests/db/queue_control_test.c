/* Pauses, cancels, aging, fairness, limits: what operators and neighbours may expect (rows O3, O8, F20). */
#include "queue_help.h"
#include "sql.h"

#define NOISY "00000000-0000-7000-8000-00000000000a"
#define QUIET "00000000-0000-7000-8000-00000000000b"
#define STAGE(KIND, ...)                                                                                               \
	{                                                                                                              \
		.name = "test", .kind = (KIND), .lease_s = 60, .attempts = 3, .retry_base = 20 * USEC_MS,              \
		.retry_cap = 40 * USEC_MS, __VA_ARGS__                                                                 \
	}

static bool brief(struct work *w, const struct outside *outside, void *task)
{
	(void)w, (void)outside, (void)task;
	clock_sleep(2 * USEC_MS);
	return true;
}

static const struct stage one = STAGE("test.one", .effect = brief), two = STAGE("test.two", .effect = brief);

static void holds(const char *sql)
{
	if (strcmp(db_test_value(sql), "t") != 0)
		fail_msg("not so: %s", sql);
}

static void refused(const char *sql, const char *why)
{
	struct work w;
	struct conn *conn;
	PGresult *res;

	work_init(&w);
	conn = db_test_conn(&w, "patchwork_worker");
	res = PQexec(conn_pg(conn), sql);
	if (strstr(PQresultErrorMessage(res), why) == NULL)
		fail_msg("%s: %s", sql, PQresultErrorMessage(res));
	PQclear(res);
	conn_close(&conn);
	work_end(&w);
}

/* pause ------------------------------------------------------------------------------------------------------------ */

static void O8_a_paused_stage_claims_nothing_until_it_is_resumed(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[1000]))");
	run_start(&run);
	eventually("select count(*) > 20 from q.run", "t");
	db_test_sql("select q.pause('stage', 'test', 'cli:me', 'the outside is down')");
	eventually("select count(*) from q.claim", "0");
	db_test_sql("create table before as select count(*) n from q.run");
	db_test_sql("select q.enqueue('test', 'test.one', 'later', '{}', priority => (-2)::smallint)");
	db_test_sql("notify patchwork_ready, 'test'");
	clock_sleep(700 * USEC_MS);
	holds("select (select n from before) = count(*) and count(*) < 1000 from q.run");
	run_stop(&run);
	run_start(&run); /* it is durable */
	clock_sleep(500 * USEC_MS);
	holds("select (select n from before) = count(*) from q.run");
	db_test_sql("drop table before; select q.resume('stage', 'test', 'cli:me', 'it is back')");
	eventually("select count(*) from q.run where state = 'done' and attempt = 1", "1001");
	run_stop(&run);
	holds("select string_agg(concat_ws(' ', action, object_type, object_id, actor_id, reason), ', ' order by id) ="
	      " 'queue.pause stage test cli:me the outside is down, queue.resume stage test cli:me it is back'"
	      " from audit.log where action like 'queue.%'");
}

/* The worker is idle and knows older rules: it claims nothing by them, whenever it hears of the new ones. */
static void O8_no_claim_goes_by_the_rules_of_before(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	run.stages[1] = &two;
	run_start(&run);
	db_test_sql("select q.enqueue('test', 'test.one', 'known', '{}')");
	eventually("select count(*) from q.run", "1");
	for (int i = 0; i < 3; i++) {
		db_test_sql("do $$ begin perform q.pause('stage', 'test', 'cli:me', 'why');"
			    " perform q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[5])); end $$");
		clock_sleep(300 * USEC_MS);
		holds("select (select count(*) from q.ready) = 5 and (select count(*) from q.claim) = 0");
		db_test_sql("do $$ begin perform q.resume('stage', 'test', 'cli:me', 'why');"
			    " perform q.pause('kind', 'test.one', 'cli:me', 'why'); end $$");
		eventually("select count(*) from q.held", "5");
		db_test_sql("select q.resume('kind', 'test.one', 'cli:me', 'why')");
		eventually(
			"select (select count(*) from q.held) + (select count(*) from q.ready) + (select count(*) from q.claim)",
			"0");
	}
	run_stop(&run);
	holds("select count(*) = 16 and bool_and(attempt = 1 and state = 'done') from q.run");
}

/* What is paused goes aside, does not stand in the way, and comes back by priority and in its order. */
static void O8_a_paused_kind_blocks_nobody_and_keeps_its_order(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	run.stages[1] = &two;
	run.conf.threads = 1;
	db_test_sql(
		"select q.enqueue_many('test', 'test.two', array_fill('{}'::jsonb, array[300]), priority => 1::smallint)");
	db_test_sql("select q.enqueue_many('test', 'test.two', array_fill('{}'::jsonb, array[100]))");
	db_test_sql("select q.pause('kind', 'test.two', 'cli:me', 'why')");
	db_test_sql(
		"select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[5]), priority => 2::smallint)");
	run_start(&run);
	eventually("select count(*) from q.run", "5");
	eventually("select count(*) from q.held where lane = 'kind:test.two'", "400");
	holds("select count(*) = 0 from q.ready");
	db_test_sql("select q.resume('kind', 'test.two', 'cli:me', 'why')");
	eventually("select count(*) from q.run where state = 'done' and attempt = 1", "405");
	run_stop(&run);
	holds("select array_agg(j.id order by r.started_at, r.job_id) = array_agg(j.id order by j.priority, j.id)"
	      " from q.run r join q.job j on j.id = r.job_id where kind = 'test.two'");
	holds("select (select count(*) from q.held) + (select count(*) from q.lane) + (select count(*) from q.ready) = 0");
}

static void O8_a_paused_project_waits_alone(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	db_test_sql("select q.pause('project', '" NOISY "', 'cli:me', 'why')");
	db_test_sql(
		"select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[100]), project_id => '" NOISY
		"'), q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[100]), project_id => '" QUIET
		"')");
	run_start(&run);
	eventually("select count(*) from q.run", "100");
	eventually("select count(*) from q.held", "100");
	holds("select bool_and(project_id = '" QUIET "') from q.run r join q.job j on j.id = r.job_id");
	db_test_sql("select q.resume('project', '" NOISY "', 'cli:me', 'why')");
	eventually("select count(*) from q.run where state = 'done' and attempt = 1", "200");
	run_stop(&run);
}

static void O8_a_pause_says_who_and_why(void **state)
{
	(void)state;
	holds("select q.pause('kind', 'test.one', 'cli:me', 'why')");
	holds("select not q.pause('kind', 'test.one', 'cli:you', 'again')");
	holds("select (scope, name, actor, reason)::text = '(kind,test.one,cli:me,why)' from q.pause");
	refused("select q.pause('job', 'x', 'cli:me', 'why')", "queue.pause_scope");
	refused("select q.pause('kind', 'x', 'cli:me', '')", "queue.pause_reason");
	refused("select q.pause('kind', 'x', '', 'why')", "queue.pause_actor");
	refused("select q.pause('kind', '', 'cli:me', 'why')", "queue.pause_name");
	refused("select q.resume('kind', 'test.one', 'cli:me', null)", "queue.pause_reason");
	refused("delete from q.pause", "permission denied");
	holds("select q.resume('kind', 'test.one', 'cli:me', 'why')");
	holds("select not q.resume('kind', 'test.one', 'cli:me', 'why')");
}

/* cancel ----------------------------------------------------------------------------------------------------------- */

#define CANCEL(KEY) "(select q.cancel(job_id, 'cli:me', 'not wanted') from q.job_key where key = '" KEY "')"

static void O8_a_waiting_job_is_cancelled_at_once(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	db_test_sql("select q.enqueue('test', 'test.one', 'ready', '{}'),"
		    " q.enqueue('test', 'test.one', 'scheduled', '{}', run_at => now() + interval '1 s'),"
		    " q.enqueue('test', 'test.one', 'held', '{}'), q.enqueue('test', 'test.one', 'parked', '{}'),"
		    " q.enqueue('test', 'test.one', 'lost', '{}'), q.enqueue('test', 'test.one', 'kept', '{}')");
	db_test_sql(
		"with r as (delete from q.ready r using q.job_key k where k.job_id = r.job_id and key = 'held' returning r.*)"
		" insert into q.held select queue, 'kind:test.one', prio, seq, job_id from r");
	db_test_sql("insert into q.lane (queue, lane) values ('test', 'kind:test.one')");
	db_test_sql(
		"with r as (delete from q.ready r using q.job_key k where k.job_id = r.job_id and key = 'parked' returning r.*),"
		" e as (insert into q.run select job_id, 1, 'parked', 1, 1, now(), now(), 'uncertain', 'x', 'x' from r)"
		" insert into q.parked select job_id, 'test', 'test.one', 1, 'x' from r");
	db_test_sql(
		"with l as (update q.ready r set attempt = 2 from q.job_key k where k.job_id = r.job_id and key = 'lost' returning r.*)"
		" insert into q.run select job_id, 1, 'rescued', 1, 1, now(), now(), 'uncertain', 'x', 'x' from l");
	holds("select array[" CANCEL("ready") "," CANCEL("scheduled") "," CANCEL("held") "," CANCEL(
		"parked") "]"
			  " = array_fill('cancelled'::text, array[4])");
	holds("select " CANCEL("ready") " = 'finished'");
	holds("select " CANCEL("lost") " = 'running'"); /* its effect may have happened: its probe is asked first */
	holds("select q.cancel(999999999, 'cli:me', 'why') = 'unknown'");
	refused("select q.cancel(1, 'cli:me', '')", "queue.cancel_reason");
	run_start(&run);
	eventually("select count(*) from q.run where state = 'done'", "1");
	eventually("select count(*) from q.run where state = 'cancelled'", "5");
	eventually("select count(*) from q.cancel", "0");
	run_stop(&run);
	holds("select string_agg(key, ',') = 'kept' from q.run join q.job_key using (job_id) where state = 'done'");
	holds("select count(*) = 5 and bool_and(error_code = 'queue.cancelled' and error like 'not wanted%' or key = 'lost')"
	      " from q.run join q.job_key using (job_id) where state = 'cancelled'");
	holds("select (select count(*) from q.ready) + (select count(*) from q.scheduled) + (select count(*) from q.parked)"
	      " + (select count(*) from q.held) = 0");
	holds("select count(*) >= 5 from audit.log where action = 'job.cancel' and actor_id = 'cli:me' and reason = 'not wanted'");
}

static void is_told_as(const char *key, const char *state)
{
	struct sql_job_get_out out;
	struct conn *conn;
	struct work w;
	struct tx tx;
	bool found;
	char sql[128];

	snprintf(sql, sizeof(sql), "select job_id from q.job_key where key = '%s'", key);
	work_init(&w);
	conn = db_test_conn(&w, "patchwork_api");
	tx = tx_auto(conn);
	assert_true(sql_job_get(
		&w, &tx, &(struct sql_job_get_in){ .id = strtoll(db_test_value(sql), NULL, 10) }, &out, &found));
	assert_true(found);
	if (!str_eq(out.state, str_c(state)))
		fail_msg("%s is " STR_FMT ", not %s", key, STR_ARG(out.state), state);
	conn_close(&conn);
	work_end(&w);
}

static void O8_what_is_held_or_cancelled_is_told_so(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	db_test_sql("select q.pause('kind', 'test.one', 'cli:me', 'why')");
	db_test_sql("select q.enqueue('test', 'test.one', 'held', '{}'), q.enqueue('test', 'test.one', 'gone', '{}')");
	run_start(&run);
	eventually("select count(*) from q.held", "2");
	run_stop(&run);
	holds("select " CANCEL("gone") " = 'cancelled'");
	is_told_as("held", "held");
	is_told_as("gone", "cancelled");
}

static bool note_then_wait(struct work *w, const char *what)
{
	usec began = clock_monotonic();

	if (!note_apart(w, what))
		return false;
	while (clock_monotonic() - began < PATIENCE) {
		struct conn *conn = db_test_conn(w, "patchwork_worker");
		PGresult *res = PQexec(conn_pg(conn), "select 1 from seen where what = 'go on'");
		bool go = PQntuples(res) > 0;

		PQclear(res);
		conn_close(&conn);
		if (go)
			return true;
		clock_sleep(20 * USEC_MS);
	}
	return err_set(w, ERR_BUG, "test.wait", "nobody let it go on");
}

static bool wait_plan(struct work *w, struct tx *tx, void *task)
{
	(void)tx, (void)task;
	return note_then_wait(w, "plan");
}

static bool wait_effect(struct work *w, const struct outside *outside, void *task)
{
	(void)outside, (void)task;
	return note_then_wait(w, "effect");
}

static void O8_a_running_job_is_cancelled_before_its_effect_and_never_after(void **state)
{
	static const struct stage planned = STAGE("test.one", .plan = wait_plan, .effect = note_effect);
	static const struct stage effected = STAGE("test.one", .effect = wait_effect, .settle = note_settle);
	static const struct stage *const stages[] = { &planned, &effected };
	static const char *const reached[] = { "plan", "effect" }, *const ends[] = { "cancelled", "done" };
	static const char *const seen[] = { "plan,go on", "effect,go on,settle" };

	for (int i = 0; i < 2; i++) {
		struct run run = run_of(stages[i]);

		empty_queue(state);
		db_test_sql("select q.enqueue('test', 'test.one', 'k', '{}')");
		run_start(&run);
		eventually("select string_agg(what, ',') from seen", reached[i]);
		holds("select " CANCEL("k") " = 'running'");
		clock_sleep(i == 0 ? 1500 * USEC_MS : 0); /* its worker has heard of it at the latest now */
		db_test_sql("insert into seen (what) values ('go on')");
		eventually("select string_agg(state, ',') from q.run", ends[i]);
		eventually("select count(*) from q.cancel", "0");
		run_stop(&run);
		assert_string_equal(db_test_value("select string_agg(what, ',' order by id) from seen"), seen[i]);
	}
}

static bool probe_done(struct work *w, const struct outside *outside, void *task, bool *done)
{
	(void)w, (void)outside, (void)task;
	*done = true;
	return true;
}

/* Its effect has happened in a run that was lost: it is settled, not left half done. */
static void O8_a_cancel_leaves_no_effect_unsettled(void **state)
{
	static const struct stage stage =
		STAGE("test.one", .probe = probe_done, .effect = note_effect, .settle = note_settle);
	struct run run = run_of(&stage);

	(void)state;
	db_test_sql("select q.enqueue('test', 'test.one', 'k', '{}')");
	run.conf.lease = USEC_S;
	run_wait(run_fork(&run, "test.one.probed:kill"));
	run.conf.lease = 0;
	holds("select " CANCEL("k") " = 'running'");
	run_start(&run);
	eventually("select string_agg(state, ',' order by attempt) from q.run", "rescued,done");
	eventually("select count(*) from q.cancel", "0");
	run_stop(&run);
	assert_string_equal(db_test_value("select string_agg(what, ',') from seen"), "settle");
}

/* priorities and projects ------------------------------------------------------------------------------------------ */

static void O8_a_low_priority_is_not_starved(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	run.conf.threads = 2;
	run.conf.aging = 300 * USEC_MS;
	db_test_sql("select q.enqueue('test', 'test.one', 'low', '{}', priority => 2::smallint)");
	db_test_sql(
		"select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[10000]), priority => (-2)::smallint)");
	run_start(&run);
	eventually("select count(*) from q.run join q.job_key using (job_id)", "1");
	holds("select count(*) > 100 from q.ready where prio = -2"); /* the others are not through */
	db_test_sql("select q.pause('stage', 'test', 'cli:me', 'enough')");
	run_stop(&run);
	holds("select count(*) > 50 from q.run"); /* and went first as long as it was young */
}

/* Started after the quiet project's jobs were enqueued, and before the last of them started. */
#define AHEAD                                                                                                                       \
	"select count(*) < 150 from q.run r join q.job j on j.id = r.job_id where j.project_id = '" NOISY                           \
	"' and r.started_at > (select max(created_at) from q.job where project_id = '" QUIET                                        \
	"') and r.started_at < (select max(s.started_at) from q.run s join q.job q on q.id = s.job_id where q.project_id = '" QUIET \
	"')"

static void quiet_is_served_soon(struct run *run)
{
	run_start(run);
	eventually("select count(*) > 50 from q.run", "t");
	for (int i = 0; i < 10; i++)
		db_test_sql("select q.enqueue('test', 'test.one', null, '{}', project_id => '" QUIET "')");
	db_test_sql("notify patchwork_ready, 'test'");
	eventually("select count(*) from q.run r join q.job j on j.id = r.job_id where project_id = '" QUIET "'", "10");
	holds(AHEAD);
	holds("select count(*) > 500 from q.held where lane = 'share:" NOISY "'");
}

static void F20_a_project_s_bulk_does_not_delay_another(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	for (int i = 0; i < 20; i++)
		db_test_sql(
			"select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[1000]), project_id => '" NOISY
			"')");
	holds("select (select count(*) from q.ready) = 32 and count(*) = 20000 - 32 from q.held");
	quiet_is_served_soon(&run);
	db_test_sql("delete from q.held where seq > (select min(seq) + 300 from q.held)");
	eventually(
		"select (select count(*) from q.ready) + (select count(*) from q.held) + (select count(*) from q.claim)",
		"0");
	run_stop(&run);
	holds("select count(*) = 0 from q.run where attempt > 1 or state <> 'done'"); /* aside and back burns nothing */
	holds("select count(*) = 0 from q.lane");
}

/* One by one, by a program that never asks how much there is: workers move what is too much aside. */
static void F20_a_project_s_stream_does_not_delay_another(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}', project_id => '" NOISY
		    "') from generate_series(1, 8000)");
	holds("select count(*) = 8000 from q.ready");
	quiet_is_served_soon(&run);
	db_test_sql("select q.pause('stage', 'test', 'cli:me', 'enough')");
	run_stop(&run);
}

/* Of two projects with a backlog, each has its turn. */
static void F20_backlogs_go_on_in_turn(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	db_test_sql(
		"select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[4000]), project_id => '" NOISY
		"')");
	db_test_sql(
		"select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[400]), project_id => '" QUIET
		"')");
	run_start(&run);
	eventually(
		"select count(*) from q.run r join q.job j on j.id = r.job_id where project_id = '" QUIET "'", "400");
	holds("select count(*) < 1600 from q.run r join q.job j on j.id = r.job_id where project_id = '" NOISY "'");
	db_test_sql("select q.pause('stage', 'test', 'cli:me', 'enough')");
	run_stop(&run);
}

/* limits ----------------------------------------------------------------------------------------------------------- */

static bool in_and_out(struct work *w, const struct outside *outside, void *task)
{
	(void)outside, (void)task;
	if (!note_apart(w, "in"))
		return false;
	clock_sleep(20 * USEC_MS);
	return note_apart(w, "out");
}

static const struct stage counted = STAGE("test.one", .effect = in_and_out);

/* How many were in their effect at once, of those with the same BY. */
#define MOST(BY, WHERE)                                                                                                \
	"select max(n) from (select sum(case what when 'in' then 1 else -1 end) over (partition by " BY                \
	" order by at, s.id) n from seen s join q.job j on j.id = s.job where " WHERE ") x"

static void in_two_processes(struct run *run, int jobs)
{
	char want[16];
	pid_t pid;

	snprintf(want, sizeof(want), "%d", jobs);
	run->conf.threads = 8;
	pid = run_fork(run, NULL);
	run_start(run);
	eventually("select count(*) from q.run where state = 'done'", want);
	run_stop(run);
	kill(pid, SIGTERM);
	assert_int_equal(run_wait(pid), 0);
	holds("select bool_and(attempt = 1) from q.run");
}

static void O8_a_limit_of_a_stage_is_exact_across_processes(void **state)
{
	struct run run = run_of(&counted);

	(void)state;
	db_test_sql("select q.limit_set('all', 'test', null, null, 3, null, null, 'cli:me', 'why')");
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[60]))");
	in_two_processes(&run, 60);
	assert_string_equal(db_test_value(MOST("true", "true")), "3");
	holds("select count(*) = 1 from audit.log where action = 'queue.limit' and object_id = 'all' and reason = 'why'");
}

static void O8_a_limit_of_a_key_is_exact_and_blocks_no_other_key(void **state)
{
	struct run run = run_of(&counted);

	(void)state;
	db_test_sql("select q.limit_set('chain', null, 'test.one', 'chain', 1, null, null, 'cli:me', 'why')");
	db_test_sql(
		"select q.enqueue('test', 'test.one', null, case when n % 4 < 3 then jsonb_build_object('chain', 'c' || n % 4)"
		" else '{}' end) from generate_series(1, 60) n");
	in_two_processes(&run, 60);
	assert_string_equal(db_test_value(MOST("j.args ->> 'chain'", "j.args <> '{}'")), "1");
	holds("select (" MOST("true", "j.args = '{}'") ") > 1"); /* those without a key wait for nobody */
}

static void O8_a_limit_set_under_load_holds_from_then_on(void **state)
{
	struct run run = run_of(&counted);

	(void)state;
	run.conf.threads = 8;
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[1000]))");
	run_start(&run);
	eventually("select count(*) > 10 from q.run", "t");
	db_test_sql("select q.limit_set('all', 'test', null, null, 1, null, null, 'cli:me', 'why')");
	clock_sleep(500 * USEC_MS); /* a claim that was on its way then has its number now */
	db_test_sql("create table later as select last_value as claim from q.claim_id");
	eventually("select count(*) > 10 from q.run where (claim & 4294967295) > (select claim from later)", "t");
	holds("select q.limit_drop('all', 'cli:me', 'why')");
	eventually("select count(*) > 20 from q.run where started_at > (select max(at) from audit.log"
		   " where action = 'queue.limit_drop')",
		"t");
	db_test_sql("select q.pause('stage', 'test', 'cli:me', 'enough')");
	run_stop(&run);
	holds("select bool_and(attempt = 1 and state in ('done', 'returned')) from q.run");
	/* what was out when the limit was set ends first: none that was let in later began beside another */
	holds("select max(n) = 1 from (select sum(case what when 'in' then 1 else -1 end) over (order by at, id) n, * from seen"
	      " where job is not null) x join q.run r on r.job_id = x.job where what = 'in'"
	      " and (claim & 4294967295) > (select claim from later)"
	      " and x.at < (select max(at) from audit.log where action = 'queue.limit_drop')");
	db_test_sql("drop table later");
}

static bool deadly(struct work *w, const struct outside *outside, void *task)
{
	(void)outside, (void)task;
	if (w->attempt == 1 && note_apart(w, "death"))
		kill(getpid(), SIGKILL);
	return true;
}

static void O8_a_crash_gives_back_its_place_under_a_limit(void **state)
{
	static const struct stage stage = STAGE("test.one", .effect = deadly);
	struct run run = run_of(&stage), other = run_of(&one);

	(void)state;
	db_test_sql("select q.limit_set('all', 'test', null, null, 1, null, null, 'cli:me', 'why')");
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[5]))");
	run.conf.lease = USEC_S;
	assert_true(WIFSIGNALED(run_wait(run_fork(&run, NULL))));
	holds("select count(*) = 1 from q.slot");
	run_start(&other);
	eventually("select count(*) from q.run where state = 'done'", "5");
	run_stop(&other);
	holds("select count(*) = 1 and bool_and(state = 'rescued') from q.run where state <> 'done'");
}

static void O8_a_rate_is_kept_by_tokens_and_burns_nothing(void **state)
{
	struct run run = run_of(&counted);

	(void)state;
	db_test_sql("select q.limit_set('calls', 'test', null, null, null, 20, 4, 'cli:me', 'why')");
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[30]))");
	in_two_processes(&run, 30);
	/* never more than burst + rate x time, from any start on */
	holds("select bool_and(b.n - a.n + 1 <= 4 + 20 * extract(epoch from b.at - a.at) + 4) from"
	      " (select at, row_number() over (order by at) n from seen where what = 'in') a,"
	      " (select at, row_number() over (order by at) n from seen where what = 'in') b where b.n > a.n");
	holds("select max(at) - min(at) > interval '1 s' from seen where what = 'in'"); /* 26 tokens at 20 a second */
	holds("select count(*) = 30 from q.run");
}

/* natural keys ----------------------------------------------------------------------------------------------------- */

#define SESSIONS 8
#define KEYS 200

static char told[SESSIONS][16384];

static void *enqueue_many(void *arg)
{
	char *out = arg;
	struct work w;
	struct conn *conn;
	PGresult *res;

	work_init(&w);
	conn = db_test_conn(&w, "patchwork_api");
	/* each session has the keys in an order of its own; the answer is put into that of the keys */
	res = PQexec(conn_pg(conn),
		"with k as materialized (select n, row_number() over (order by random()) as at from generate_series(1, 200) n),"
		" ids as (select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[200]),"
		" array(select 'key' || n from k order by at)) as ids)"
		" select string_agg(ids.ids[k.at]::text, ',' order by k.n) from k, ids");
	snprintf(out, sizeof(told[0]), "%s",
		PQresultStatus(res) == PGRES_TUPLES_OK ? PQgetvalue(res, 0, 0) : PQresultErrorMessage(res));
	PQclear(res);
	conn_close(&conn);
	work_end(&w);
	return NULL;
}

static void O3_enqueue_many_tells_the_survivors_under_contention(void **state)
{
	pthread_t threads[SESSIONS];
	char sql[20000];

	(void)state;
	for (int i = 0; i < SESSIONS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, enqueue_many, told[i]), 0);
	for (int i = 0; i < SESSIONS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 1; i < SESSIONS; i++)
		assert_string_equal(told[i], told[0]);
	snprintf(sql, sizeof(sql),
		"select string_agg(job_id::text, ',' order by substr(key, 4)::int) = '%s' from q.job_key", told[0]);
	holds(sql);
	holds("select count(*) = 200 and count(distinct key) = 200 and (select count(*) from q.ready) = 200 from q.job");
}

static int empty_control(void **state)
{
	db_test_sql(
		"truncate q.pause, q.cancel, q.limits, q.slot, q.bucket, q.held, q.lane; update q.control set epoch = epoch + 1");
	return empty_queue(state);
}

#define TEST(NAME) cmocka_unit_test_setup(NAME, empty_control)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(O8_a_paused_stage_claims_nothing_until_it_is_resumed),
		TEST(O8_no_claim_goes_by_the_rules_of_before),
		TEST(O8_a_paused_kind_blocks_nobody_and_keeps_its_order),
		TEST(O8_a_paused_project_waits_alone),
		TEST(O8_a_pause_says_who_and_why),
		TEST(O8_a_waiting_job_is_cancelled_at_once),
		TEST(O8_what_is_held_or_cancelled_is_told_so),
		TEST(O8_a_running_job_is_cancelled_before_its_effect_and_never_after),
		TEST(O8_a_cancel_leaves_no_effect_unsettled),
		TEST(O8_a_low_priority_is_not_starved),
		TEST(F20_a_project_s_bulk_does_not_delay_another),
		TEST(F20_a_project_s_stream_does_not_delay_another),
		TEST(F20_backlogs_go_on_in_turn),
		TEST(O8_a_limit_of_a_stage_is_exact_across_processes),
		TEST(O8_a_limit_of_a_key_is_exact_and_blocks_no_other_key),
		TEST(O8_a_limit_set_under_load_holds_from_then_on),
		TEST(O8_a_crash_gives_back_its_place_under_a_limit),
		TEST(O8_a_rate_is_kept_by_tokens_and_burns_nothing),
		TEST(O3_enqueue_many_tells_the_survivors_under_contention),
	};

	if (getenv("TEST_ONLY") != NULL)
		cmocka_set_test_filter(getenv("TEST_ONLY"));
	return cmocka_run_group_tests(tests, open_queue, close_queue);
}
