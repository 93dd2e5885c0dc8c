/* Pauses and cancels: what operators may expect (row O8). */
#include "control_help.h"
#include "sql.h"

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

/* Asked to end before it was parked and replayed, or afterwards: nothing of it is left to look for. */
static void O8_a_replayed_job_has_its_end(void **state)
{
	(void)state;
	db_test_sql("select q.enqueue('test', 'test.one', 'asked', '{}'), q.enqueue('test', 'test.one', 'not', '{}')");
	db_test_sql(
		"with r as (delete from q.ready returning *),"
		" e as (insert into q.run select job_id, 1, 'parked', 1, 1, now(), now(), 'invalid', 'x', 'x' from r)"
		" insert into q.parked select job_id, 'test', 'test.one', 1, 'x' from r");
	db_test_sql(
		"select q.replay_begin(null, 'test', null, 'parked', null, null, null, null, 1000, 'cli:me', 'why')");
	db_test_sql("update q.batch set filled_at = filled_at - interval '1 second'");
	holds("select q.replay_release() = 2");
	holds("select bool_and(q.state_of(job_id) = 'replayed') from q.job_key where key in ('asked', 'not')");
	db_test_sql(
		"insert into q.cancel (job_id, actor, reason) select job_id, 'cli:me', 'x' from q.job_key where key = 'asked'");
	holds("select " CANCEL("not") " = 'finished'");
	holds("select q.cancels() = '{}'");
	holds("select count(*) = 0 from q.cancel");
}

#define ENDS(JOBS)                                                                                                     \
	"with r as (delete from q.ready where job_id in (" JOBS ") returning *)"                                       \
	" insert into q.run select job_id, 1, 'done', 1, 1, now(), now() from r"
#define LET_OUT "select job_id from q.replay where replay_id > 0"

/* Two that set a secret side by side could each set one of their own: those about one thing are let out one after the other. */
static void O5_replays_about_one_hook_check_or_token_follow_one_another(void **state)
{
	static const char *const about[] = { "hook_id", "check_id", "token_id" };
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(about) / sizeof(about[0]); i++) {
		empty_control(NULL);
		db_test_sql("truncate q.batch, q.replay");
		snprintf(text, sizeof(text),
			"select q.enqueue_many('test', 'test.one', array_fill('{\"%s\": \"one\"}'::jsonb, array[2])"
			" || '{\"%s\": \"two\"}'::jsonb)",
			about[i], about[i]);
		db_test_sql(text);
		db_test_sql(ENDS("select id from q.job"));
		db_test_sql(
			"select q.replay_begin(null, 'test', null, 'done', null, null, null, null, 1000, 'cli:me', 'why')");
		db_test_sql("update q.batch set filled_at = filled_at - interval '1 second'");
		holds("select q.replay_release() = 2");
		holds("select string_agg(j.args::text, ',') like '%\"one\"%,%\"two\"%' from q.job j where id in (" LET_OUT
		      ")");
		holds("select q.replay_release() = 0");
		db_test_sql(ENDS("select replay_id from q.replay where replay_id > 0"));
		holds("select q.replay_release() = 1");
		holds("select count(*) = 3 from (" LET_OUT ") x");
	}
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

#define RUNS(OUTCOME) tallied("patchwork_jobs_total{stage=\"test\",kind=\"test.one\",outcome=\"" OUTCOME "\"}")

static void O8_a_running_job_is_cancelled_before_its_effect_and_never_after(void **state)
{
	static const struct stage planned = STAGE("test.one", .plan = wait_plan, .effect = note_effect);
	static const struct stage effected = STAGE("test.one", .effect = wait_effect, .settle = note_settle);
	static const struct stage *const stages[] = { &planned, &effected };
	static const char *const reached[] = { "plan", "effect" }, *const ends[] = { "cancelled", "done" };
	static const char *const seen[] = { "plan,go on", "effect,go on,settle" };

	for (int i = 0; i < 2; i++) {
		struct run run = run_of(stages[i]);
		long long cancelled = RUNS("cancelled"), returned = RUNS("returned");

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
		assert_int_equal(RUNS("cancelled") - cancelled, i == 0);
		assert_int_equal(RUNS("returned") - returned, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(O8_a_paused_stage_claims_nothing_until_it_is_resumed),
		TEST(O8_no_claim_goes_by_the_rules_of_before),
		TEST(O8_a_paused_kind_blocks_nobody_and_keeps_its_order),
		TEST(O8_a_paused_project_waits_alone),
		TEST(O8_a_pause_says_who_and_why),
		TEST(O8_a_waiting_job_is_cancelled_at_once),
		TEST(O8_a_replayed_job_has_its_end),
		TEST(O5_replays_about_one_hook_check_or_token_follow_one_another),
		TEST(O8_what_is_held_or_cancelled_is_told_so),
		TEST(O8_a_running_job_is_cancelled_before_its_effect_and_never_after),
		TEST(O8_a_cancel_leaves_no_effect_unsettled),
	};

	if (getenv("TEST_ONLY") != NULL)
		cmocka_set_test_filter(getenv("TEST_ONLY"));
	return cmocka_run_group_tests(tests, open_queue, close_queue);
}
