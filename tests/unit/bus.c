/* The bus against a real nats-server. */
#include "nats_peer.h"

#include "net/bus.h"

#define STREAM "PW_EVENTS"
static struct nats_peer nats;
static struct work w;

static int start(void **state)
{
	(void)state;
	work_init(&w);
	nats_start(&nats);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	nats_end(&nats);
	work_end(&w);
	return 0;
}

static bool open_bus(struct bus **b)
{
	struct bus_conf c = { .url = str_c(nats.url),
		.stream = STR(STREAM),
		.subject_prefix = STR("pw.test"),
		.duplicate_window = 120 * USEC_S };

	return bus_open(&w, &c, b);
}

static void must(bool ok)
{
	if (!ok)
		fail_msg("%s: %s", w.err.code, w.err.text);
}

/* n messages with the ids first, first + 1 ... */
static struct bus_msg *some(int first, size_t n)
{
	struct bus_msg *m = arena_zero(w.arena, n * sizeof(*m));

	for (size_t i = 0; i < n; i++) {
		m[i].subject = STR("pw.test.none.bounty.opened.v1");
		m[i].id = arena_printf(w.arena, "id-%d", first + (int)i);
		m[i].body = arena_printf(w.arena, "{\"n\":%d}", first + (int)i);
		if (i == 0)
			m[i].trace = STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
	}
	return m;
}

static void makes_the_stream_and_keeps_the_order(void **state)
{
	jsStreamInfo *info = NULL;
	struct bus *b;

	(void)state;
	must(open_bus(&b));
	assert_int_equal(js_GetStreamInfo(&info, nats.js, STREAM, NULL, NULL), NATS_OK);
	assert_int_equal(info->Config->Storage, js_FileStorage);
	assert_int_equal(info->Config->Retention, js_LimitsPolicy);
	assert_int_equal(info->Config->Duplicates, INT64_C(120000000000));
	assert_string_equal(info->Config->Subjects[0], "pw.test.>");
	jsStreamInfo_Destroy(info);
	must(bus_publish(&w, b, some(1, 1000), 1000));
	must(bus_publish(&w, b, some(0, 0), 0));
	assert_int_equal(nats_count(&nats, STREAM), 1000);
	for (int i = 1; i <= 1000; i += 111) {
		natsMsg *msg = nats_get(&nats, STREAM, (uint64_t)i);
		char id[16];

		snprintf(id, sizeof(id), "id-%d", i);
		assert_string_equal(nats_header(msg, "Nats-Msg-Id"), id);
		assert_true((nats_header(msg, "traceparent") != NULL) == (i == 1));
		natsMsg_Destroy(msg);
	}
	bus_close(&b);
}

static void the_same_id_is_stored_once(void **state)
{
	struct bus *b;

	(void)state;
	must(open_bus(&b));
	must(bus_publish(&w, b, some(1, 100), 100));
	must(bus_publish(&w, b, some(51, 100), 100));
	assert_int_equal(nats_count(&nats, STREAM), 150);
	bus_close(&b);
	must(open_bus(&b));
	must(bus_publish(&w, b, some(1, 160), 160));
	assert_int_equal(nats_count(&nats, STREAM), 160);
	bus_close(&b);
}

static void what_no_stream_takes_is_not_acknowledged(void **state)
{
	struct bus_msg m = { .subject = STR("other.subject"), .id = STR("x"), .body = STR("{}") };
	struct bus *b;

	(void)state;
	must(open_bus(&b));
	assert_false(bus_publish(&w, b, &m, 1));
	assert_err(&w, ERR_RETRY, "bus.no_ack");
	must(bus_publish(&w, b, some(1, 1), 1));
	bus_close(&b);
}

static void too_large_for_the_broker(void **state)
{
	struct bus_msg m = { .subject = STR("pw.test.x"), .id = STR("x") };
	struct bus *b;

	(void)state;
	must(open_bus(&b));
	m.body = str_of(arena_zero(w.arena, 2 << 20), 2 << 20);
	assert_false(bus_publish(&w, b, &m, 1));
	assert_err(&w, ERR_INVALID, "bus.too_large");
	must(bus_publish(&w, b, some(1, 3), 3));
	assert_int_equal(nats_count(&nats, STREAM), 3);
	bus_close(&b);
}

/* The answers to what went before the one that was too large are still on their way then. */
static void late_answers_count_for_nothing(void **state)
{
	struct bus_msg *m;
	struct bus *b;

	(void)state;
	must(open_bus(&b));
	m = some(1, 3);
	m[2].body = str_of(arena_zero(w.arena, 2 << 20), 2 << 20);
	assert_false(bus_publish(&w, b, m, 3));
	assert_err(&w, ERR_INVALID, "bus.too_large");
	for (int i = 0; i < 6000 && nats_count(&nats, STREAM) < 2; i++)
		clock_sleep(10 * USEC_MS);
	assert_int_equal(js_DeleteStream(nats.js, STREAM, NULL, NULL), NATS_OK);
	assert_false(bus_publish(&w, b, some(4, 2), 2));
	assert_err(&w, ERR_RETRY, "bus.no_ack");
	bus_close(&b);
}

static void a_wiped_stream_is_made_again(void **state)
{
	struct bus *b;

	(void)state;
	must(open_bus(&b));
	must(bus_publish(&w, b, some(1, 5), 5));
	assert_int_equal(js_DeleteStream(nats.js, STREAM, NULL, NULL), NATS_OK);
	assert_false(bus_publish(&w, b, some(6, 5), 5));
	assert_err(&w, ERR_RETRY, "bus.no_ack");
	must(bus_publish(&w, b, some(6, 5), 5));
	assert_int_equal(nats_count(&nats, STREAM), 5);
	bus_close(&b);
}

static void a_broker_that_is_away_comes_back(void **state)
{
	struct bus *b, *none;

	(void)state;
	must(open_bus(&b));
	must(bus_publish(&w, b, some(1, 5), 5));
	nats_down(&nats);
	for (int i = 0; i < 2; i++) {
		assert_false(bus_publish(&w, b, some(6, 5), 5));
		assert_err(&w, ERR_RETRY, "bus.unreachable");
	}
	assert_false(open_bus(&none));
	assert_err(&w, ERR_RETRY, "bus.unreachable");
	nats_up(&nats);
	must(bus_publish(&w, b, some(4, 7), 7));
	assert_int_equal(nats_count(&nats, STREAM), 10);
	bus_close(&b);
}

static void a_frozen_broker_is_noticed(void **state)
{
	usec began = clock_monotonic();
	struct bus *b;

	(void)state;
	must(open_bus(&b));
	must(bus_publish(&w, b, some(1, 5), 5));
	kill(nats.pid, SIGSTOP);
	assert_false(bus_publish(&w, b, some(6, 5), 5));
	assert_int_equal(w.err.kind, ERR_RETRY);
	assert_true(strcmp(w.err.code, "bus.no_ack") == 0 || strcmp(w.err.code, "bus.unreachable") == 0);
	assert_true(clock_monotonic() - began < 60 * USEC_S);
	kill(nats.pid, SIGCONT);
	must(bus_publish(&w, b, some(6, 5), 5));
	assert_int_equal(nats_count(&nats, STREAM), 10);
	bus_close(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(makes_the_stream_and_keeps_the_order, start, stop),
		cmocka_unit_test_setup_teardown(the_same_id_is_stored_once, start, stop),
		cmocka_unit_test_setup_teardown(what_no_stream_takes_is_not_acknowledged, start, stop),
		cmocka_unit_test_setup_teardown(too_large_for_the_broker, start, stop),
		cmocka_unit_test_setup_teardown(late_answers_count_for_nothing, start, stop),
		cmocka_unit_test_setup_teardown(a_wiped_stream_is_made_again, start, stop),
		cmocka_unit_test_setup_teardown(a_broker_that_is_away_comes_back, start, stop),
		cmocka_unit_test_setup_teardown(a_frozen_broker_is_noticed, start, stop),
	};

	return cmocka_run_group_tests_name("bus", tests, NULL, NULL);
}
