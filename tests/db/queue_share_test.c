/* Aging, fairness, limits, natural keys: what neighbours may expect (rows O3, O8, F20). */
#include "control_help.h"

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

static void O8_a_limit_by_project_is_each_one_s_own(void **state)
{
	struct run run = run_of(&counted);

	(void)state;
	db_test_sql("select q.limit_set('each', 'test', null, 'project', 1, null, null, 'cli:me', 'why')");
	db_test_sql(
		"select q.enqueue('test', 'test.one', null, jsonb_build_object('project', n), project_id => case n % 3 when 0 then '" NOISY
		"'::uuid when 1 then '" QUIET "'::uuid end) from generate_series(1, 45) n");
	in_two_processes(&run, 45);
	assert_string_equal(db_test_value(MOST("j.project_id", "j.project_id is not null")), "1");
	holds("select (" MOST("true", "j.project_id is not null") ") > 1"); /* the one does not wait for the other */
	holds("select (" MOST("true", "j.project_id is null") ") > 1");
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

static void O8_F15_a_crash_gives_back_its_place_under_a_limit(void **state)
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

/* So slow that what runs is the burst alone, of each key. */
static void O8_a_rate_of_a_key_has_tokens_of_its_own(void **state)
{
	struct run run = run_of(&one);

	(void)state;
	db_test_sql("select q.limit_set('chain', null, 'test.one', 'chain', null, 0.001, 4, 'cli:me', 'why')");
	db_test_sql("select q.enqueue('test', 'test.one', null, jsonb_build_object('chain', c))"
		    " from generate_series(1, 10), unnest(array['a', 'b']) c");
	run_start(&run);
	eventually("select count(*) from q.run where state = 'done'", "8");
	clock_sleep(500 * USEC_MS);
	assert_string_equal(
		db_test_value(
			"select string_agg(c || n, ' ' order by c) from (select j.args ->> 'chain' c, count(*) n from q.run r"
			" join q.job j on j.id = r.job_id where r.state = 'done' group by 1) x"),
		"a4 b4");
	holds("select q.limit_drop('chain', 'cli:me', 'why')");
	eventually("select count(*) from q.run where state = 'done'", "20");
	run_stop(&run);
	holds("select bool_and(attempt = 1) from q.run");
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(O8_a_low_priority_is_not_starved),
		TEST(F20_a_project_s_bulk_does_not_delay_another),
		TEST(F20_a_project_s_stream_does_not_delay_another),
		TEST(F20_backlogs_go_on_in_turn),
		TEST(O8_a_limit_of_a_stage_is_exact_across_processes),
		TEST(O8_a_limit_of_a_key_is_exact_and_blocks_no_other_key),
		TEST(O8_a_limit_by_project_is_each_one_s_own),
		TEST(O8_a_limit_set_under_load_holds_from_then_on),
		TEST(O8_F15_a_crash_gives_back_its_place_under_a_limit),
		TEST(O8_a_rate_is_kept_by_tokens_and_burns_nothing),
		TEST(O8_a_rate_of_a_key_has_tokens_of_its_own),
		TEST(O3_enqueue_many_tells_the_survivors_under_contention),
	};

	if (getenv("TEST_ONLY") != NULL)
		cmocka_set_test_filter(getenv("TEST_ONLY"));
	return cmocka_run_group_tests(tests, open_queue, close_queue);
}
