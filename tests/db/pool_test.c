/* Connections: refused ones, and a pool that more threads than connections share. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "db_test.h"
#include "trial.h"

#define CONNECTIONS 3
#define THREADS 12
#define ROUNDS 50

static struct work w;
static struct pool *pool;

static int start(void **state)
{
	struct conn_conf conf = db_test_conf(NULL);

	(void)state;
	work_init(&w);
	conf.application = "pool";
	pool = pool_new(&conf, CONNECTIONS);
	return 0;
}

static const char *const sessions = "select count(*) from pg_stat_activity where application_name = 'pool'";

/* A session outlives its connection by a moment: the next test counts none of ours. */
static int stop(void **state)
{
	(void)state;
	pool_free(&pool);
	work_end(&w);
	for (usec until = clock_monotonic() + 30 * USEC_S; strcmp(db_test_value(sessions), "0") != 0;) {
		if (clock_monotonic() > until)
			return -1;
		clock_sleep(10 * USEC_MS);
	}
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

#define assert_err(KIND, CODE)                                                                                         \
	do {                                                                                                           \
		assert_string_equal(w.err.code, CODE);                                                                 \
		assert_int_equal(w.err.kind, KIND);                                                                    \
	} while (0)

static atomic_int in_use, most, done;

static void *borrow(void *arg)
{
	struct work mine;

	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		struct conn *conn;
		struct tx tx;
		int now;

		work_init(&mine);
		if (!pool_take(&mine, pool, &conn))
			abort();
		now = atomic_fetch_add(&in_use, 1) + 1;
		if (now > most)
			most = now;
		for (usec until = clock_monotonic() + 30 * USEC_S; most < 2 && clock_monotonic() < until;)
			clock_sleep(USEC_MS); /* the first one stays until there is a second */
		tx = tx_auto(conn);
		if (sql_trial_none(&mine, &tx))
			atomic_fetch_add(&done, 1);
		atomic_fetch_sub(&in_use, 1);
		pool_give(pool, conn);
		work_end(&mine);
	}
	return NULL;
}

static void threads_share(void **state)
{
	pthread_t threads[THREADS];

	(void)state;
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, borrow, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(done, THREADS * ROUNDS);
	assert_in_range(most, 2, CONNECTIONS);
	assert_in_range(db_test_value(sessions)[0], '1', '0' + CONNECTIONS);
}

static void busy_pool_says_so(void **state)
{
	struct conn *taken[CONNECTIONS], *more;
	usec before;

	(void)state;
	for (int i = 0; i < CONNECTIONS; i++)
		assert_true(pool_take(&w, pool, &taken[i]));
	before = clock_monotonic();
	w.deadline = before + 200 * USEC_MS;
	assert_false(pool_take(&w, pool, &more));
	assert_err(ERR_RETRY, "db.pool_busy");
	assert_in_range(clock_monotonic() - before, 190 * USEC_MS, 10 * USEC_S);
	w.deadline = 0;
	pool_give(pool, taken[0]);
	assert_true(pool_take(&w, pool, &taken[0]));
	for (int i = 0; i < CONNECTIONS; i++)
		pool_give(pool, taken[i]);
}

static void *give_later(void *conn)
{
	clock_sleep(200 * USEC_MS);
	pool_give(pool, conn);
	return NULL;
}

static void waiting_thread_gets_it(void **state)
{
	struct conn *taken[CONNECTIONS], *more;
	pthread_t giver;

	(void)state;
	for (int i = 0; i < CONNECTIONS; i++)
		assert_true(pool_take(&w, pool, &taken[i]));
	w.deadline = clock_monotonic() + 20 * USEC_S;
	pthread_create(&giver, NULL, give_later, taken[0]);
	assert_true(pool_take(&w, pool, &more));
	assert_ptr_equal(more, taken[0]);
	pthread_join(giver, NULL);
	pool_give(pool, more);
	for (int i = 1; i < CONNECTIONS; i++)
		pool_give(pool, taken[i]);
}

static const char *const terminate =
	"select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity where application_name = 'pool'";

static void broken_ones_are_replaced(void **state)
{
	struct conn *conn;
	struct tx tx;

	(void)state;
	assert_true(pool_take(&w, pool, &conn));
	pool_give(pool, conn);
	assert_string_equal(db_test_value(terminate), "1"); /* while idle: seen when taken */
	assert_true(pool_take(&w, pool, &conn));
	tx = tx_auto(conn);
	assert_true(sql_trial_none(&w, &tx));
	assert_string_equal(db_test_value(terminate), "1"); /* while lent: seen when used, closed when given */
	assert_false(sql_trial_none(&w, &tx));
	pool_give(pool, conn);
	assert_true(pool_take(&w, pool, &conn));
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx)); /* a forgotten transaction does not reach the next one */
	assert_true(sql_trial_none(&w, &tx));
	pool_give(pool, conn);
	assert_true(pool_take(&w, pool, &conn));
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && sql_trial_none(&w, &tx) && tx_commit(&w, &tx));
	pool_give(pool, conn);
}

static void refusals_have_kinds(void **state)
{
	struct conn_conf conf = db_test_conf("patchwork_nobody");
	struct conn *conn = NULL;

	(void)state;
	assert_false(conn_open(&w, &conf, &conn)); /* no such role */
	assert_err(ERR_INVALID, "db.refused");
	conf = db_test_conf(NULL);
	conf.url = arena_printf(w.arena, "%.*s_not", (int)conf.url.n, conf.url.p);
	assert_false(conn_open(&w, &conf, &conn)); /* no such database */
	assert_err(ERR_INVALID, "db.refused");
	assert_non_null(strstr(w.err.text, "does not exist"));
	assert_null(strchr(w.err.text, '\n'));
	conf.url = STR("postgresql://postgres@127.0.0.1:1/postgres");
	assert_false(conn_open(&w, &conf, &conn)); /* nobody listens */
	assert_err(ERR_RETRY, "db.unreachable");
	assert_null(conn);
}

static void password_is_never_shown(void **state)
{
	static const char *const urls[] = {
		"postgresql://u:hunter2@127.0.0.1:1/d",
		"postgresql://u:hunter2@/[::/d",
		"postgresql://u:hunter2@127.0.0.1:1/d?nosuch=1",
		"password=hunter2 host",
		"postgresql://u:%zzhunter2@h/d",
		"postgresql://hunter2.invalid/d",
	};
	struct conn_conf conf = { .password = STR("hunter2"), .connect_timeout = 2 * USEC_S };
	struct conn *conn;

	(void)state;
	for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		conf.url = str_c(urls[i]);
		assert_false(conn_open(&w, &conf, &conn));
		assert_null(strstr(w.err.text, "hunter2"));
	}
}

static void password_of_the_url_goes_first(void **state)
{
	static const char *const suffix[] = { "?password=url", "" }, *const want[] = { "url", "file" };
	struct conn *conn;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct conn_conf conf = db_test_conf(NULL);

		conf.url = arena_printf(w.arena, "%.*s%s", (int)conf.url.n, conf.url.p, suffix[i]);
		conf.password = STR("file");
		assert_true(conn_open(&w, &conf, &conn));
		assert_string_equal(PQpass(conn_pg(conn)), want[i]);
		conn_close(&conn);
	}
}

static void session_is_set_up(void **state)
{
	struct conn_conf conf = db_test_conf(NULL);
	struct sql_trial_setting_out out;
	struct conn *conn;
	struct tx tx;

	(void)state;
	conf.queue_plans = true;
	conf.statement_timeout = 1234 * USEC_MS;
	conf.url = arena_printf(w.arena, "%.*s?options=-c%%20work_mem%%3D5MB", (int)conf.url.n, conf.url.p);
	assert_true(conn_open(&w, &conf, &conn));
	tx = tx_auto(conn);
	static const char *const want[][2] = {
		{ "plan_cache_mode", "force_generic_plan" },
		{ "enable_seqscan", "off" },
		{ "enable_hashjoin", "off" },
		{ "enable_mergejoin", "off" },
		{ "jit", "off" },
		{ "statement_timeout", "1234ms" },
		{ "work_mem", "5MB" },
		{ "application_name", "db_test" },
		{ "synchronous_commit", "on" },
		{ "client_encoding", "UTF8" },
	};
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(sql_trial_setting(&w, &tx, &(struct sql_trial_setting_in){ str_c(want[i][0]) }, &out));
		assert_true(str_eq(out.value, str_c(want[i][1])));
	}
	conn_close(&conn);
}

static void *cancel_soon(void *conn)
{
	while (strcmp(db_test_value("select count(*) from pg_stat_activity where wait_event = 'PgSleep'"), "1") != 0)
		clock_sleep(10 * USEC_MS);
	conn_cancel(conn);
	return NULL;
}

static void another_thread_can_cancel(void **state)
{
	struct conn *conn;
	struct tx tx;
	pthread_t thread;

	(void)state;
	assert_true(pool_take(&w, pool, &conn));
	tx = tx_auto(conn);
	pthread_create(&thread, NULL, cancel_soon, conn);
	assert_false(sql_trial_sleep(&w, &tx, &(struct sql_trial_sleep_in){ 9 }));
	assert_err(ERR_RETRY, "db.busy");
	pthread_join(thread, NULL);
	pool_give(pool, conn);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		T(threads_share),
		T(busy_pool_says_so),
		T(waiting_thread_gets_it),
		T(broken_ones_are_replaced),
		T(refusals_have_kinds),
		T(password_is_never_shown),
		T(password_of_the_url_goes_first),
		T(session_is_set_up),
		T(another_thread_can_cancel),
	};

	return cmocka_run_group_tests_name("pool", tests, open_database, close_database);
}
