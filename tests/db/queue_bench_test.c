/* Where the benchmark refuses to run, it has enqueued nothing. */
#include "queue/bench.h"

#include "queue_help.h"

static void refused(const char *role, const char *code)
{
	struct conn_conf db = db_test_conf(role);
	struct work w;

	work_init(&w);
	assert_false(bench_queue(&w, &db, &(struct bench_conf){ .jobs = 1000 }));
	assert_int_equal(w.err.kind, ERR_INVALID);
	assert_string_equal(w.err.code, code);
	work_end(&w);
	assert_string_equal(db_test_value("select count(*) from q.job where kind like 'bench.%'"), "0");
	assert_string_equal(db_test_value("select count(*) from q.worker"), "0");
}

static void a_role_that_may_not_make_tables_is_refused(void **state)
{
	(void)state;
	assert_string_equal(db_test_value("select has_schema_privilege('patchwork_worker', 'public', 'create')"), "f");
	refused("patchwork_worker", "queue.bench_role");
}

static void a_role_that_may_not_work_the_queue_is_refused(void **state)
{
	(void)state;
	db_test_sql("grant create on schema public to patchwork_auditor");
	refused("patchwork_auditor", "queue.bench_role");
	db_test_sql("revoke create on schema public from patchwork_auditor");
}

static void a_database_with_other_jobs_is_refused(void **state)
{
	(void)state;
	db_test_sql("grant create on schema public to patchwork_worker");
	db_test_sql("select q.enqueue('test', 'test.one', null, '{}')");
	refused("patchwork_worker", "queue.bench_database");
	db_test_sql("revoke create on schema public from patchwork_worker");
}

/* Something of the table's name is there that is none: the benchmark's own statement is refused. */
static void a_statement_that_fails_ends_it(void **state)
{
	struct conn_conf db = db_test_conf("patchwork_owner");
	struct work w;

	(void)state;
	db_test_sql("create view public.patchwork_bench_floor as select 1");
	work_init(&w);
	assert_false(bench_queue(&w, &db, &(struct bench_conf){ .jobs = 1, .only = "drain" }));
	assert_int_equal(w.err.kind, ERR_BUG);
	assert_string_equal(w.err.code, "queue.bench");
	work_end(&w);
	db_test_sql("drop view public.patchwork_bench_floor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_role_that_may_not_make_tables_is_refused, empty_queue),
		cmocka_unit_test_setup(a_role_that_may_not_work_the_queue_is_refused, empty_queue),
		cmocka_unit_test_setup(a_database_with_other_jobs_is_refused, empty_queue),
		cmocka_unit_test_setup(a_statement_that_fails_ends_it, empty_queue),
	};

	if (getenv("TEST_ONLY") != NULL)
		cmocka_set_test_filter(getenv("TEST_ONLY"));
	return cmocka_run_group_tests(tests, open_queue, close_queue);
}
