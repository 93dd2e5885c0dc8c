/* LISTEN: what is heard, how long a wait takes, and that a lost connection comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "db/listen.h"
#include "db_test.h"

static struct work w;
static struct listen *ears;
static str channel, payload;

static int start(void **state)
{
	static const char *const channels[] = { "jobs", "Odd \"name" };
	struct conn_conf conf = db_test_conf("patchwork_worker");

	(void)state;
	conf.application = "listener";
	work_init(&w);
	ears = listen_new(&conf, channels, 2);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	listen_free(&ears);
	work_end(&w);
	return 0;
}

static int open_database(void **state)
{
	(void)state;
	db_test_empty();
	return 0;
}

static int close_database(void **state)
{
	(void)state;
	db_test_close();
	return 0;
}

static bool wait_ms(int ms)
{
	return listen_wait(&w, ears, ms * USEC_MS, -1, &channel, &payload);
}

/* Notifies until one is heard: the listener may still be connecting. */
static void assert_hears(const char *name, const char *words)
{
	char sql[128];

	snprintf(sql, sizeof(sql), "select pg_notify('%s', '%s')", name, words);
	for (int i = 0; i < 100; i++) {
		db_test_sql(sql);
		if (wait_ms(100)) {
			assert_true(str_eq(channel, str_c(name)) && str_eq(payload, str_c(words)));
			while (wait_ms(0))
				;
			return;
		}
	}
	fail_msg("nothing heard in 10 s");
}

static void hears_its_channels(void **state)
{
	(void)state;
	assert_hears("jobs", "verify");
	assert_hears("Odd \"name", "");
	db_test_sql("notify others, 'x'");
	assert_false(wait_ms(100));
	db_test_sql("select pg_notify('jobs', i::text) from generate_series(1, 3) i");
	for (int i = '1'; i <= '3'; i++) {
		assert_true(wait_ms(2000));
		assert_int_equal(payload.p[0], i);
	}
}

static void waits_as_long_as_asked(void **state)
{
	usec before;

	(void)state;
	assert_hears("jobs", "up");
	before = clock_monotonic();
	assert_false(wait_ms(300));
	assert_in_range(clock_monotonic() - before, 300 * USEC_MS, 60 * USEC_S);
	before = clock_monotonic();
	assert_false(wait_ms(0));
	assert_in_range(clock_monotonic() - before, 0, 5 * USEC_S);
}

static void wakes_for_the_descriptor(void **state)
{
	usec before = clock_monotonic();
	int fds[2];

	(void)state;
	assert_return_code(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_false(listen_wait(&w, ears, 20 * USEC_S, fds[0], &channel, &payload));
	assert_in_range(clock_monotonic() - before, 0, 10 * USEC_S);
	close(fds[0]);
	close(fds[1]);
}

static void f22_comes_back(void **state)
{
	const char *terminate = "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity"
				" where application_name = 'listener'";

	(void)state;
	assert_hears("jobs", "before");
	assert_string_equal(db_test_value(terminate), "1");
	assert_hears("jobs", "after");
	assert_string_equal(db_test_value(terminate), "1");
	assert_hears("jobs", "again");
	assert_int_equal(w.err.kind, ERR_NONE); /* the caller's own error is left alone */
}

static void f21_waits_while_there_is_no_server(void **state)
{
	struct conn_conf conf = { .url = STR("postgresql://nobody@127.0.0.1:1/none") };
	usec before = clock_monotonic();
	int fds[2];

	(void)state;
	listen_free(&ears);
	ears = listen_new(&conf, (const char *const[]){ "jobs" }, 1);
	assert_false(wait_ms(500));
	assert_in_range(clock_monotonic() - before, 500 * USEC_MS, 10 * USEC_S);
	assert_return_code(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	assert_false(listen_wait(&w, ears, 20 * USEC_S, fds[0], &channel, &payload));
	assert_in_range(clock_monotonic() - before, 500 * USEC_MS, 10 * USEC_S);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		T(hears_its_channels),
		T(waits_as_long_as_asked),
		T(wakes_for_the_descriptor),
		T(f22_comes_back),
		T(f21_waits_while_there_is_no_server),
	};

	return cmocka_run_group_tests_name("listen", tests, open_database, close_database);
}
