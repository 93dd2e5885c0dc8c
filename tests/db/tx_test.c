/* Transactions, and what is known of them when the server or the network goes away. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "db_test.h"
#include "trial.h"

static struct work w;
static struct conn *conn;

static int open_database(void **state)
{
	(void)state;
	db_test_open();
	db_test_sql(
		"create table trial (id int8 constraint \"trial.exists\" primary key,"
		" parent int8 constraint \"trial.no_parent\" references trial deferrable initially deferred, size int4)");
	return 0;
}

static int close_database(void **state)
{
	(void)state;
	db_test_close();
	return 0;
}

static int start(void **state)
{
	(void)state;
	work_init(&w);
	conn = db_test_conn(&w, NULL);
	db_test_sql("truncate trial; insert into trial (id, size) values (1, 1), (2, 2)");
	return 0;
}

static int stop(void **state)
{
	(void)state;
	conn_close(&conn);
	work_end(&w);
	return 0;
}

#define assert_err(KIND, CODE)                                                                                         \
	do {                                                                                                           \
		assert_string_equal(w.err.code, CODE);                                                                 \
		assert_int_equal(w.err.kind, KIND);                                                                    \
	} while (0)

static bool add(struct tx *tx, int64_t id, int64_t parent)
{
	return sql_trial_add(&w, tx, &(struct sql_trial_add_in){ id, parent != 0, parent, false, 0 },
		&(struct sql_trial_add_out){ 0 });
}

static bool grow(struct work *work, struct tx *tx, int64_t id)
{
	bool found;

	return sql_trial_grow(
		work, tx, &(struct sql_trial_grow_in){ id, 9 }, &(struct sql_trial_grow_out){ 0 }, &found);
}

static bool has_row(int id)
{
	char sql[64];

	snprintf(sql, sizeof(sql), "select count(*) from trial where id = %d", id);
	return strcmp(db_test_value(sql), "1") == 0;
}

static struct sql_trial_setting_out setting(struct tx *tx, const char *name)
{
	struct sql_trial_setting_out out;

	if (!sql_trial_setting(&w, tx, &(struct sql_trial_setting_in){ str_c(name) }, &out))
		fail_msg("%s %s", w.err.code, w.err.text);
	return out;
}

static void kill_backend(int pid)
{
	char sql[96];

	snprintf(sql, sizeof(sql), "select pg_terminate_backend(%d, 5000)", pid);
	assert_string_equal(db_test_value(sql), "t");
}

static void commit_keeps_and_rollback_drops(void **state)
{
	struct tx tx;

	(void)state;
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && add(&tx, 3, 1) && add(&tx, 4, 0));
	assert_false(has_row(3));
	assert_true(tx_commit(&w, &tx));
	assert_true(has_row(3) && has_row(4));
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && add(&tx, 5, 0));
	tx_rollback(&tx);
	tx_rollback(&tx); /* nothing more */
	assert_false(has_row(5));
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && tx_commit(&w, &tx)); /* empty */
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx));
	tx_rollback(&tx);
	tx = tx_auto(conn);
	assert_true(add(&tx, 6, 0) && has_row(6));
}

static void modes_are_in_force(void **state)
{
	struct tx tx;

	(void)state;
	assert_true(tx_begin(&w, conn, TX_LAZY, &tx));
	assert_true(str_eq(setting(&tx, "synchronous_commit").value, STR("off")));
	assert_true(tx_commit(&w, &tx));
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx));
	assert_true(str_eq(setting(&tx, "synchronous_commit").value, STR("on")));
	assert_true(tx_commit(&w, &tx) && tx_begin(&w, conn, TX_READ, &tx));
	assert_true(str_eq(setting(&tx, "transaction_read_only").value, STR("on")));
	assert_false(add(&tx, 3, 0));
	assert_err(ERR_RETRY, "db.read_only");
	tx_rollback(&tx);
	assert_false(has_row(3));
}

/* Who speaks libpq directly after tx_begin is inside the transaction. */
static void direct_statements_are_inside(void **state)
{
	struct tx tx;

	(void)state;
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx));
	PQclear(PQexec(conn_pg(conn), "insert into trial (id) values (3)"));
	assert_false(has_row(3));
	tx_rollback(&tx);
	assert_false(has_row(3));
}

static void failure_ends_the_transaction(void **state)
{
	struct tx tx;

	(void)state;
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx));
	assert_false(add(&tx, 1, 0)); /* the first statement carries BEGIN */
	assert_err(ERR_INVALID, "trial.exists");
	assert_false(tx_commit(&w, &tx));
	assert_err(ERR_BUG, "db.statement");
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && add(&tx, 3, 0) && tx_commit(&w, &tx));
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && add(&tx, 7, 99));
	assert_false(tx_commit(&w, &tx)); /* deferred: COMMIT is what is refused */
	assert_err(ERR_INVALID, "trial.no_parent");
	assert_false(has_row(7));
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && add(&tx, 7, 3) && tx_commit(&w, &tx));
}

static void *lock_the_other_way(void *arg)
{
	struct work mine;
	struct conn *other;
	struct tx tx;
	bool *lost = arg;

	work_init(&mine);
	other = db_test_conn(&mine, NULL);
	if (!tx_begin(&mine, other, TX_DURABLE, &tx) || !grow(&mine, &tx, 2))
		abort();
	*lost = !grow(&mine, &tx, 1) && strcmp(mine.err.code, "db.conflict") == 0 && mine.err.kind == ERR_RETRY;
	tx_rollback(&tx);
	conn_close(&other);
	work_end(&mine);
	return NULL;
}

static void f24_deadlock_is_a_conflict(void **state)
{
	bool lost = false, also;
	pthread_t other;
	struct tx tx;

	(void)state;
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && grow(&w, &tx, 1));
	pthread_create(&other, NULL, lock_the_other_way, &lost);
	while (strcmp(db_test_value("select count(*) from pg_locks where not granted"), "1") != 0)
		clock_sleep(10 * USEC_MS);
	also = !grow(&w, &tx, 2);
	if (also)
		assert_err(ERR_RETRY, "db.conflict");
	tx_rollback(&tx);
	pthread_join(other, NULL);
	assert_true(also != lost); /* one of the two goes on */
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && grow(&w, &tx, 2) && tx_commit(&w, &tx));
}

static void f24_nowait_is_a_conflict(void **state)
{
	struct conn *other = db_test_conn(&w, NULL);
	struct tx tx, second = tx_auto(other);

	(void)state;
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && grow(&w, &tx, 1));
	assert_false(sql_trial_busy(&w, &second, &(struct sql_trial_busy_in){ 1 }));
	assert_err(ERR_RETRY, "db.conflict");
	tx_rollback(&tx);
	conn_close(&other);
}

static void killed_before_a_statement_nothing_happened(void **state)
{
	struct tx tx;

	(void)state;
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && add(&tx, 3, 0));
	kill_backend(setting(&tx, "port").pid);
	assert_false(add(&tx, 4, 0));
	assert_err(ERR_RETRY, "db.unreachable");
	assert_false(conn_alive(conn));
	tx_rollback(&tx);
	assert_false(has_row(3));
	assert_false(tx_begin(&w, conn, TX_DURABLE, &tx));
	assert_err(ERR_RETRY, "db.unreachable");
}

static void f23_killed_before_commit_nothing_happened(void **state)
{
	struct tx tx;

	(void)state;
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && add(&tx, 3, 0));
	kill_backend(setting(&tx, "port").pid);
	assert_false(tx_commit(&w, &tx));
	assert_err(ERR_RETRY, "db.unreachable");
	assert_false(has_row(3));
}

static void *kill_sleeper(void *arg)
{
	const char *sleeping = "select pid from pg_stat_activity where wait_event = 'PgSleep'";

	(void)arg;
	while (strcmp(db_test_value(sleeping), "") == 0)
		clock_sleep(10 * USEC_MS);
	kill_backend(atoi(db_test_value(sleeping)));
	return NULL;
}

/* A statement of its own may have committed before the connection broke; one inside BEGIN can not have. */
static void f23_killed_inside_a_statement(void **state)
{
	struct tx tx = tx_auto(conn);
	pthread_t killer;

	(void)state;
	pthread_create(&killer, NULL, kill_sleeper, NULL);
	assert_false(sql_trial_sleep(&w, &tx, &(struct sql_trial_sleep_in){ 9 }));
	assert_err(ERR_UNCERTAIN, "db.commit_unknown");
	pthread_join(killer, NULL);
	assert_false(sql_trial_none(&w, &tx)); /* known before anything is sent */
	assert_err(ERR_RETRY, "db.unreachable");
	conn_close(&conn);
	conn = db_test_conn(&w, NULL);
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && add(&tx, 3, 0));
	pthread_create(&killer, NULL, kill_sleeper, NULL);
	assert_false(sql_trial_sleep(&w, &tx, &(struct sql_trial_sleep_in){ 9 }));
	assert_err(ERR_RETRY, "db.unreachable");
	pthread_join(killer, NULL);
	tx_rollback(&tx);
}

/* A server that is up and answers nothing, not even the request to cancel. */
static void silent_server_is_given_up(void **state)
{
	struct tx tx = tx_auto(conn);
	pid_t pid = setting(&tx, "port").pid;
	usec before = clock_monotonic();

	(void)state;
	assert_true(tx_begin(&w, conn, TX_DURABLE, &tx) && add(&tx, 3, 0));
	assert_return_code(kill(pid, SIGSTOP), 0);
	w.deadline = before + 200 * USEC_MS;
	assert_false(add(&tx, 4, 0));
	assert_err(ERR_RETRY, "db.busy");
	assert_false(conn_alive(conn));
	assert_in_range(clock_monotonic() - before, 5 * USEC_S, 60 * USEC_S);
	tx_rollback(&tx); /* does not wait again */
	conn_close(&conn);
	assert_return_code(kill(pid, SIGCONT), 0);
	assert_false(has_row(3));
}

/* A proxy between us and the server that loses COMMIT, or its answer. */
struct proxy {
	int listener;
	bool forward_commit;
	pthread_t thread;
};

static int connect_to(int port)
{
	struct sockaddr_in at = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		abort();
	return fd;
}

/* One read's worth from one side to the other; false when the journey is over. */
static bool pass(const struct proxy *p, int from, int to, bool from_client)
{
	char bytes[16384];
	ssize_t n = read(from, bytes, sizeof(bytes));
	bool commit = from_client && n > 0 && memmem(bytes, (size_t)n, "commit", 7) != NULL;

	if (n <= 0 || (commit && !p->forward_commit) || write(to, bytes, (size_t)n) != n)
		return false;
	return !commit || read(to, bytes, sizeof(bytes)) < 0; /* the answer has come, and goes no further */
}

static void *run_proxy(void *arg)
{
	const struct proxy *p = arg;
	int client = accept(p->listener, NULL, NULL), server = connect_to(db_test_port());
	struct pollfd at[2] = { { .fd = client, .events = POLLIN }, { .fd = server, .events = POLLIN } };
	bool on = true;

	while (on && poll(at, 2, 10000) > 0) {
		if (at[0].revents != 0)
			on = pass(p, client, server, true);
		if (on && at[1].revents != 0)
			on = pass(p, server, client, false);
	}
	close(client);
	close(server);
	return NULL;
}

static struct conn *through_proxy(struct proxy *p)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);
	struct conn_conf conf = db_test_conf(NULL);
	struct conn *through;

	p->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_return_code(bind(p->listener, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_return_code(listen(p->listener, 1), 0);
	assert_return_code(getsockname(p->listener, (struct sockaddr *)&at, &size), 0);
	pthread_create(&p->thread, NULL, run_proxy, p);
	conf.url = arena_printf(w.arena, "%.*s?port=%d", (int)conf.url.n, conf.url.p, ntohs(at.sin_port));
	if (!conn_open(&w, &conf, &through))
		fail_msg("%s", w.err.text);
	return through;
}

static void lose_commit(bool forward)
{
	struct proxy p = { .forward_commit = forward };
	struct conn *through = through_proxy(&p);
	struct tx tx;

	assert_true(tx_begin(&w, through, TX_DURABLE, &tx) && add(&tx, 3, 0));
	assert_false(tx_commit(&w, &tx));
	assert_err(ERR_UNCERTAIN, "db.commit_unknown");
	assert_false(conn_alive(through));
	pthread_join(p.thread, NULL);
	close(p.listener);
	conn_close(&through);
}

static void f23_unanswered_commit_is_uncertain(void **state)
{
	(void)state;
	lose_commit(true);
	assert_true(has_row(3)); /* it had happened */
	db_test_sql("delete from trial where id = 3");
	lose_commit(false);
	assert_false(has_row(3)); /* it had not, and looks the same from here */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		T(commit_keeps_and_rollback_drops),
		T(modes_are_in_force),
		T(direct_statements_are_inside),
		T(failure_ends_the_transaction),
		T(f24_deadlock_is_a_conflict),
		T(f24_nowait_is_a_conflict),
		T(killed_before_a_statement_nothing_happened),
		T(f23_killed_before_commit_nothing_happened),
		T(f23_killed_inside_a_statement),
		T(silent_server_is_given_up),
		T(f23_unanswered_commit_is_uncertain),
	};

	return cmocka_run_group_tests_name("tx", tests, open_database, close_database);
}
