/* Periodic jobs: what an expression means in a time zone, ticks that become one job each, and what an outage leaves. */
#include "queue_help.h"

/* Ticks after a moment, as PostgreSQL prints them in the zone: the first one, or several separated by commas. */
static const struct tick {
	const char *cron, *zone, *after, *ticks;
} ticks[] = {
	/* fields */
	{ "* * * * *", "UTC", "2026-01-01 00:00:00Z", "01-01 00:01,01-01 00:02" },
	{ "* * * * *", "UTC", "2026-01-01 00:00:30Z", "01-01 00:01" },
	{ "*/15 * * * *", "UTC", "2026-01-01 00:00Z", "01-01 00:15,01-01 00:30,01-01 00:45,01-01 01:00" },
	{ "7-59/20 * * * *", "UTC", "2026-01-01 00:00Z", "01-01 00:07,01-01 00:27,01-01 00:47,01-01 01:07" },
	{ "5,10 * * * *", "UTC", "2026-01-01 00:05Z", "01-01 00:10,01-01 01:05" },
	{ "0 9-17/4 * * *", "UTC", "2026-01-01 00:00Z", "01-01 09:00,01-01 13:00,01-01 17:00,01-02 09:00" },
	{ "59 23 31 12 *", "UTC", "2026-01-01 00:00Z", "12-31 23:59" },
	{ "0 0 1 jan *", "UTC", "2026-01-01 00:00Z", "01-01 00:00" },
	{ "0 0 1 1,7 *", "UTC", "2026-01-01 00:00Z", "07-01 00:00,01-01 00:00" },
	{ "0 0 1 mar-may *", "UTC", "2026-01-01 00:00Z", "03-01 00:00,04-01 00:00,05-01 00:00,03-01 00:00" },
	{ "0 0 1 */5 *", "UTC", "2026-01-02 00:00Z", "06-01 00:00,11-01 00:00,01-01 00:00" },
	{ "  30   6 * *  * ", "UTC", "2026-01-01 00:00Z", "01-01 06:30" },
	{ "00 06 01 02 *", "UTC", "2026-01-01 00:00Z", "02-01 06:00" },
	{ "0 0 1 JAN,Feb *", "UTC", "2026-01-01 00:00Z", "02-01 00:00" },
	/* weekdays: 2026-01-01 is a Thursday */
	{ "0 0 * * 0", "UTC", "2026-01-01 00:00Z", "01-04 00:00,01-11 00:00" },
	{ "0 0 * * 7", "UTC", "2026-01-01 00:00Z", "01-04 00:00,01-11 00:00" },
	{ "0 0 * * sun", "UTC", "2026-01-01 00:00Z", "01-04 00:00" },
	{ "0 0 * * mon-fri", "UTC", "2026-01-01 00:00Z", "01-02 00:00,01-05 00:00,01-06 00:00" },
	{ "0 0 * * sat-sun", "UTC", "2026-01-01 00:00Z", "01-03 00:00,01-04 00:00,01-10 00:00" },
	{ "0 0 * * 5-7", "UTC", "2026-01-01 00:00Z", "01-02 00:00,01-03 00:00,01-04 00:00,01-09 00:00" },
	{ "0 0 * * 0-6/3", "UTC", "2026-01-01 00:00Z", "01-03 00:00,01-04 00:00,01-07 00:00" },
	{ "0 0 * * tue,thu", "UTC", "2026-01-01 00:00Z", "01-06 00:00,01-08 00:00" },
	/* day or weekday when both are restricted; a field that begins with * restricts nothing, so both must hold */
	{ "0 0 13 * 5", "UTC", "2026-01-01 00:00Z", "01-02 00:00,01-09 00:00,01-13 00:00,01-16 00:00" },
	{ "0 0 1,15 * mon", "UTC", "2026-01-01 00:00Z", "01-05 00:00,01-12 00:00,01-15 00:00,01-19 00:00" },
	{ "0 0 */2 * 5", "UTC", "2026-01-01 00:00Z", "01-09 00:00,01-23 00:00,02-13 00:00" },
	{ "0 0 13 * *", "UTC", "2026-01-01 00:00Z", "01-13 00:00,02-13 00:00" },
	{ "0 0 29 2 mon", "UTC", "2026-01-01 00:00Z", "02-02 00:00,02-09 00:00" },
	{ "0 0 13 * */5", "UTC", "2026-01-01 00:00Z", "02-13 00:00,03-13 00:00,09-13 00:00" },
	/* last days */
	{ "0 0 L * *", "UTC", "2026-01-01 00:00Z", "01-31 00:00,02-28 00:00,03-31 00:00,04-30 00:00" },
	{ "0 0 L 2 *", "UTC", "2027-03-01 00:00Z", "02-29 00:00" },
	{ "0 0 15,L * *", "UTC", "2026-02-01 00:00Z", "02-15 00:00,02-28 00:00,03-15 00:00" },
	{ "0 0 l * fri", "UTC", "2026-01-25 00:00Z", "01-30 00:00,01-31 00:00,02-06 00:00" },
	{ "0 0 31 * *", "UTC", "2026-01-31 00:00Z", "03-31 00:00,05-31 00:00,07-31 00:00" },
	{ "0 0 30 * *", "UTC", "2026-01-30 00:00Z", "03-30 00:00" },
	{ "0 0 29 2 *", "UTC", "2026-01-01 00:00Z", "02-29 00:00" },
	{ "0 0 29 2 *", "UTC", "2097-01-01 00:00Z", "02-29 00:00" }, /* of 2104: 2100 has none */
	/* names of whole expressions */
	{ "@hourly", "UTC", "2026-01-01 00:00Z", "01-01 01:00,01-01 02:00" },
	{ "@daily", "UTC", "2026-01-01 00:00Z", "01-02 00:00" },
	{ "@midnight", "UTC", "2026-01-01 00:00Z", "01-02 00:00" },
	{ "@weekly", "UTC", "2026-01-01 00:00Z", "01-04 00:00" },
	{ "@monthly", "UTC", "2026-01-01 00:00Z", "02-01 00:00" },
	{ "@yearly", "UTC", "2026-01-01 00:00Z", "01-01 00:00" },
	{ "@Annually", "UTC", "2026-06-01 00:00Z", "01-01 00:00" },
	/* zones */
	{ "0 9 * * *", "Asia/Kolkata", "2026-01-01 00:00Z", "01-01 09:00" },
	{ "0 9 * * *", "Asia/Kathmandu", "2026-01-01 03:15Z", "01-02 09:00" },
	{ "0 0 1 * *", "Pacific/Auckland", "2026-01-31 10:59Z", "02-01 00:00,03-01 00:00" },
	{ "30 23 * * *", "America/St_Johns", "2026-01-01 00:00Z", "12-31 23:30" },
	/* Berlin, 2026-03-29: 02:00 is 03:00 */
	{ "30 2 * * *", "Europe/Berlin", "2026-03-28 02:00Z", "03-29 03:30,03-30 02:30" },
	{ "0 2 * * *", "Europe/Berlin", "2026-03-28 02:00Z", "03-29 03:00,03-30 02:00" },
	{ "0 3 * * *", "Europe/Berlin", "2026-03-28 02:00Z", "03-29 03:00,03-30 03:00" },
	{ "30 1-3 * * *", "Europe/Berlin", "2026-03-28 12:00Z", "03-29 01:30,03-29 03:30,03-30 01:30" },
	{ "*/30 * * * *", "Europe/Berlin", "2026-03-29 00:15Z", "03-29 01:30,03-29 03:00,03-29 03:30" },
	{ "20 * * * *", "Europe/Berlin", "2026-03-29 00:00Z", "03-29 01:20,03-29 03:20,03-29 04:20" },
	{ "20 */2 * * *", "Europe/Berlin", "2026-03-28 23:00Z", "03-29 00:20,03-29 04:20" },
	{ "30 2 29 3 *", "Europe/Berlin", "2026-01-01 00:00Z", "03-29 03:30,03-29 02:30" },
	/* Berlin, 2026-10-25: 03:00 is 02:00 again */
	{ "30 2 * * *", "Europe/Berlin", "2026-10-24 12:00Z", "10-25 02:30,10-26 02:30" },
	{ "30 2 * * *", "Europe/Berlin", "2026-10-25 00:45Z", "10-26 02:30" },
	{ "0 3 * * *", "Europe/Berlin", "2026-10-24 12:00Z", "10-25 03:00,10-26 03:00" },
	{ "*/30 * * * *", "Europe/Berlin", "2026-10-24 23:45Z",
		"10-25 02:00,10-25 02:30,10-25 02:00,10-25 02:30,10-25 03:00" },
	{ "0 */2 * * *", "Europe/Berlin", "2026-10-24 22:30Z", "10-25 02:00,10-25 02:00,10-25 04:00" },
	{ "*/30 2 * * *", "Europe/Berlin", "2026-10-24 12:00Z", "10-25 02:00,10-25 02:30,10-26 02:00" },
	/* New York, 2026-03-08 and 2026-11-01 */
	{ "30 2 * * *", "America/New_York", "2026-03-07 12:00Z", "03-08 03:30,03-09 02:30" },
	{ "0 * * * *", "America/New_York", "2026-03-08 06:30Z", "03-08 03:00,03-08 04:00" },
	{ "30 1 * * *", "America/New_York", "2026-10-31 12:00Z", "11-01 01:30,11-02 01:30" },
	{ "30 * * * *", "America/New_York", "2026-11-01 04:45Z", "11-01 01:30,11-01 01:30,11-01 02:30" },
	{ "0 0 * * sun", "America/New_York", "2026-03-05 12:00Z", "03-08 00:00,03-15 00:00" },
	/* Lord Howe jumps by half an hour: 2026-10-04 02:00 is 02:30, 2026-04-05 02:00 is 01:30 again */
	{ "15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00Z", "10-04 02:45,10-05 02:15" },
	{ "*/20 * * * *", "Australia/Lord_Howe", "2026-10-03 15:15Z", "10-04 02:40,10-04 03:00" },
	{ "45 1 * * *", "Australia/Lord_Howe", "2026-04-04 12:00Z", "04-05 01:45,04-06 01:45" },
	{ "45 * * * *", "Australia/Lord_Howe", "2026-04-04 14:00Z", "04-05 01:45,04-05 01:45,04-05 02:45" },
	/* midnight itself is skipped or shown twice; a whole day that never was */
	{ "0 0 * * *", "Asia/Beirut", "2026-03-28 12:00Z", "03-29 01:00,03-30 00:00" },
	{ "30 23 * * *", "Asia/Beirut", "2026-10-24 12:00Z", "10-24 23:30,10-25 23:30" },
	{ "0 9 * * *", "Pacific/Apia", "2011-12-29 20:00Z", "12-31 09:00,01-01 09:00" },
};

static void cron_ticks_of_expressions_in_time_zones(void **state)
{
	struct work w;

	(void)state;
	work_init(&w);
	assert_true(sizeof(ticks) / sizeof(ticks[0]) >= 60);
	for (size_t i = 0; i < sizeof(ticks) / sizeof(ticks[0]); i++) {
		const struct tick *t = &ticks[i];
		int n = 1;

		for (const char *p = t->ticks; *p != '\0'; p++)
			n += *p == ',';
		str sql = arena_printf(w.arena,
			"with recursive t as (select q.cron_next('%s', '%s', '%s') as at, 1 as n union all"
			" select q.cron_next('%s', '%s', at), n + 1 from t where n < %d)"
			" select string_agg(to_char(at at time zone '%s', 'MM-DD HH24:MI'), ',' order by n) from t%c",
			t->cron, t->zone, t->after, t->cron, t->zone, n, t->zone, '\0');
		const char *got = db_test_value(sql.p);

		if (strcmp(got, t->ticks) != 0)
			fail_msg("%s in %s after %s: %s, not %s", t->cron, t->zone, t->after, got, t->ticks);
	}
	work_end(&w);
}

static void cron_what_is_no_expression_is_refused_and_named(void **state)
{
	static const char *const bad[][2] = { { "", "" }, { "* * * *", "* * * *" }, { "* * * * * *", "* * * * * *" },
		{ "60 * * * *", "minute: 60" }, { "* 24 * * *", "hour: 24" }, { "* * 0 * *", "day: 0" },
		{ "* * 32 * *", "day: 32" }, { "* * * 13 *", "month: 13" }, { "* * * 0 *", "month: 0" },
		{ "* * * * 8", "weekday: 8" }, { "5-1 * * * *", "minute: 5-1" }, { "*/0 * * * *", "minute: */0" },
		{ "5/10 * * * *", "minute: 5/10" }, { "1,,2 * * * *", "minute: " }, { "-1 * * * *", "minute: -1" },
		{ "* * * foo *", "month: foo" }, { "* * * * monday", "weekday: monday" }, { "@reboot", "@reboot" },
		{ "mon * * * *", "minute: mon" }, { "* * LW * *", "day: lw" }, { "0x1 * * * *", "minute: 0x1" } };
	struct work w;
	struct conn *conn;

	(void)state;
	work_init(&w);
	conn = db_test_conn(&w, NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *values[] = { bad[i][0] };
		PGresult *res = PQexecParams(
			conn_pg(conn), "select q.cron_next($1, 'UTC', now())", 1, NULL, values, NULL, NULL, 0);

		if (PQresultStatus(res) != PGRES_FATAL_ERROR)
			fail_msg("%s is taken", bad[i][0]);
		assert_string_equal(PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY), "cron.expression");
		assert_string_equal(PQresultErrorField(res, PG_DIAG_MESSAGE_DETAIL), bad[i][1]);
		PQclear(res);
	}
	conn_close(&conn);
	work_end(&w);
	assert_string_equal(
		db_test_value("select q.cron_next('0 0 29 2 *', 'UTC', '2096-03-01Z') = '2104-02-29Z'"), "t");
}

static void put(const char *name, const char *cron, const char *policy, int most)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		"select q.schedule_put('%s', '%s', 'UTC', 'test', 'test.one', '{\"n\": 1}', 0::smallint, '%s', %d, 'cli:test', 'a test')",
		name, cron, policy, most);
	db_test_sql(sql);
}

static int empty_schedules(void **state)
{
	db_test_sql("truncate q.schedule");
	return empty_queue(state);
}

/* Two processes and many ticks, each of which both see: the clock of the schedule is set back between looks. */
static void cron_a_tick_is_one_job_whoever_looks(void **state)
{
	static const struct stage stage = {
		.name = "test", .kind = "test.one", .lease_s = 30, .attempts = 3, .settle = note_settle
	};
	struct run run = run_of(&stage);
	pid_t pid;

	(void)state;
	put("often", "* * * * *", "all", 60);
	pid = run_fork(&run, NULL);
	run_start(&run);
	for (int back = 20; back <= 60; back += 20) {
		char sql[256], keys[16];

		snprintf(sql, sizeof(sql),
			"update q.schedule set next_at = date_trunc('minute', now()) - interval '%d min'", back - 1);
		db_test_sql(sql);
		snprintf(keys, sizeof(keys), "t");
		snprintf(sql, sizeof(sql),
			"select count(*) >= %d and bool_and(exists (select from q.run r where r.job_id = j.id)) from q.job j",
			back);
		eventually(sql, keys);
	}
	run_stop(&run);
	kill(pid, SIGTERM);
	assert_int_equal(run_wait(pid), 0);
	assert_string_equal(
		db_test_value(
			"select count(*) = count(distinct args->>'tick') and count(*) = count(distinct key)"
			" and bool_and(key = 'cron:often:' || (args->>'tick')) and bool_and(created_by = 'cron:often')"
			" and bool_and(args->>'n' = '1') from q.job"),
		"t");
	assert_string_equal(
		db_test_value("select count(*) = (select count(*) from q.job) and max(attempt) = 1 from q.run"), "t");
	assert_string_equal(db_test_value("select count(*) = count(distinct job) from seen"), "t");
}

/* Eight sessions at once, as eight workers would. */
static void *look(void *arg)
{
	struct work w;
	struct conn *conn;

	(void)arg;
	work_init(&w);
	conn = db_test_conn(&w, "patchwork_worker");
	for (int i = 0; i < 20; i++)
		PQclear(PQexec(conn_pg(conn), "select q.cron_tick()"));
	conn_close(&conn);
	work_end(&w);
	return NULL;
}

static void cron_a_tick_is_one_job_under_contention(void **state)
{
	pthread_t threads[8];

	(void)state;
	for (int i = 0; i < 10; i++) {
		char name[16];

		snprintf(name, sizeof(name), "s%d", i);
		put(name, "* * * * *", "all", 5);
	}
	db_test_sql("update q.schedule set next_at = date_trunc('minute', now()) - interval '4 min'");
	for (int i = 0; i < 8; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look, NULL), 0);
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	assert_string_equal(db_test_value("select bool_and(n between 5 and 6) and count(*) = 10 from"
					  " (select count(*) n from q.job group by split_part(key, ':', 2)) x"),
		"t");
	/* what a look does again because it knows no better changes nothing */
	db_test_sql("create table before as select count(*) n from q.job;"
		    "update q.schedule set next_at = next_at - interval '3 min'; select q.cron_tick()");
	assert_string_equal(db_test_value("select count(*) - (select n from before) <= 10 from q.job"), "t");
	assert_string_equal(db_test_value("select count(*) = count(distinct key) from q.job"), "t");
	db_test_sql("drop table before");
}

/* Nobody looked while ten ticks of an hourly schedule went by, the last of them half an hour ago. */
static void outage(const char *policy, int most, const char *jobs, const char *first)
{
	char cron[32], sql[256];

	empty_schedules(NULL);
	snprintf(cron, sizeof(cron), "%s * * * *",
		db_test_value("select extract(minute from now() - interval '30 min')"));
	put("hourly", cron, policy, most);
	db_test_sql("update q.schedule set next_at = next_at - interval '10 h'");
	db_test_sql("select q.cron_tick()");
	db_test_sql("select q.cron_tick()");
	assert_string_equal(db_test_value("select count(*) from q.job"), jobs);
	assert_string_equal(
		db_test_value("select next_at > now() and next_at < now() + interval '1 h' from q.schedule"), "t");
	if (first == NULL)
		return;
	snprintf(sql, sizeof(sql),
		"select min(job.args->>'tick') = q.cron_text(next_at - interval '%s') and max(job.args->>'tick') ="
		" q.cron_text(next_at - interval '1 h') from q.job, q.schedule group by next_at",
		first);
	assert_string_equal(db_test_value(sql), "t");
}

static void cron_an_outage_is_made_up_for_as_declared(void **state)
{
	static const char *const policies[] = { "skip", "one", "all" };

	(void)state;
	outage("skip", 100, "0", NULL);
	outage("one", 100, "1", "1 h");
	outage("all", 100, "10", "10 h");
	outage("all", 4, "4", "4 h");
	/* seen in time, a tick is a job under every policy */
	for (int i = 0; i < 3; i++) {
		empty_schedules(NULL);
		put("now", "* * * * *", policies[i], 10);
		db_test_sql("update q.schedule set next_at = date_trunc('minute', now()); select q.cron_tick()");
		assert_string_equal(db_test_value("select count(*) from q.job"), "1");
	}
}

static void cron_a_schedule_that_fails_holds_up_no_other(void **state)
{
	(void)state;
	put("bad", "* * * * *", "all", 1);
	put("good", "* * * * *", "all", 1);
	db_test_sql(
		"update q.schedule set next_at = now() - interval '2 min' - case name when 'bad' then interval '1 min' else '0' end");
	db_test_sql("update q.schedule set zone = 'Nowhere/Atall' where name = 'bad'");
	db_test_sql("select q.cron_tick()");
	assert_string_equal(db_test_value("select string_agg(split_part(key, ':', 2), ',') from q.job"), "good");
	assert_string_equal(
		db_test_value(
			"select error like '%Nowhere/Atall%' and failed_at is not null from q.schedule where name = 'bad'"),
		"t");
	assert_string_equal(db_test_value("select failed from q.cron_tick()"), "0"); /* not each second */
	db_test_sql(
		"update q.schedule set zone = 'UTC', failed_at = failed_at - interval '2 min'; select q.cron_tick()");
	assert_string_equal(db_test_value("select count(*) from q.job"), "2");
	assert_string_equal(
		db_test_value("select count(*) from q.schedule where error is null and failed_at is null"), "2");
}

static void cron_changes_are_audited_and_off_is_off(void **state)
{
	(void)state;
	db_test_sql("create table here as select coalesce(max(id), 0) n from audit.log");
	put("a", "@daily", "one", 1);
	put("a", "@hourly", "one", 1);
	assert_string_equal(db_test_value("select q.schedule_enable('a', false, 'cli:test', 'why')"), "changed");
	assert_string_equal(db_test_value("select q.schedule_enable('a', false, 'cli:test', 'why')"), "unchanged");
	db_test_sql("update q.schedule set next_at = now() - interval '3 h'; select q.cron_tick()");
	assert_string_equal(db_test_value("select count(*) from q.job"), "0");
	assert_string_equal(db_test_value("select q.schedule_enable('a', true, 'cli:test', 'why')"), "changed");
	assert_string_equal(db_test_value("select next_at > now() from q.schedule"), "t");
	db_test_sql("select q.cron_tick()");
	assert_string_equal(db_test_value("select count(*) from q.job"), "0");
	assert_string_equal(db_test_value("select q.schedule_remove('a', 'cli:test', 'why')"), "t");
	assert_string_equal(db_test_value("select q.schedule_remove('a', 'cli:test', 'why')"), "f");
	assert_string_equal(
		db_test_value(
			"select string_agg(action || ' ' || object_id || ' ' || reason, ',' order by id) from audit.log"
			" where id > (select n from here)"),
		"operator.cron_add a a test,operator.cron_change a a test,operator.cron_disable a why,operator.cron_enable a why,"
		"operator.cron_remove a why");
	db_test_sql("drop table here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cron_ticks_of_expressions_in_time_zones),
		cmocka_unit_test(cron_what_is_no_expression_is_refused_and_named),
		cmocka_unit_test_setup(cron_a_tick_is_one_job_whoever_looks, empty_schedules),
		cmocka_unit_test_setup(cron_a_tick_is_one_job_under_contention, empty_schedules),
		cmocka_unit_test_setup(cron_an_outage_is_made_up_for_as_declared, empty_schedules),
		cmocka_unit_test_setup(cron_a_schedule_that_fails_holds_up_no_other, empty_schedules),
		cmocka_unit_test_setup(cron_changes_are_audited_and_off_is_off, empty_schedules),
	};

	if (getenv("TEST_ONLY") != NULL)
		cmocka_set_test_filter(getenv("TEST_ONLY"));
	return cmocka_run_group_tests(tests, open_queue, close_queue);
}
