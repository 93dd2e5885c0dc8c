/* Progress, effects, outputs and hashes of runs; steps of a long job, killed and stopped between them. */
#include "queue/progress.h"
#include "queue_help.h"
#include "sql.h"

#define LEASE 1               /* seconds */
#define LASTING (60 * USEC_S) /* of a worker that lives, however slow the machine is */

/* A step writes its name outside, then inside its transaction, and leaves how many are behind it. */
static bool step_effect(struct work *w, const char *name)
{
	return note_apart(w, arena_printf(w->arena, "effect %s%c", name, '\0').p);
}

static bool step_settle(struct work *w, struct tx *tx, const char *name, const char *before)
{
	str left = { 0 };

	if (before != NULL && !step_output(w, before, &left))
		return err_set(w, ERR_BUG, "test.order", "%s before %s", name, before);
	w->output = arena_printf(w->arena, "{\"step\":\"%s\",\"before\":" STR_FMT "}", name,
		STR_ARG(left.p == NULL ? STR("null") : left));
	return note(w, conn_pg(tx->conn), arena_printf(w->arena, "settle %s%c", name, '\0').p);
}

#define STEP(NAME, BEFORE)                                                                                             \
	static bool effect_##NAME(struct work *w, const struct outside *outside, void *task)                           \
	{                                                                                                              \
		(void)outside, (void)task;                                                                             \
		return step_effect(w, #NAME);                                                                          \
	}                                                                                                              \
	static bool settle_##NAME(struct work *w, struct tx *tx, void *task)                                           \
	{                                                                                                              \
		(void)task;                                                                                            \
		return step_settle(w, tx, #NAME, BEFORE);                                                              \
	}
STEP(a, NULL)
STEP(b, "a")
STEP(c, "b")
STEP(d, "c")
STEP(e, "d")

static const struct step five[] = {
	{ "a", effect_a, settle_a },
	{ "b", effect_b, settle_b },
	{ "c", effect_c, settle_c },
	{ "d", effect_d, settle_d },
	{ "e", effect_e, settle_e },
	{ NULL, NULL, NULL },
};

static bool last_settle(struct work *w, struct tx *tx, void *task)
{
	str left;

	(void)task;
	if (!step_output(w, "e", &left))
		return err_set(w, ERR_BUG, "test.order", "settle before e");
	w->output = left;
	return note(w, conn_pg(tx->conn), "settle");
}

#define STAGE(...)                                                                                                     \
	{                                                                                                              \
		.name = "test", .kind = "test.one", .lease_s = LEASE, .attempts = 3, .retry_base = 20 * USEC_MS,       \
		.retry_cap = 40 * USEC_MS, __VA_ARGS__                                                                 \
	}
static const struct stage long_job = STAGE(.steps = five, .settle = last_settle);

#define NESTED                                                                                                         \
	"{\"step\": \"e\", \"before\": {\"step\": \"d\", \"before\": {\"step\": \"c\", \"before\": {\"step\": \"b\","  \
	" \"before\": {\"step\": \"a\", \"before\": null}}}}}"

static void assert_whole(void)
{
	assert_string_equal(
		db_test_value("select string_agg(what, ',' order by id) from seen where what like 'settle%'"),
		"settle a,settle b,settle c,settle d,settle e,settle");
	assert_string_equal(db_test_value("select string_agg(name, ',' order by done_at) from q.step"), "a,b,c,d,e");
	assert_string_equal(db_test_value("select output = '" NESTED "' from q.run where state = 'done'"), "t");
	assert_string_equal(db_test_value("select output = '" NESTED "' from q.step where name = 'e'"), "t");
}

static void o4_steps_run_in_their_order_once(void **state)
{
	struct run run = run_of(&long_job);

	(void)state;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	run_start(&run);
	eventually("select count(*) from q.run where state = 'done'", "1");
	run_stop(&run);
	assert_whole();
	assert_string_equal(
		db_test_value("select string_agg(what, ',' order by id) from seen where what like 'effect%'"),
		"effect a,effect b,effect c,effect d,effect e");
	assert_string_equal(db_test_value("select string_agg(e->>'what' || ' ' || (e->>'id'), ',')"
					  " from q.run, jsonb_array_elements(effects) e"),
		"step.called a,step.called b,step.called c,step.called d,step.called e");
}

/* Killed before and after the end of a step: what is behind the job is not done again. */
static void o4_f15_a_killed_job_goes_on_where_it_stopped(void **state)
{
	static const struct {
		const char *fault, *effects;
	} kills[] = {
		{ "test.one.a.settling:kill", "a,a,b,c,d,e" },
		{ "test.one.a.settled:kill", "a,b,c,d,e" },
		{ "test.one.b.settled:kill", "a,b,c,d,e" },
		{ "test.one.c.settling:kill", "a,b,c,c,d,e" },
		{ "test.one.d.settled:kill", "a,b,c,d,e" },
		{ "test.one.e.settled:kill", "a,b,c,d,e" },
		{ "test.one.settling:kill", "a,b,c,d,e" },
	};

	for (size_t i = 0; i < sizeof(kills) / sizeof(kills[0]); i++) {
		struct run run = run_of(&long_job);
		int status;

		empty_queue(state);
		db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
		status = run_wait(run_fork(&run, kills[i].fault));
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		/* what a lease would end by itself in a second */
		db_test_sql("update q.worker set seen_at = seen_at - interval '1 min'");
		run.conf.lease = LASTING;
		run_start(&run);
		eventually("select count(*) from q.run where state = 'done'", "1");
		run_stop(&run);
		assert_whole();
		assert_string_equal(
			db_test_value(
				"select string_agg(substr(what, 8), ',' order by id) from seen where what like 'effect%'"),
			kills[i].effects);
		assert_string_equal(
			db_test_value("select string_agg(state, ',' order by attempt) from q.run"), "rescued,done");
	}
}

/* Stopped with a step before COMMIT until another had the job: its step, its writes and its end are refused. */
static void o4_a_stopped_worker_cannot_end_a_step(void **state)
{
	struct run run = run_of(&long_job);
	pid_t pid;
	int status;

	(void)state;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	pid = run_fork(&run, "test.one.c.settling:stop");
	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
	run.conf.lease = LASTING;
	run_start(&run);
	eventually("select count(*) from q.run where state = 'done' and attempt = 2", "1");
	kill(pid, SIGCONT);
	kill(pid, SIGTERM);
	status = run_wait(pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	run_stop(&run);
	assert_whole();
	assert_string_equal(
		db_test_value("select string_agg(attempt::text, ',' order by done_at) from q.step"), "1,1,2,2,2");
}

/* The database itself: one row per step, only for who holds the claim. */
static void o4_a_step_is_fenced_by_the_claim(void **state)
{
	int64_t claim;

	(void)state;
	db_test_sql(
		"insert into q.worker (name, queues) values ('w', '{test}');"
		"select q.enqueue('test', 'test.one', null, '{}');"
		"insert into q.claim (worker, queue, lease, job_ids, attempts, burned, suspects)"
		" select max(w.id), 'test', '1 min', array[max(j.id)], '{1}', '{0}', '{f}' from q.worker w, q.job j");
	claim = atoll(db_test_value("select id from q.claim"));
	for (int i = 0; i < 3; i++) {
		static const char *const want[] = { "t t", "t f", "f f" };
		struct work w;
		struct conn *conn;
		struct tx tx;
		struct sql_queue_step_out out;

		if (i == 2)
			db_test_sql("delete from q.claim");
		work_init(&w);
		conn = db_test_conn(&w, "patchwork_worker");
		tx = tx_auto(conn);
		assert_true(sql_queue_step(&w, &tx,
			&(struct sql_queue_step_in){ .job_id = atoll(db_test_value("select max(id) from q.job")),
				.attempt = 1,
				.worker = atoll(db_test_value("select max(id) from q.worker")),
				.claim = claim,
				.name = STR("a") },
			&out));
		assert_string_equal(
			arena_printf(w.arena, "%c %c%c", out.ours ? 't' : 'f', out.fresh ? 't' : 'f', '\0').p, want[i]);
		conn_close(&conn);
		work_end(&w);
	}
	assert_string_equal(db_test_value("select count(*) from q.step"), "1");
}

static bool fill(struct work *w, const struct outside *outside, void *task)
{
	char *p = arena_alloc(w->arena, 70002);

	(void)outside, (void)task;
	memset(p, 'x', 70002);
	p[0] = p[70001] = '"';
	w->output = str_of(p, 70002);
	return true;
}

static void o4_a_step_that_leaves_too_much_parks_its_job(void **state)
{
	static const struct step steps[] = { { "fill", fill, NULL }, { NULL, NULL, NULL } };
	static const struct stage stage = STAGE(.steps = steps);
	struct run run = run_of(&stage);

	(void)state;
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	run_start(&run);
	eventually("select string_agg(state || ' ' || error_code, ',') from q.run", "parked queue.step_output");
	run_stop(&run);
	assert_string_equal(db_test_value("select count(*) from q.step"), "0");
}

static atomic_int go_on;

static bool telling_effect(struct work *w, const struct outside *outside, void *task)
{
	(void)outside, (void)task;
	for (int i = 1; i <= 200; i++)
		progress_report(w, i, 200, STR("many"));
	for (int i = 0; !go_on && i < 3000; i++) {
		progress_report(w, 1000 + i, 0, STR("waiting"));
		clock_sleep(10 * USEC_MS);
	}
	progress_effect(w, "test.mail", STR("to \"7\""));
	return w->attempt > 1 || err_set(w, ERR_RETRY, "test.again", "once more");
}

static bool big_settle(struct work *w, struct tx *tx, void *task)
{
	char *p = arena_alloc(w->arena, 70002);

	(void)task;
	memset(p, 'x', 70002);
	p[0] = p[70001] = '"';
	w->output = str_of(p, 70002);
	progress_report(w, 1, 1, STR("in a transaction: not told"));
	return note(w, conn_pg(tx->conn), "settle");
}

static void o4_progress_effects_and_hashes_are_recorded(void **state)
{
	static const struct stage stage = STAGE(.effect = telling_effect, .settle = big_settle);
	struct run run = run_of(&stage);

	(void)state;
	go_on = 0;
	db_test_sql(
		"create table told (n bigint); grant all on told to patchwork_worker;"
		"create function count_told() returns trigger language plpgsql as $$ begin insert into told values (new.done);"
		" return null; end $$;"
		"create trigger told after insert or update on q.progress for each row execute function count_told()");
	db_test_sql("select q.enqueue('test', 'test.one', null, '{\"b\": 1, \"a\": 2}')");
	run_start(&run);
	eventually("select q.progress_of(max(id))->>'note' from q.job", "waiting");
	assert_string_equal(
		db_test_value("select p->>'attempt' = '1' and (p->>'done')::int >= 1000 and p->'total' = 'null'"
			      " from (select q.progress_of(max(id)) p from q.job) x"),
		"t");
	go_on = 1;
	eventually("select string_agg(state, ',' order by attempt) from q.run", "failed,done");
	run_stop(&run);
	/* 200 at once are one; no two of an attempt within the span */
	assert_string_equal(
		db_test_value(
			"select count(*) filter (where n = 1) between 1 and 2 and count(*) filter (where n between 2 and 200) = 0"
			" from told"),
		"t");
	assert_string_equal(db_test_value("select count(*) from q.progress"), "0"); /* it is done */
	assert_string_equal(db_test_value("select string_agg(effects::text, '; ' order by attempt) from q.run"),
		"[{\"what\": \"effect.called\"}, {\"id\": \"to \\\"7\\\"\", \"what\": \"test.mail\"}]; "
		"[{\"what\": \"effect.called\"}, {\"id\": \"to \\\"7\\\"\", \"what\": \"test.mail\"}]");
	assert_string_equal(
		db_test_value("select bool_and(input_sha = sha256('{\"a\": 2, \"b\": 1}')) from q.run"), "t");
	assert_string_equal(
		db_test_value(
			"select output::text || (output_sha = sha256(('\"' || repeat('x', 70000) || '\"')::bytea))"
			" from q.run where state = 'done'"),
		"{\"too_large\": 70002}true");
	assert_string_equal(
		db_test_value("select output is null and output_sha is null from q.run where state = 'failed'"), "t");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(o4_steps_run_in_their_order_once, empty_queue),
		cmocka_unit_test_setup(o4_f15_a_killed_job_goes_on_where_it_stopped, empty_queue),
		cmocka_unit_test_setup(o4_a_stopped_worker_cannot_end_a_step, empty_queue),
		cmocka_unit_test_setup(o4_a_step_is_fenced_by_the_claim, empty_queue),
		cmocka_unit_test_setup(o4_a_step_that_leaves_too_much_parks_its_job, empty_queue),
		cmocka_unit_test_setup(o4_progress_effects_and_hashes_are_recorded, empty_queue),
	};

	if (getenv("TEST_ONLY") != NULL)
		cmocka_set_test_filter(getenv("TEST_ONLY"));
	return cmocka_run_group_tests(tests, open_queue, close_queue);
}
