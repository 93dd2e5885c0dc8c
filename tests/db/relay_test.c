/* The relay as a process of its own against a real nats-server: order, restarts, kills, an absent broker, a lost stream. */
#include "../unit/nats_peer.h"

#include "base/json.h"
#include "db_test.h"
#include "relay/relay.h"

#define STREAM "PW_EVENTS"
static struct nats_peer nats;
static struct work w;
static volatile sig_atomic_t stopped;

static void on_term(int number)
{
	(void)number;
	stopped = 1;
}

/* What this program is when it is started as "relay_test relay DB_URL NATS_URL": */
static int be_relay(const char *db, const char *url)
{
	struct relay_conf c = {
		.db = { .url = str_c(db),
			.application = "relay",
			.connect_timeout = 5 * USEC_S,
			.statement_timeout = 5 * USEC_S },
		.bus = { .url = str_c(url), .stream = STR(STREAM), .duplicate_window = 120 * USEC_S },
		.env = STR("test"),
		.batch = 10,
		.poll = 20 * USEC_MS,
	};
	struct sigaction act = { .sa_handler = on_term };
	bool ok;

	sigaction(SIGTERM, &act, NULL);
	work_init(&w);
	ok = relay_run(&w, &c, &stopped);
	work_end(&w);
	return ok ? 0 : 1;
}

static pid_t relay_start(const char *fault)
{
	char db[256];
	pid_t pid;

	snprintf(db, sizeof(db), "%s", db_test_url("patchwork_relay"));
	fflush(NULL);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		setenv("PATCHWORK_FAULT", fault, 1);
		execl("/proc/self/exe", "relay_test", "relay", db, nats.url, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static int relay_wait(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void relay_stop(pid_t pid)
{
	kill(pid, SIGTERM);
	assert_int_equal(relay_wait(pid), 0);
}

static void emit(const char *key)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		"select q.emit('bounty.opened', '%s', 'bounty/%s', jsonb_build_object('key', '%s'), "
		"'00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01')",
		key, key, key);
	db_test_sql(sql);
}

static void emit_many(int from, int to)
{
	char key[16];

	for (int i = from; i <= to; i++) {
		snprintf(key, sizeof(key), "k%03d", i);
		emit(key);
	}
}

static void await_count(int64_t want)
{
	int64_t n = -1;

	for (int i = 0; i < 3600 && n < want; i++) {
		n = nats_count(&nats, STREAM);
		clock_sleep(25 * USEC_MS);
	}
	assert_int_equal(n, want);
}

static const cJSON *event_at(uint64_t seq)
{
	natsMsg *msg = nats_get(&nats, STREAM, seq);
	const cJSON *event;

	assert_true(json_parse(
		&w, arena_str(w.arena, str_of(natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg))), &event));
	assert_string_equal(nats_header(msg, "Nats-Msg-Id"), json_get_str(event, "id").p);
	natsMsg_Destroy(msg);
	return event;
}

static void assert_keys(int from, int to)
{
	for (int i = from; i <= to; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%03d", i);
		assert_str(json_get_str(event_at((uint64_t)(i - from + 1)), "data.key"), key);
	}
}

static int start(void **state)
{
	(void)state;
	work_init(&w);
	nats_start(&nats);
	db_test_open();
	return 0;
}

static int stop(void **state)
{
	(void)state;
	db_test_close();
	nats_end(&nats);
	work_end(&w);
	return 0;
}

static void events_are_cloudevents(void **state)
{
	const cJSON *event;
	natsMsg *msg;
	pid_t pid;

	(void)state;
	emit("one");
	db_test_sql("select q.emit('project.created', 'p', 'project/p', '{\"a\":[1,\"é\"]}', null, "
		    "'018f0000-0000-7000-8000-000000000001')");
	pid = relay_start("");
	await_count(2);
	relay_stop(pid);
	event = event_at(1);
	assert_str(json_get_str(event, "specversion"), "1.0");
	assert_str(json_get_str(event, "id"), db_test_value("select event from q.outbox where key = 'one'"));
	assert_str(json_get_str(event, "source"), "patchwork/test");
	assert_str(json_get_str(event, "type"), "patchwork.bounty.opened.v1");
	assert_str(json_get_str(event, "subject"), "bounty/one");
	assert_str(json_get_str(event, "datacontenttype"), "application/json");
	assert_str(json_get_str(event, "traceparent"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	assert_true(str_ends(json_get_str(event, "time"), STR("Z")));
	event = event_at(2);
	assert_null(json_get(event, "traceparent"));
	assert_str(json_print(&w, json_get(event, "data")), "{\"a\":[1,\"é\"]}");
	msg = nats_get(&nats, STREAM, 1);
	assert_string_equal(natsMsg_GetSubject(msg), "pw.test.none.bounty.opened.v1");
	assert_string_equal(nats_header(msg, "traceparent"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	natsMsg_Destroy(msg);
	msg = nats_get(&nats, STREAM, 2);
	assert_string_equal(natsMsg_GetSubject(msg), "pw.test.018f0000-0000-7000-8000-000000000001.project.created.v1");
	natsMsg_Destroy(msg);
}

/* Who began first and commits last is not skipped: nothing younger goes before it is known. */
static void an_open_writer_holds_its_successors_back(void **state)
{
	struct conn *slow = db_test_conn(&w, NULL);
	pid_t pid;

	(void)state;
	emit("k001");
	PQclear(PQexec(conn_pg(slow), "begin"));
	PQclear(PQexec(conn_pg(slow), "select q.emit('bounty.opened', 'k002', 'bounty/k002', '{\"key\":\"k002\"}')"));
	emit_many(3, 5);
	pid = relay_start("");
	await_count(1);
	clock_sleep(200 * USEC_MS);
	assert_int_equal(nats_count(&nats, STREAM), 1);
	PQclear(PQexec(conn_pg(slow), "commit"));
	await_count(5);
	assert_keys(1, 5);
	relay_stop(pid);
	conn_close(&slow);
}

static void the_position_survives_a_restart(void **state)
{
	pid_t pid;

	(void)state;
	emit_many(1, 25);
	pid = relay_start("");
	await_count(25);
	relay_stop(pid);
	/* a stream without memory of ids would show what is sent twice */
	assert_int_equal(js_DeleteStream(nats.js, STREAM, NULL, NULL), NATS_OK);
	emit_many(26, 30);
	pid = relay_start("");
	await_count(5);
	relay_stop(pid);
	assert_keys(26, 30);
}

static void f15_killed_between_broker_and_cursor(void **state)
{
	static const char *const points[] = { "relay.published:kill:2", "relay.advanced:kill:2" };

	(void)state;
	for (size_t i = 0; i < COUNT(points); i++) {
		int from = (int)i * 35 + 1;
		pid_t pid;

		emit_many(from, from + 34);
		pid = relay_start(points[i]);
		assert_true(WIFSIGNALED(relay_wait(pid)));
		pid = relay_start("");
		await_count(from + 34);
		relay_stop(pid);
		assert_keys(1, from + 34);
	}
}

static void f29_an_absent_broker_is_waited_for(void **state)
{
	pid_t pid;

	(void)state;
	nats_down(&nats);
	emit_many(1, 12);
	pid = relay_start("");
	clock_sleep(700 * USEC_MS);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	nats_up(&nats);
	await_count(12);
	nats_down(&nats);
	emit_many(13, 15);
	clock_sleep(300 * USEC_MS);
	nats_up(&nats);
	await_count(15);
	relay_stop(pid);
	assert_keys(1, 15);
}

static void f29_o11_a_lost_stream_is_rebuilt_with_the_same_ids(void **state)
{
	struct conn_conf db = db_test_conf("patchwork_relay");
	struct conn *conn;
	struct tx tx;
	pid_t pid;
	str first;

	(void)state;
	emit_many(1, 23);
	pid = relay_start("");
	await_count(23);
	first = json_get_str(event_at(1), "id");
	assert_int_equal(js_DeleteStream(nats.js, STREAM, NULL, NULL), NATS_OK);
	assert_true(conn_open(&w, &db, &conn) && tx_begin(&w, conn, TX_DURABLE, &tx));
	assert_true(relay_rewind(&w, &tx, STR("cli:test"), STR("the stream is gone")) &&
		tx_commit(&w, &tx)); /* while it runs */
	conn_close(&conn);
	await_count(23);
	assert_keys(1, 23);
	assert_true(str_eq(json_get_str(event_at(1), "id"), first));
	relay_stop(pid);
}

static void one_leads_and_one_stands_by(void **state)
{
	pid_t a, b;

	(void)state;
	emit("k001");
	a = relay_start("");
	await_count(1);
	b = relay_start("relay.published:kill"); /* would die of the first event that it publishes */
	emit_many(2, 20);
	await_count(20);
	assert_int_equal(waitpid(b, NULL, WNOHANG), 0);
	kill(a, SIGKILL);
	relay_wait(a);
	emit_many(21, 21); /* one: it dies after the first batch */
	assert_true(WIFSIGNALED(relay_wait(b)));
	assert_int_equal(nats_count(&nats, STREAM), 21);
}

static void f22_a_lost_database_connection_comes_back(void **state)
{
	pid_t pid;

	(void)state;
	emit("k001");
	pid = relay_start("");
	await_count(1);
	db_test_sql("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'relay'");
	emit_many(2, 4);
	await_count(4);
	relay_stop(pid);
	assert_keys(1, 4);
}

static void env_is_one_token_of_a_subject(void **state)
{
	static const str bad[] = { STR(""), STR("a.b"), STR("a b"), STR(">"), STR("*") };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct relay_conf c = { .env = bad[i] };

		assert_false(relay_run(&w, &c, &stopped));
		assert_err(&w, ERR_INVALID, "relay.env");
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(events_are_cloudevents, start, stop),
		cmocka_unit_test_setup_teardown(an_open_writer_holds_its_successors_back, start, stop),
		cmocka_unit_test_setup_teardown(the_position_survives_a_restart, start, stop),
		cmocka_unit_test_setup_teardown(f15_killed_between_broker_and_cursor, start, stop),
		cmocka_unit_test_setup_teardown(f29_an_absent_broker_is_waited_for, start, stop),
		cmocka_unit_test_setup_teardown(f29_o11_a_lost_stream_is_rebuilt_with_the_same_ids, start, stop),
		cmocka_unit_test_setup_teardown(one_leads_and_one_stands_by, start, stop),
		cmocka_unit_test_setup_teardown(f22_a_lost_database_connection_comes_back, start, stop),
		cmocka_unit_test_setup_teardown(env_is_one_token_of_a_subject, start, stop),
	};

	if (argc == 4 && strcmp(argv[1], "relay") == 0)
		return be_relay(argv[2], argv[3]);
	return cmocka_run_group_tests_name("relay", tests, NULL, NULL);
}
