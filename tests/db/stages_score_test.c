/* score on real rows: what was paid becomes points, and points become boards. */
#include "tests/unit/check.h"

#include "rows_pay.h"

static void only_what_was_paid_is_scored(void **state)
{
	void *task;

	(void)state;
	proven();
	task = rows_planned(&score_payout, CONFIRM);
	assert_false(rows_settle(&rows_work, rows_conn, &score_payout, task));
	assert_err(&rows_work, ERR_INVALID, "score.not_paid");
	assert_value("select count(*) from rep.event", "0");
}

/* Points fall with each merge of the month in one project; the boards are the sum of the events. */
static void points_fall_within_a_month(void **state)
{
	void *task;

	(void)state;
	proven();
	db_test_sql(
		"update ledger.payout set state = 'paid', tx_hash = '\\x00', paid_at = now();"
		"insert into rep.formula (version, sha256, body) values (1, sha256('x'), '{}');"
		"insert into rep.event (person_id, project_id, kind, points_micro, formula_version, source_type, source_id, occurred_at)"
		" select '" ALICE "', '" PROJECT "', 'merge', 1, 1, 'payout', gen_random_uuid(), t from unnest(array["
		"'2025-12-31 23:59:59Z', '2026-01-01Z', '2026-01-31 23:59:59Z', '2026-02-01Z']::timestamptz[]) t");
	task = rows_planned(&score_payout, CONFIRM);
	rows_settled_twice(&score_payout, task);
	assert_value("select points_micro from rep.event order by id desc limit 1",
		"650000"); /* two earlier ones in January, whichever version counted them */
	assert_value("select count(*) from rep.score", "2");
	db_test_sql("update rep.formula set sha256 = sha256('y') where version = 2");
	assert_false(rows_settle(&rows_work, rows_conn, &score_payout, task));
	assert_err(&rows_work, ERR_BUG, "score.formula_changed");
}

#define EVENTS "select string_agg(formula_version || ' ' || points_micro, ',' order by id) from rep.event"
#define BOARDS "select string_agg(formula_version || ' ' || points_micro || ' ' || event_count, ',') from rep.score"
/* I7: what the events of all versions since the first one make, beside what stands on the boards. */
#define BOARDS_ARE_EVENTS                                                                                                       \
	"select count(*) from rep.score s full join (select e.person_id, t.scope, sum(e.points_micro) as points, count(*) as n" \
	" from rep.event e cross join lateral (values ('global'), (e.project_id::text)) t (scope) group by 1, 2) m"             \
	" on (m.person_id, m.scope) = (s.person_id, s.scope) where (s.points_micro, s.event_count) is distinct from (m.points, m.n)"

/* The payout is paid, and before it, that long ago, a bounty that this person funded paid the funder of its own. */
static void *paid_to_and_fro(const char *person, const char *ago)
{
	proven();
	db_test_sql(arena_printf(rows_work.arena,
		"update ledger.payout set state = 'paid', tx_hash = '\\x00', paid_at = now();"
		"do $$ begin set local session_replication_role = replica;" /* no issue, pull request or submission of it is needed */
		"insert into core.contribution (bounty_id, funder_id, asset_id, deposit_tx, state, funder, amount, log_index, block_hash)"
		" values ('" ID(
			62) "', '%s', '" ASSET "', decode(repeat('c3', 32), 'hex'), 'confirmed',"
			    " decode(repeat('a1', 20), 'hex'), 1000, 0, decode(repeat('bb', 32), 'hex'));"
			    "insert into ledger.payout (key, chain_key, submission_id, person_id, bounty_id, asset_id, amount, payee, state, due_at,"
			    " tx_hash, paid_at) values ('payout:back', sha256('back'), '" ID(65) "', '" FUNDER "', '" ID(
				    62) "', '" ASSET
					"', 1000, decode(repeat('f1', 20), 'hex'), 'paid', now(), sha256('t'), now() - interval '%s'); end $$%c",
		person, ago, '\0')
			    .p);
	return rows_planned(&score_payout, CONFIRM);
}

static void r4_reciprocal_payments_count_a_quarter(void **state)
{
	(void)state;
	rows_settled_twice(&score_payout, paid_to_and_fro(ALICE, "89 days"));
	assert_value(EVENTS, "2 250000");
	assert_value(BOARDS, "1 250000 1,1 250000 1");
	assert_value(BOARDS_ARE_EVENTS, "0");
}

static void r4_kin_count_as_the_person(void **state)
{
	(void)state;
	db_test_sql("insert into core.wallet (person_id, chain_id, caip10, address, unlinked_at) values ('" BOB
		    "', 338, 'x', decode(repeat('a1', 20), 'hex'), now())");
	rows_settled(&score_payout, paid_to_and_fro(BOB, "1 day"));
	assert_value(EVENTS, "2 250000");
}

static void r4_payments_to_and_fro_are_seen_for_90_days(void **state)
{
	(void)state;
	rows_settled(&score_payout, paid_to_and_fro(ALICE, "91 days"));
	assert_value(EVENTS, "2 1000000");
}

/* What an earlier version counted stays as it is, also when its job runs again; the boards add up both. */
static void r4_an_earlier_version_keeps_its_events(void **state)
{
	void *task = paid_to_and_fro(ALICE, "1 day");

	(void)state;
	db_test_sql(
		"insert into rep.formula (version, sha256, body) values (1, sha256('x'), '{}');"
		"insert into rep.event (person_id, project_id, kind, points_micro, formula_version, source_type, source_id, occurred_at)"
		" select person_id, '" PROJECT "', 'merge', 1000000, 1, 'payout', id, '2026-01-02Z' from ledger.payout"
		" where person_id = '" ALICE "';"
		"insert into rep.score (person_id, scope, formula_version, points_micro, event_count)"
		" values ('" ALICE "', 'global', 1, 1000000, 1), ('" ALICE "', '" PROJECT "', 1, 1000000, 1)");
	rows_settled_twice(&score_payout, task);
	assert_value(EVENTS, "1 1000000");
	db_test_sql("update rep.event set source_id = gen_random_uuid()"); /* that was another merge of the month */
	rows_settled_twice(&score_payout, task);
	assert_value(EVENTS, "1 1000000,2 200000");
	assert_value(BOARDS, "1 1200000 2,1 1200000 2");
	assert_value(BOARDS_ARE_EVENTS, "0");
}

/* The person's lock is really taken: a second settle waits for the first. */
static void one_scores_at_a_time(void **state)
{
	struct tx tx;
	void *task;

	(void)state;
	proven();
	db_test_sql("update ledger.payout set state = 'paid', tx_hash = '\\x00', paid_at = now()");
	task = rows_planned(&score_payout, CONFIRM);
	assert_true(tx_begin(&rows_work, rows_conn, TX_DURABLE, &tx));
	assert_true(score_payout.settle(&rows_work, &tx, task));
	assert_value("select count(*) from pg_locks where locktype = 'advisory' and granted"
		     " and database = (select oid from pg_database where datname = current_database())",
		"1");
	assert_true(tx_commit(&rows_work, &tx));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_what_was_paid_is_scored, start, rows_stop),
		cmocka_unit_test_setup_teardown(points_fall_within_a_month, start, rows_stop),
		cmocka_unit_test_setup_teardown(r4_reciprocal_payments_count_a_quarter, start, rows_stop),
		cmocka_unit_test_setup_teardown(r4_kin_count_as_the_person, start, rows_stop),
		cmocka_unit_test_setup_teardown(r4_payments_to_and_fro_are_seen_for_90_days, start, rows_stop),
		cmocka_unit_test_setup_teardown(r4_an_earlier_version_keeps_its_events, start, rows_stop),
		cmocka_unit_test_setup_teardown(one_scores_at_a_time, start, rows_stop),
	};

	return cmocka_run_group_tests_name("stages_score", tests, rows_begin, end);
}
