/* q.enqueue, q.enqueue_many, q.emit, partitions: what other programs call. */
#include "queue_help.h"

#define CONNECTIONS 16
#define KEYS 40

static int64_t found[CONNECTIONS][KEYS];

static void *enqueue_all(void *arg)
{
	int64_t *out = arg;
	struct work w;
	struct conn *conn;

	work_init(&w);
	conn = db_test_conn(&w, "patchwork_api");
	for (int i = 0; i < KEYS; i++) {
		str sql = arena_printf(w.arena, "select q.enqueue('test', 'test.one', 'key%d', '{}')%c", i, '\0');
		PGresult *res = PQexec(conn_pg(conn), sql.p);

		out[i] = PQresultStatus(res) == PGRES_TUPLES_OK ? strtoll(PQgetvalue(res, 0, 0), NULL, 10) : -1;
		PQclear(res);
	}
	conn_close(&conn);
	work_end(&w);
	return NULL;
}

static void the_survivor_of_a_key_is_told_under_contention(void **state)
{
	pthread_t threads[CONNECTIONS];

	(void)state;
	for (int i = 0; i < CONNECTIONS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, enqueue_all, found[i]), 0);
	for (int i = 0; i < CONNECTIONS; i++)
		pthread_join(threads[i], NULL);
	for (int k = 0; k < KEYS; k++)
		for (int i = 0; i < CONNECTIONS; i++) {
			assert_true(found[i][k] > 0);
			assert_int_equal(found[i][k], found[0][k]);
		}
	assert_string_equal(db_test_value("select count(*) || ' ' || count(distinct key) from q.job"), "40 40");
	assert_string_equal(db_test_value("select count(*) from q.ready"), "40");
}

static void many_keep_order_and_tell_survivors(void **state)
{
	(void)state;
	db_test_sql("select q.enqueue('test', 'test.one', 'b', '{}')");
	assert_string_equal(
		db_test_value(
			"select ids[1] = ids[5] and ids[2] = (select job_id from q.job_key where key = 'b')"
			" and cardinality(ids) = 5 and ids[3] <> ids[4] from (select q.enqueue_many('test', 'test.one',"
			" array_fill('{}'::jsonb, array[5]), array['a', 'b', null, null, 'a']) as ids) x"),
		"t");
	assert_string_equal(db_test_value("select count(*) from q.job"), "4");
	assert_string_equal(db_test_value("select count(*) from q.ready"), "4");
	assert_string_equal(db_test_value("select q.enqueue_many('test', 'test.one', '{}')"), "{}");
}

static void a_key_survives_its_job(void **state)
{
	(void)state;
	db_test_sql("select q.enqueue('test', 'test.one', 'k', '{}')");
	db_test_sql("truncate q.job, q.ready");
	assert_string_equal(db_test_value("select q.enqueue('test', 'test.one', 'k', '{}') ="
					  " (select job_id from q.job_key where key = 'k')"),
		"t");
	assert_string_equal(db_test_value("select count(*) from q.ready"), "0");
}

static void an_event_is_told_once(void **state)
{
	(void)state;
	db_test_sql("truncate q.outbox");
	assert_string_equal(db_test_value("select q.emit('test.done', 'k', 'test/1', '{\"n\": 1}') ="
					  " q.emit('test.done', 'k', 'test/1', '{\"n\": 2}')"),
		"t");
	assert_string_equal(db_test_value("select count(*) || ' ' || max(body->>'n') from q.outbox"), "1 1");
	assert_string_equal(db_test_value("select substr(event::text, 15, 1) from q.outbox"), "7");
}

static void callable_inside_another_statement(void **state)
{
	(void)state;
	assert_string_equal(
		db_test_value(
			"with wanted as (select q.enqueue('test', 'test.one', 'cte', '{}') as id),"
			" told as (select q.emit('test.asked', wanted.id::text, 'test/2', '{}') as event, id from wanted)"
			" select (id > 0 and event is not null)::text from told"),
		"true");
}

static void partitions_are_made_ahead(void **state)
{
	(void)state;
	db_test_sql("select setval('q.job_id', q.partition_size() * 7 - 2)");
	assert_string_equal(db_test_value("select q.partitions_ahead()"), "3");
	assert_string_equal(db_test_value("select q.partitions_ahead()"), "0");
	db_test_sql("select q.enqueue_many('test', 'test.one', array_fill('{}'::jsonb, array[5]))");
	assert_string_equal(db_test_value("select string_agg(distinct tableoid::regclass::text, ',') from q.job"),
		"q.job_6,q.job_7");
}

static bool refused(const char *sql, const char *why)
{
	struct work w;
	struct conn *conn;
	PGresult *res;
	bool ok;

	work_init(&w);
	conn = db_test_conn(&w, "patchwork_api");
	res = PQexec(conn_pg(conn), sql);
	ok = strstr(PQresultErrorMessage(res), why) != NULL;
	if (!ok)
		print_error("%s: %s\n", sql, PQresultErrorMessage(res));
	PQclear(res);
	conn_close(&conn);
	work_end(&w);
	return ok;
}

static void what_is_wrong_is_refused_by_name(void **state)
{
	(void)state;
	assert_true(refused("select q.enqueue('Test', 'test.one', null, '{}')", "queue.name"));
	assert_true(refused("select q.enqueue('test', 'test one', null, '{}')", "queue.kind"));
	assert_true(refused("select q.enqueue('test', 'test.one', '', '{}')", "queue.key"));
	assert_true(refused("select q.enqueue('test', 'test.one', null, '[]')", "queue.args"));
	assert_true(
		refused("select q.enqueue('test', 'test.one', null, '{}', priority => 3::smallint)", "queue.priority"));
	assert_true(refused(
		"select q.enqueue('test', 'test.one', null, '{}', parent => 999999999)", "queue.parent_unknown"));
	assert_true(refused("select q.enqueue_many('test', 'test.one', array['{}']::jsonb[], array['a', 'b'])",
		"queue.keys_length"));
	assert_true(refused("select q.emit('nodot', 'k', 's', '{}')", "outbox.topic"));
	assert_true(refused("delete from q.ready", "permission denied"));
	assert_true(refused("update q.job set args = '{}'", "permission denied"));
	assert_string_equal(db_test_value("select count(*) from q.job"), "0");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_survivor_of_a_key_is_told_under_contention, empty_queue),
		cmocka_unit_test_setup(many_keep_order_and_tell_survivors, empty_queue),
		cmocka_unit_test_setup(a_key_survives_its_job, empty_queue),
		cmocka_unit_test_setup(an_event_is_told_once, empty_queue),
		cmocka_unit_test_setup(callable_inside_another_statement, empty_queue),
		cmocka_unit_test_setup(what_is_wrong_is_refused_by_name, empty_queue),
		cmocka_unit_test_setup(partitions_are_made_ahead, empty_queue),
	};

	return cmocka_run_group_tests(tests, open_queue, close_queue);
}
