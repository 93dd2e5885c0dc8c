/* What the schema refuses, refused by its code: each a statement that breaks one rule alone, as a constraint's name or as the
 * message of an exception. A code that is reached by a request or a command has its test there. */
#include "tests/unit/check.h"

#include <string.h>

#include "pipeline/queue/budget.h"
#include "rows.h"
#include "stages/stages.h"

#define LIMIT(NAME, BY, MOST, RATE, BURST, ACTOR, REASON)                                                              \
	"select q.limit_set(" NAME ", 'test', null, " BY ", " MOST ", " RATE ", " BURST ", " ACTOR ", " REASON ")"
#define CRON(NAME, ACTOR, REASON)                                                                                      \
	"select q.schedule_put(" NAME ", '* * * * *', 'UTC', 'test', 'test.one', '{}', 0::smallint, 'one', 1, " ACTOR  \
	", " REASON ")"
#define BATCH(ACTOR, REASON, FILTER, RATE)                                                                             \
	"insert into q.batch (actor, reason, filter, rate) values (" ACTOR ", " REASON ", " FILTER ", " RATE ")"
#define PROGRESS(DONE, TOTAL, NOTE)                                                                                    \
	"insert into q.progress (job_id, attempt, done, total, note) values (1, 1, " DONE ", " TOTAL ", " NOTE ")"
#define DETACHED(ACTOR, REASON)                                                                                        \
	"insert into q.detached (n, jobs, runs, sha256, actor, reason) values (0, 0, 0, '\\x00', " ACTOR ", " REASON ")"
#define LONG(N) "repeat('x', " #N ")"

static const struct refusal {
	const char *code, *sql;
} refusals[] = {
	{ "outbox.key", "select q.emit('test.told', '', 'thing/1', '{}')" },
	{ "outbox.key", "select q.emit('test.told', " LONG(513) ", 'thing/1', '{}')" },
	{ "audit.action", "select audit.append('Done', 'thing', '1')" },
	{ "audit.action", "select audit.append('done', 'thing', '1')" },
	{ "audit.detail", "select audit.append('test.done', 'thing', '1', '[]')" },
	{ "queue.limit_name", LIMIT("'Odd Name'", "null", "1", "null", "1", "'cli:me'", "'why'") },
	{ "queue.limit_by", LIMIT("'one'", "''", "1", "null", "1", "'cli:me'", "'why'") },
	{ "queue.limit_most", LIMIT("'one'", "null", "-1", "null", "1", "'cli:me'", "'why'") },
	{ "queue.limit_rate", LIMIT("'one'", "null", "null", "0", "1", "'cli:me'", "'why'") },
	{ "queue.limit_rate", LIMIT("'one'", "null", "null", "1000001", "1", "'cli:me'", "'why'") },
	{ "queue.limit_burst", LIMIT("'one'", "null", "null", "1", "0", "'cli:me'", "'why'") },
	{ "queue.limit_actor", LIMIT("'one'", "null", "1", "null", "1", "''", "'why'") },
	{ "queue.limit_reason", LIMIT("'one'", "null", "1", "null", "1", "'cli:me'", "''") },
	{ "queue.limit_reason", "select q.limit_drop('one', 'cli:me', '')" },
	{ "queue.limit_empty", LIMIT("'one'", "null", "null", "null", "1", "'cli:me'", "'why'") },
	{ "verify.reason",
		"insert into core.resolution (submission_id, decision, actor, reason) values ('" SUBMISSION
		"', 'accept', 'cli:me', ' ')" },
	{ "replay.actor", BATCH("''", "'why'", "'{}'", "1") },
	{ "replay.reason", BATCH("'cli:me'", "''", "'{}'", "1") },
	{ "replay.filter", BATCH("'cli:me'", "'why'", "'[]'", "1") },
	{ "replay.rate", BATCH("'cli:me'", "'why'", "'{}'", "0") },
	{ "replay.rate", BATCH("'cli:me'", "'why'", "'{}'", "100001") },
	{ "cron.name", CRON("'Odd Name'", "'cli:me'", "'why'") },
	{ "cron.actor", CRON("'nightly'", "''", "'why'") },
	{ "cron.actor", "select q.schedule_enable('nightly', false, '', 'why')" },
	{ "cron.reason", CRON("'nightly'", "'cli:me'", "''") },
	{ "cron.reason", "select q.schedule_remove('nightly', 'cli:me', '')" },
	{ "queue.progress", PROGRESS("-1", "null", "null") },
	{ "queue.progress_total", PROGRESS("1", "-1", "null") },
	{ "queue.progress_note", PROGRESS("1", "null", LONG(501)) },
	{ "queue.step_name", "insert into q.step (job_id, name, attempt) values (1, 'Odd Name', 1)" },
	{ "queue.step_output",
		"insert into q.step (job_id, name, attempt, output) values (1, 'one', 1, to_jsonb(" LONG(65537) "))" },
	{ "history.actor", DETACHED("''", "'why'") },
	{ "history.reason", DETACHED("'cli:me'", "''") },
};

static void assert_refused(const struct refusal *r)
{
	PGresult *res = PQexec(conn_pg(rows_conn), r->sql);
	const char *constraint = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
	const char *said = constraint != NULL ? constraint : PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	if (said == NULL || strcmp(said, r->code) != 0)
		fail_msg("%s: %s, not %s", r->sql, said == NULL ? "nothing" : said, r->code);
	PQclear(res);
}

static void the_schema_refuses_by_its_codes(void **state)
{
	(void)state;
	conn_close(&rows_conn);
	rows_conn = db_test_conn(&rows_work, "patchwork_owner");
	for (size_t i = 0; i < COUNT(refusals); i++)
		assert_refused(&refusals[i]);
	assert_value(
		"select (select count(*) from q.limits) + (select count(*) from q.schedule) + (select count(*) from"
		" q.batch) + (select count(*) from q.progress) + (select count(*) from q.step)",
		"0");
}

/* What an enqueued job names and the database has not: parked, with the kind's own code. */
static void what_is_not_there_is_refused(void **state)
{
	static const struct {
		const struct stage *stage;
		const char *args, *code;
	} cases[] = {
		{ &sync_check, "{\"check_id\": \"" ID(99) "\"}", "sync.check_unknown" },
		{ &sync_command, "{\"delivery_id\": 99}", "sync.delivery_unknown" },
		{ &verify_wallet, "{\"check_id\": \"" ID(99) "\"}", "verify.wallet_unknown" },
	};
	void *task;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		task = NULL;
		assert_false(rows_plan(&rows_work, rows_conn, cases[i].stage, cases[i].args, &task));
		assert_err(&rows_work, ERR_INVALID, cases[i].code);
	}
	task = arena_zero(rows_work.arena, score_payout.task.size);
	assert_false(rows_settle(&rows_work, rows_conn, &score_payout, task));
	assert_err(&rows_work, ERR_INVALID, "score.payout_unknown");
}

/* A delivery that is enqueued as a command, and holds none. */
static void a_delivery_without_a_command_is_refused(void **state)
{
	void *task = NULL;

	(void)state;
	db_test_sql("insert into ingest.delivery (guid, event, secret_no, body, body_sha256) select gen_random_uuid(),"
		    " 'issue_comment', 0, t, sha256(t) from convert_to('{\"action\": \"created\"}', 'utf8') t");
	assert_false(rows_plan(&rows_work, rows_conn, &sync_command,
		arena_cstr(rows_work.arena,
			arena_printf(rows_work.arena, "{\"delivery_id\": %s}",
				db_test_value("select max(id) from ingest.delivery"))),
		&task));
	assert_err(&rows_work, ERR_INVALID, "sync.command_unknown");
}

/* A webhook is asked for, and this worker has no key to seal its secret with. */
static void without_a_key_no_webhook_is_made(void **state)
{
	void *task = NULL;

	(void)state;
	sync_use_hooks(NULL, (str){ 0 });
	assert_false(rows_plan(&rows_work, rows_conn, &sync_hook, "{\"hook_id\": \"" ID(99) "\"}", &task));
	assert_err(&rows_work, ERR_INVALID, "hook.unconfigured");
}

static void github_is_asked_in_turn(void **state)
{
	static const struct quota_need need = { QUOTA_SYNC, .core = 1 };
	struct runner_conf c = { .account = "test", .turns = 1 };
	struct tx tx = tx_auto(rows_conn);

	(void)state;
	rows_work.quota = quota_new(rows_work.arena);
	assert_true(budget_take(&rows_work, &tx, &c, &need, USEC_S * 600));
	rows_work.job++;
	assert_false(budget_take(&rows_work, &tx, &c, &need, USEC_S * 600));
	assert_true(rows_work.err.snooze && rows_work.err.retry_after > 0);
	assert_err(&rows_work, ERR_RETRY, "github.turn");
}

/* GitHub's secondary limits: points a minute, and what is written: one a second, 450 an hour. */
static void github_is_asked_at_its_pace(void **state)
{
	static const struct {
		const char *columns, *values;
		struct quota_need need;
	} cases[] = {
		{ "per_minute, points", "1, 1000", { QUOTA_SYNC, .core = 1 } },
		{ "written_at", "now() + interval '1 day'", { QUOTA_SYNC, .core = 1, .writes = true } },
		{ "written_from, writes", "now(), 450", { QUOTA_SYNC, .core = 1, .writes = true } },
	};
	struct runner_conf c = { .account = "test", .turns = 1 };
	struct tx tx = tx_auto(rows_conn);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		db_test_sql(arena_printf(rows_work.arena,
			"delete from ingest.rate_budget; insert into ingest.rate_budget (credential, resource, %s)"
			" values ('test', 'core', %s)%c",
			cases[i].columns, cases[i].values, '\0')
				    .p);
		rows_work.quota = quota_new(rows_work.arena);
		assert_false(budget_take(&rows_work, &tx, &c, &cases[i].need, USEC_S));
		assert_true(rows_work.err.snooze && rows_work.err.retry_after > 0);
		assert_err(&rows_work, ERR_RETRY, "github.pace");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_schema_refuses_by_its_codes, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(what_is_not_there_is_refused, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(without_a_key_no_webhook_is_made, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(github_is_asked_in_turn, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(github_is_asked_at_its_pace, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(a_delivery_without_a_command_is_refused, rows_start, rows_stop),
	};

	return cmocka_run_group_tests_name("refusals", tests, rows_begin, rows_end);
}
