/* The history of runs, over 200,000 of them: every filter finds what reading all of it finds, page by page, and no page reads it. */
#include "queue_help.h"

#define BUFFERS 8000 /* of one page: 2,048 rows are looked at at most, each by a few */

/* What is asked, in arguments of f() in tests/db/history.sql, and the same as a condition on all jobs j and runs r. */
static const struct filter {
	const char *name, *asked, *meant;
} filters[] = {
	{ "all", "", "true" },
	{ "job", "job => 777", "j.id = 777" },
	{ "a job of two runs", "job => 1001", "j.id = 1001" },
	{ "a job that is not there", "job => 999999999", "false" },
	{ "project", "project => p(10)", "j.project_id = p(10)" },
	{ "project without jobs", "project => p(11)", "false" },
	{ "project and kind", "project => p(10), kind => 'pay.send'", "j.project_id = p(10) and j.kind = 'pay.send'" },
	{ "stage", "queue => 'pay'", "j.queue = 'pay'" },
	{ "stage without jobs", "queue => 'nope'", "false" },
	{ "kind of most jobs", "kind => 'verify.merge'", "j.kind = 'verify.merge'" },
	{ "kind of ten old jobs", "kind => 'old.rare'", "j.kind = 'old.rare'" },
	{ "state of most runs", "state => 'done'", "r.state = 'done'" },
	{ "state of few runs", "state => 'parked'", "r.state = 'parked'" },
	{ "code", "code => 'github.rate_limited'", "r.error_code = 'github.rate_limited'" },
	{ "code of one run", "code => 'pay.reverted'", "r.error_code = 'pay.reverted'" },
	{ "code of no run", "code => 'nope'", "false" },
	{ "code and kind", "code => 'github.rate_limited', kind => 'old.rare'",
		"r.error_code = 'github.rate_limited' and j.kind = 'old.rare'" },
	{ "actor", "actor => 'cli:ann'", "j.created_by = 'cli:ann'" },
	{ "actor of most jobs", "actor => 'patchwork_worker'", "j.created_by = 'patchwork_worker'" },
	{ "time", "since => t(100000), until => t(101000)",
		"r.finished_at >= t(100000) and r.finished_at < t(101000)" },
	{ "time and state", "since => t(100000), until => t(120000), state => 'failed'",
		"r.finished_at >= t(100000) and r.finished_at < t(120000) and r.state = 'failed'" },
	{ "before all", "until => t(0)", "false" },
	{ "stage and state that never meet", "queue => 'pay', state => 'parked'",
		"j.queue = 'pay' and r.state = 'parked'" },
};

#define N_FILTERS (sizeof(filters) / sizeof(filters[0]))

static int begin(void **state)
{
	static char text[16384];
	FILE *file = fopen("tests/db/history.sql", "re");
	size_t n;

	(void)state;
	db_test_open();
	assert_non_null(file);
	n = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	assert_true(n < sizeof(text) - 1);
	text[n] = '\0';
	db_test_sql(text);
	db_test_sql("vacuum analyze q.job");
	db_test_sql("vacuum analyze q.run");
	return 0;
}

static int end(void **state)
{
	(void)state;
	db_test_close();
	return 0;
}

static const char *ask(const char *format, ...)
{
	char sql[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(sql, sizeof(sql), format, args);
	va_end(args);
	return db_test_value(sql);
}

static void compare_all(void)
{
	for (size_t i = 0; i < N_FILTERS; i++) {
		char want[64];

		snprintf(want, sizeof(want), "%s", ask("select read_all($$%s$$)", filters[i].meant));
		if (strcmp(ask("select walked(f(%s), 997)", filters[i].asked), want) != 0)
			fail_msg("%s: %s, by reading all %s", filters[i].name,
				ask("select walked(f(%s), 997)", filters[i].asked), want);
	}
}

static void bounded(const struct filter *f)
{
	const char *got = ask("select cost(f(%s)) || ' ' || scans()", f->asked);
	long buffers;
	char *rest;

	buffers = strtol(got, &rest, 10);
	if (buffers > BUFFERS || strcmp(rest, " 0") != 0)
		fail_msg("%s: buffers of a page, tables read from end to end: %s", f->name, got);
}

/* Before any span is there, as in a database of an earlier version. */
static void o4_history_without_spans(void **state)
{
	(void)state;
	assert_string_equal(db_test_value("select count(*) from q.span"), "0");
	compare_all();
}

static void o4_spans_are_written_behind_the_head(void **state)
{
	(void)state;
	assert_string_equal(db_test_value("select sum(q.spans_ahead(40)) from generate_series(1, 4)"), "92");
	assert_string_equal(db_test_value("select q.spans_ahead(40)"), "0");
	assert_string_equal(
		db_test_value("select count(*) || ' ' || max(n) || ' ' || sum(jobs) from q.span"), "92 91 188415");
	assert_string_equal(
		db_test_value(
			"select string_agg(n || ' ' || kinds::text, ' ') from q.span where 'old.rare' = any (kinds)"),
		"2 {old.rare,pay.send,verify.merge}");
	assert_string_equal(
		db_test_value("select string_agg(n || ' ' || open, ', ') from q.span where again_at is not null"),
		"0 1"); /* a parked job may run again */
}

static void o4_history_by_every_filter(void **state)
{
	(void)state;
	compare_all();
}

static void o4_no_page_reads_the_history(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_FILTERS; i++)
		bounded(&filters[i]);
}

/* Arguments of q.replayable, and the jobs that they mean. */
static const struct replay {
	const char *asked, *meant;
} replays[] = {
	{ "null, null, 'old.rare', null, null, null, null, null", "j.kind = 'old.rare'" },
	{ "null, 'nope', null, null, null, null, null, null", "false" },
	{ "null, 'verify', 'old.rare', 'done', null, null, null, null", "j.kind = 'old.rare' and j.queue = 'verify'" },
	{ "null, null, null, null, 'pay.reverted', null, null, null", "j.id = 130" },
	{ "null, null, 'old.rare', null, 'github.rate_limited', null, null, null",
		"j.kind = 'old.rare' and j.id % 19 = 1" },
	{ "null, null, null, 'parked', null, null, null, null", "j.id = 130" },
	{ "null, null, null, null, null, p(10), null, null", "j.project_id = p(10)" },
	{ "null, null, null, null, null, null, t(100000), t(100200)",
		"j.created_at >= t(100000) and j.created_at < t(100200)" },
	{ "array[7, 7, 130], null, null, null, null, null, null, null", "j.id in (7, 130)" },
};

/* What a replay takes is what reading all of it finds, and comes from indexes and spans. */
static void o5_replay_filters_read_what_they_find(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(replays) / sizeof(replays[0]); i++) {
		char want[128];

		snprintf(want, sizeof(want), "%s",
			ask("select count(*) || ' ' || coalesce(sum(j.id), 0) || ' 0' from q.job j where %s",
				replays[i].meant));
		assert_string_equal(
			ask("select (select count(*) || ' ' || coalesce(sum(r.job_id), 0) from q.replayable(%s) r) || ' '"
			    " || scans()",
				replays[i].asked),
			want);
	}
}

/* Ids are given before their transactions end: what comes late is found, at once and when its span is no longer young. */
static void o4_late_jobs_are_found(void **state)
{
	(void)state;
	db_test_sql(
		"select setval('q.job_id', 194560)"); /* one job of the next span is open, the others were rolled back */
	db_test_sql(
		"insert into q.job (id, queue, kind, args, root_id, created_by, created_at)"
		" values (194559, 'score', 'score.payout', '{}', 194559, 'patchwork_worker', now() - interval '2 hours'),"
		" (194561, 'score', 'score.payout', '{}', 194561, 'patchwork_worker', now())");
	assert_int_equal(atoi(db_test_value("select q.spans_ahead(40)")), 3);
	db_test_sql("insert into q.job (id, queue, kind, args, root_id, created_by)"
		    " values (193000, 'score', 'late.job', '{}', 193000, 'cli:bob');"
		    "insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at)"
		    " values (193000, 1, 'done', 1, 1, now(), now())");
	assert_string_equal(db_test_value("select again_at > now() + interval '1 hour' from q.span where n = 94"), "t");
	db_test_sql("update q.span set again_at = now() where n = 94");
	assert_int_equal(atoi(db_test_value("select q.spans_ahead(40)")), 1);
	assert_string_equal(
		db_test_value("select job_id from q.history(f(kind => 'late.job'), null, null, 5)"), "193000");
	assert_string_equal(
		db_test_value("select job_id from q.history(f(actor => 'cli:bob'), null, null, 5)"), "193000");
}

static void o4_a_job_that_ran_again_is_found(void **state)
{
	(void)state;
	db_test_sql("insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at)"
		    " values (130, 2, 'cancelled', 1, 1, t(180000), t(180001))");
	assert_string_equal(
		db_test_value("select job_id || '.' || attempt from q.history(f(state => 'cancelled'), null, null, 5)"),
		"130.2");
	db_test_sql("update q.span set again_at = now() where n = 0");
	assert_int_equal(atoi(db_test_value("select q.spans_ahead(40)")), 1);
	assert_string_equal(
		db_test_value("select open || ' ' || (again_at is null) from q.span where n = 0"), "0 true");
}

static void o4_only_workers_write_spans(void **state)
{
	(void)state;
	assert_string_equal(
		db_test_value(
			"select string_agg(r, ' ') from unnest(array['patchwork_api', 'patchwork_worker', 'patchwork_relay',"
			" 'patchwork_auditor', 'patchwork_operator']) r where has_function_privilege(r, 'q.spans_ahead(int)', 'execute')"
			" or has_table_privilege(r, 'q.span', 'insert')"),
		"patchwork_worker");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(o4_history_without_spans),
		cmocka_unit_test(o4_spans_are_written_behind_the_head),
		cmocka_unit_test(o4_history_by_every_filter),
		cmocka_unit_test(o4_no_page_reads_the_history),
		cmocka_unit_test(o5_replay_filters_read_what_they_find),
		cmocka_unit_test(o4_late_jobs_are_found),
		cmocka_unit_test(o4_a_job_that_ran_again_is_found),
		cmocka_unit_test(o4_only_workers_write_spans),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
