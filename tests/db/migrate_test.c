/* Migrations of this test's own take the place of the program's. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/log.h"
#include "db/migrate.h"
#include "db_test.h"

static char third[64];
const struct migration migrations[] = {
	{ 1, "first", "create table a (id int8);\ninsert into a values (1);\nselect pg_sleep(0.2);\n" },
	{ 2, "second", "create function f() returns int language sql as $$ select 1; $$;\n" },
	{ 3, "third", third },
	{ 0, NULL, NULL },
};

static struct work w;
static struct conn *conn;
static struct migrate_report report;

static int start(void **state)
{
	(void)state;
	work_init(&w);
	db_test_empty();
	conn = db_test_conn(&w, "patchwork_owner");
	strcpy(third, "insert into a values (3);");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	conn_close(&conn);
	db_test_close();
	work_end(&w);
	return 0;
}

static void assert_value(const char *sql, const char *want)
{
	assert_string_equal(db_test_value(sql), want);
}

static void each_is_applied_once(void **state)
{
	(void)state;
	assert_true(migrate_run(&w, conn, true, &report));
	assert_int_equal(report.applied, 3);
	assert_int_equal(report.total, 3);
	assert_value("select count(*) from pg_class where relname in ('a', 'migration')", "0");
	assert_true(migrate_run(&w, conn, false, &report));
	assert_int_equal(report.applied, 3);
	assert_value("select string_agg(id::text, ',' order by id) from a", "1,3");
	assert_value(
		"select string_agg(number || name, ',' order by number) from core.migration", "1first,2second,3third");
	assert_value("select encode(sha256, 'hex') = encode(sha256('insert into a values (3);'), 'hex')"
		     " from core.migration where number = 3",
		"t");
	assert_true(migrate_run(&w, conn, false, &report));
	assert_int_equal(report.applied, 0);
	assert_int_equal(report.total, 3);
	assert_value("select count(*) from a", "2");
	assert_value("select count(*) from pg_locks where locktype = 'advisory'", "0");
}

static void *run_too(void *arg)
{
	struct migrate_report *mine = arg;
	struct work other;
	struct conn *second;

	work_init(&other);
	second = db_test_conn(&other, "patchwork_owner");
	if (!migrate_run(&other, second, false, mine))
		mine->applied = -1;
	conn_close(&second);
	work_end(&other);
	return NULL;
}

static void two_at_once_do_it_once(void **state)
{
	struct migrate_report other;
	pthread_t thread;

	(void)state;
	pthread_create(&thread, NULL, run_too, &other);
	assert_true(migrate_run(&w, conn, false, &report));
	pthread_join(thread, NULL);
	assert_true((report.applied == 3 && other.applied == 0) || (report.applied == 0 && other.applied == 3));
	assert_value("select count(*) from a", "2");
}

static void changed_file_is_refused(void **state)
{
	(void)state;
	assert_true(migrate_run(&w, conn, false, &report));
	strcpy(third, "insert into a values (4);");
	for (int dry = 0; dry < 2; dry++) {
		assert_false(migrate_run(&w, conn, dry, &report));
		assert_string_equal(w.err.code, "migrate.changed");
		assert_int_equal(w.err.kind, ERR_INVALID);
		assert_non_null(strstr(w.err.text, "0003_third"));
	}
	assert_value("select count(*) from a", "2");
}

static void newer_database_is_refused(void **state)
{
	(void)state;
	assert_true(migrate_run(&w, conn, false, &report));
	db_test_sql("insert into core.migration (number, name, sha256) values (4, 'fourth', '')");
	assert_false(migrate_run(&w, conn, false, &report));
	assert_string_equal(w.err.code, "migrate.ahead");
	assert_int_equal(w.err.kind, ERR_INVALID);
	assert_non_null(strstr(w.err.text, "0004_fourth"));
}

static void failed_one_leaves_nothing_and_is_tried_again(void **state)
{
	(void)state;
	strcpy(third, "insert into a values (3); select 1 / 0;");
	assert_false(migrate_run(&w, conn, false, &report));
	assert_string_equal(w.err.code, "db.statement");
	assert_non_null(strstr(w.err.text, "0003_third: 22012"));
	assert_int_equal(report.applied, 2);
	assert_value("select string_agg(id::text, ',') from a", "1");
	assert_value("select count(*) from core.migration", "2");
	assert_value("select count(*) from pg_locks where locktype = 'advisory'", "0");
	strcpy(third, "insert into a values (3);");
	assert_true(migrate_run(&w, conn, false, &report));
	assert_int_equal(report.applied, 1);
}

/* Two branches each add a file: the one that arrives second may have the lower number. */
static void lower_number_that_arrives_later_is_applied(void **state)
{
	(void)state;
	assert_true(migrate_run(&w, conn, false, &report));
	db_test_sql("delete from core.migration where number = 2; drop function f()");
	assert_true(migrate_run(&w, conn, true, &report));
	assert_int_equal(report.applied, 1);
	assert_true(migrate_run(&w, conn, false, &report));
	assert_int_equal(report.applied, 1);
	assert_value("select f()", "1");
	assert_value("select string_agg(number::text, ',' order by number) from core.migration", "1,2,3");
	assert_value("select count(*) from a", "2");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		T(each_is_applied_once),
		T(two_at_once_do_it_once),
		T(changed_file_is_refused),
		T(newer_database_is_refused),
		T(failed_one_leaves_nothing_and_is_tried_again),
		T(lower_number_that_arrives_later_is_applied),
	};

	log_level(LOG_WARN);
	return cmocka_run_group_tests_name("migrate", tests, NULL, NULL);
}
