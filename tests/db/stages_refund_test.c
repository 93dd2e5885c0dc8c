/* pay.refund on real rows: what can no longer be won goes back, once, whoever asks and whoever was first. */
#include <inttypes.h>

#include "tests/unit/check.h"

#include "base/hex.h"
#include "base/json.h"
#include "rows.h"
#include "sql.h"
#include "stages/pay/pay.h"
#include "stages/stages.h"

static struct signer *signer;

static void load_key(void)
{
	static const char text[] = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
	static char file[] = "/tmp/patchwork-key-XXXXXX";
	int fd;

	if (signer != NULL)
		return;
	fd = mkstemp(file);
	assert_true(fd >= 0 && write(fd, text, sizeof(text) - 1) == sizeof(text) - 1);
	close(fd);
	assert_true(signer_load(&rows_work, file, &signer));
	unlink(file);
	pay_use_signer(signer);
}

static int start(void **state)
{
	int status = rows_start(state);

	load_key();
	return status;
}

static int end(void **state)
{
	signer_free(&signer);
	return rows_end(state);
}

#define LOCKED                                                                                                         \
	"update core.contribution set lock_until = now() - interval '1 hour', confirmed_at = now(), block_number = 70;"
#define OVER "update core.bounty set deadline_at = now() - interval '1 day';"
#define TASK                                                                                                           \
	arena_cstr(rows_work.arena,                                                                                    \
		arena_printf(rows_work.arena, "{\"refund_id\": \"%s\"}",                                               \
			db_test_value("select id from ledger.refund order by created_at desc limit 1")))
#define BALANCES                                                                                                       \
	"select string_agg(a.kind || ' ' || b.posted, ', ' order by a.kind) from ledger.balance b"                     \
	" join ledger.account a on a.id = b.account_id where b.posted <> 0"
#define STATES "select b.state || ' ' || r.state from ledger.refund r join core.bounty b on b.id = r.bounty_id"

static void expired(void)
{
	rows_open();
	db_test_sql(LOCKED OVER);
	rows_settled(&verify_deadline, rows_planned(&verify_deadline, "{\"bounty_id\": \"" BOUNTY "\"}"));
	assert_value(STATES, "refunding waiting");
}

static struct refund_task *planned(void)
{
	struct refund_task *t = rows_planned(&pay_refund, TASK);

	assert_false(t->decided);
	return t;
}

static struct refund_task *quoted(uint64_t chain_nonce)
{
	struct refund_task *t = planned();

	t->outcome = REFUND_SIGN;
	t->fees = (struct chain_fees){ .max_fee = u256_of(100), .max_priority_fee = u256_of(1), .gas = 50000 };
	t->nonce = chain_nonce;
	return t;
}

static void is_signed(uint64_t chain_nonce)
{
	rows_settled_twice(&pay_refund, quoted(chain_nonce));
	assert_value(STATES, "refunding signed");
}

static void is_sent(void)
{
	struct refund_task *t = planned();

	assert_true(t->has_live && str_eq(t->live.state, STR("prepared")));
	t->outcome = REFUND_SENT;
	rows_settled_twice(&pay_refund, t);
	assert_value(STATES, "refunding sent");
}

/* The chain gave it back, by the transaction that lives or by another one. */
static struct refund_task *seen(bool ours)
{
	struct refund_task *t = planned();

	t->outcome = REFUND_DONE;
	t->has_hash = true;
	memset(t->hash, 0x5a, 32);
	if (ours)
		memcpy(t->hash, t->live.hash, 32);
	memcpy(t->to, t->funder, 20);
	t->receipt = (struct chain_receipt){
		.block_number = 99, .bytes = STR("{\"status\":\"0x1\"}"), .endpoint = STR("node")
	};
	return t;
}

static void is_back(void)
{
	assert_value(STATES, "refunded refunded");
	assert_value("select state from core.contribution", "refunded");
	assert_value(BALANCES, "external 1000");
	assert_value(
		"select string_agg(key || ' ' || (select sum(amount) from ledger.entry where transfer_id = t.id), ',' order by at)"
		" from ledger.transfer t",
		"deposit:" CONTRIBUTION " 0,refund:" CONTRIBUTION " 0");
	assert_value(
		"select string_agg(a.kind || ' ' || e.amount, ',' order by e.line) from ledger.entry e join ledger.account a"
		" on a.id = e.account_id join ledger.transfer t on t.id = e.transfer_id where t.kind = 'refund'",
		"escrow -1000,external 1000");
	assert_value(
		"select (body ->> 'state') || ' ' || (body ->> 'amount') || ' ' || (body ->> 'funder') from q.outbox"
		" where topic = 'bounty.refunded'",
		"refunded 1000 0xf1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1");
}

static void B13_a_refund_is_signed_sent_and_booked(void **state)
{
	(void)state;
	expired();
	assert_value("select key || ' ' || (run_at is null) from q.job j left join q.scheduled s on s.job_id = j.id"
		     " where kind = 'pay.refund'",
		"refund:" BOUNTY " true");
	is_signed(5);
	assert_value("select nonce || ' ' || state || ' ' || attempt || ' ' || (key = 'refund:" BOUNTY
		     "') from ledger.tx_intent",
		"5 prepared 1 true");
	assert_value(
		"select left(encode(data, 'hex'), 8) || ' ' || (substr(data, 5) = b.chain_key) from ledger.tx_intent, core.bounty b",
		"7249fbb6 true");
	assert_value("select next_nonce from ledger.chain_key", "6");
	is_sent();
	assert_value("select blocker from core.bounty", "the chain: confirm the refund");
	rows_settled_twice(&pay_refund, seen(true));
	is_back();
	assert_value("select state from ledger.tx_intent", "confirmed");
	assert_value(
		"select (r.tx_hash = i.tx_hash) || ' ' || coalesce(b.blocker, '-') from ledger.refund r, ledger.tx_intent i,"
		" core.bounty b",
		"true -");
	assert_value("select status || ' ' || log_ok || ' ' || block_number from ledger.tx_observation", "1 true 99");
	assert_value("select string_agg(key, ',' order by id) from q.job where kind = 'pay.refund'",
		"refund:" BOUNTY ",refund:" BOUNTY ":1,refund:" BOUNTY ":1:sent");
	assert_true(((struct refund_task *)rows_planned(&pay_refund, TASK))->decided);
}

static void B13_what_decides_about_money_is_audited(void **state)
{
	const char *before =
		arena_cstr(rows_work.arena, str_c(db_test_value("select coalesce(max(id), 0) from audit.log")));

	(void)state;
	expired();
	is_signed(0);
	is_sent();
	rows_settled_twice(&pay_refund, seen(true));
	assert_value(
		arena_printf(rows_work.arena,
			"select string_agg(action, ',' order by id) from audit.log where object_type in ('refund', 'bounty')"
			" and id > %s and action ~ 'refund|deadline'%c",
			before, '\0')
			.p,
		"bounty.deadline,bounty.refund,refund.scheduled,refund.signed,refund.sent,bounty.refund_confirmed,refund.confirmed");
}

static void B13_nothing_before_the_lock_has_ended(void **state)
{
	void *task = NULL;

	(void)state;
	rows_open();
	db_test_sql(LOCKED "update core.contribution set lock_until = now() + interval '10 days'");
	db_test_sql("select core.bounty_move('" BOUNTY "', 'cancelled', 'test', null)");
	assert_value(
		"select blocker like 'the clock: the escrow gives the money back after 2%Z' from core.bounty", "t");
	assert_value(
		"select s.run_at = (select lock_until from core.contribution) from q.scheduled s join q.job j on j.id = s.job_id"
		" where j.kind = 'pay.refund'",
		"t");
	assert_false(rows_plan(&rows_work, rows_conn, &pay_refund, TASK, &task));
	assert_true(rows_work.err.snooze && rows_work.err.retry_after > INT64_C(863000) * USEC_S);
	assert_err(&rows_work, ERR_RETRY, "pay.refund_early");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &pay_refund, "{\"refund_id\": \"" ID(99) "\"}", &task));
	assert_err(&rows_work, ERR_INVALID, "pay.refund_unknown");
}

/* Whoever moves a bounty, and our comment under its issue is written anew with each step. */
static void B13_every_way_out_begins_a_refund(void **state)
{
	static const char *const moves[] = {
		"select core.bounty_move('" BOUNTY "', 'cancelled', 'test', null)",
		"select core.bounty_move('" BOUNTY "', 'issue_deleted', 'test', null)",
		"select core.bounty_move('" BOUNTY
		"', e, 'test', null) from unnest(array['issue_transferred', 'refund']) e",
		"select core.bounty_move('" BOUNTY "', e, 'test', null) from unnest(array['deadline', 'refund']) e",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(moves); i++) {
		rows_world();
		rows_open();
		db_test_sql(LOCKED "insert into core.status_comment (project_id, number) values ('" PROJECT "', 3)");
		db_test_sql(moves[i]);
		assert_value(STATES, "refunding waiting");
		assert_value("select count(*) from q.job where kind = 'pay.refund'", "1");
		assert_value("select asks from core.status_comment", "1");
		db_test_sql("update core.status_comment set asked_at = null");
		rows_settled(&pay_refund, seen(false));
		assert_value(STATES, "refunded refunded");
		assert_value("select asks from core.status_comment", "2");
	}
}

/* Two jobs at once, at each step: one is signed, one is booked. */
static void M19_two_refund_jobs_make_one_refund(void **state)
{
	struct refund_task *one, *two;

	(void)state;
	expired();
	one = quoted(0);
	two = quoted(0);
	rows_settled(&pay_refund, one);
	rows_settled(&pay_refund, two);
	assert_value(
		"select count(*) || ' ' || (select next_nonce from ledger.chain_key) from ledger.tx_intent", "1 1");
	is_sent();
	one = seen(true);
	two = seen(true);
	rows_settled(&pay_refund, one);
	rows_settled(&pay_refund, two);
	is_back();
	assert_value("select count(*) from q.job where kind = 'pay.refund'", "3");
	db_test_sql("select ledger.refund_begin('" BOUNTY "')");
	assert_value("select count(*) from ledger.refund", "1");
}

/* Killed after signing: the next run has the same bytes. */
static void M19_nothing_is_signed_twice(void **state)
{
	struct refund_task *first, *again;

	(void)state;
	expired();
	is_signed(0);
	first = planned();
	again = planned();
	assert_true(str_eq(first->live.raw, again->live.raw));
	again->outcome = REFUND_SIGN; /* of a job that had looked before the bytes were there */
	again->fees = (struct chain_fees){ .max_fee = u256_of(999), .max_priority_fee = u256_of(9), .gas = 50000 };
	rows_settled_twice(&pay_refund, again);
	assert_value("select count(*) || ' ' || max(nonce) from ledger.tx_intent", "1 0");
}

static void B13_a_stranger_who_was_first_is_told_as_it_was(void **state)
{
	(void)state;
	expired();
	rows_settled_twice(&pay_refund, seen(false));
	is_back();
	assert_value("select left(encode(tx_hash, 'hex'), 4) from ledger.refund", "5a5a");
	assert_value("select (select count(*) from ledger.chain_key) || ' ' || (select count(*) from ledger.tx_intent)",
		"0 0");
}

static void B13_ours_failed_for_a_stranger_was_first(void **state)
{
	struct refund_task *t;

	(void)state;
	expired();
	is_signed(0);
	is_sent();
	t = seen(false);
	t->failed = true;
	rows_settled_twice(&pay_refund, t);
	is_back();
	assert_value("select state from ledger.tx_intent", "failed");
}

static void fails_on_chain(void)
{
	struct refund_task *t = planned();

	t->outcome = REFUND_FAILED;
	t->receipt = (struct chain_receipt){ .block_number = 99, .endpoint = STR("node") };
	rows_settled_twice(&pay_refund, t);
	assert_value(STATES, "refunding held");
}

static void a_refund_that_failed_is_held_and_run_again(void **state)
{
	(void)state;
	expired();
	is_signed(0);
	is_sent();
	fails_on_chain();
	assert_value("select blocker like 'an operator: the refund failed%' from core.bounty", "t");
	assert_value("select body ->> 'code' from q.outbox where topic = 'bounty.refund_held'", "pay.reverted");
	assert_value(BALANCES, "escrow 1000");
	rows_settled_twice(&pay_refund, quoted(1));
	assert_value(
		"select string_agg(attempt || ' ' || nonce || ' ' || state, ',' order by attempt) from ledger.tx_intent",
		"1 0 failed,2 1 prepared");
	is_sent();
	rows_settled_twice(&pay_refund, seen(true));
	is_back();
}

static struct refund_task *refused(void)
{
	struct refund_task *t = planned();

	t->outcome = REFUND_REFUSED;
	t->code = "chain.reverts";
	t->why = STR("the escrow would refuse the refund: TransferFailed()");
	return t;
}

/* Signed and never sent is a gap before every later payout: it is not set aside, it goes out with higher fees and its own gas. */
static void M19_a_refund_that_is_signed_is_not_held_unsent(void **state)
{
	struct refund_task *t;

	(void)state;
	expired();
	rows_settled_twice(&pay_refund, refused()); /* nothing is signed: a person may look at it for long */
	assert_value(STATES, "refunding held");
	assert_value("select body ->> 'code' from q.outbox where topic = 'bounty.refund_held'", "chain.reverts");
	is_signed(4);
	assert_false(rows_settle(&rows_work, rows_conn, &pay_refund, refused()));
	assert_err(&rows_work, ERR_RETRY, "pay.not_held");
	assert_value(STATES, "refunding signed");
	t = planned();
	assert_int_equal(t->low.gas, 50000);
	t->outcome = REFUND_RAISE;
	t->fees = (struct chain_fees){ u256_of(130), u256_of(17), t->low.gas };
	rows_settled(&pay_refund, t);
	is_sent();
	fails_on_chain();
	assert_value(
		"select string_agg(nonce || ' ' || state || ' ' || gas, ',' order by attempt) from ledger.tx_intent",
		"4 replaced 50000,4 failed 50000");
	is_signed(5);
	assert_value("select next_nonce || coalesce(stopped, '') from ledger.chain_key", "6");
}

static void a_foreign_nonce_stops_the_refund(void **state)
{
	struct refund_task *t;

	(void)state;
	expired();
	is_signed(3);
	is_sent();
	db_test_sql(arena_cstr(rows_work.arena,
		arena_printf(rows_work.arena,
			"insert into q.run (job_id, attempt, state, worker, claim, started_at, finished_at, error_kind, error_code)"
			" select %" PRId64 ", n, 'snoozed', 1, 1, now(), now(), 'retry',"
			" case when n < 6 then 'pay.absent' else 'pay.nonce_used' end from generate_series(1, 7) n",
			rows_work.job)));
	t = planned();
	assert_int_equal(t->looks, 2); /* since then */
	t->outcome = REFUND_DEAD;
	rows_settled_twice(&pay_refund, t);
	assert_value("select k.stopped || ' ' || i.state from ledger.chain_key k, ledger.tx_intent i",
		"pay.nonce_foreign dead");
	assert_value(STATES, "refunding held");
	assert_str(planned()->stopped, "pay.nonce_foreign");
	db_test_sql("update ledger.chain_key set stopped = null");
	rows_settled_twice(&pay_refund, quoted(9)); /* the chain counts five that we have not signed */
	assert_value("select stopped || ' ' || next_nonce from ledger.chain_key", "pay.nonce_foreign 4");
	assert_value("select count(*) from ledger.tx_intent", "1");
	assert_value(STATES, "refunding held");
}

static void a_low_fee_is_raised_under_the_same_nonce(void **state)
{
	struct refund_task *t;

	(void)state;
	expired();
	is_signed(4);
	t = planned();
	t->outcome = REFUND_RAISE;
	t->fees = (struct chain_fees){ .max_fee = u256_of(130), .max_priority_fee = u256_of(17), .gas = 50000 };
	rows_settled(&pay_refund, t);
	assert_value(
		"select string_agg(attempt || ' ' || nonce || ' ' || state, ',' order by attempt) from ledger.tx_intent",
		"1 4 replaced,2 4 prepared");
	assert_value("select next_nonce from ledger.chain_key", "5");
	is_sent();
	rows_settled_twice(&pay_refund, seen(true));
	is_back();
}

/* A reward is paid and more had been locked: the rest is of who gave last. */
static void B13_what_is_left_of_a_paid_bounty_goes_back(void **state)
{
	struct refund_task *t;

	(void)state;
	rows_open();
	db_test_sql(LOCKED
		"insert into core.contribution (id, bounty_id, funder_id, asset_id, deposit_tx, funder, log_index, amount, block_number,"
		" block_hash, state, confirmed_at, lock_until) values ('" ID(
			22) "', '" BOUNTY "', '" FUNDER "', '" ASSET
			    "', sha256('2'), decode(repeat('f1', 20), 'hex'), 0, 600, 80, sha256('b'), 'confirmed', now() + interval '1 s', now());"
			    "select ledger.move('deposit:" ID(
				    22) "', 'deposit', 'funder', '" FUNDER "', 'escrow', '" BOUNTY "', '" ASSET
					"', 600, null);"
					"select ledger.move('hold:x', 'hold', 'escrow', '" BOUNTY
					"', 'payable', '" BOUNTY "', '" ASSET "', 1000, null);"
					"select ledger.move('paid:x', 'paid', 'payable', '" BOUNTY
					"', 'external', '" ALICE "', '" ASSET "', 1000, null);"
					"select core.bounty_move('" BOUNTY
					"', e, 'test', null) from unnest(array['merged', 'verify_ok', 'hold_begun', 'hold_ended',"
					" 'payout_sent', 'payout_confirmed']) e");
	assert_value(STATES, "paid waiting");
	t = seen(false);
	assert_int_equal(u256_cmp(t->amount, u256_of(600)), 0);
	assert_int_equal(t->since, 80);
	rows_settled_twice(&pay_refund, t);
	assert_value(STATES, "paid refunded");
	assert_value("select string_agg(state || ' ' || amount, ',' order by amount) from core.contribution",
		"refunded 600,confirmed 1000");
	assert_value(
		"select coalesce(sum(e.amount), 0) from ledger.entry e join ledger.account a on a.id = e.account_id"
		" where a.owner_id = '" BOUNTY "'",
		"0");
	assert_value(
		"select (body ->> 'state') || ' ' || (body ->> 'amount') from q.outbox where topic = 'bounty.refunded'",
		"paid 600");
	/* and what is locked later still: what it is looked for with leaves out what is booked */
	db_test_sql("insert into core.contribution (id, bounty_id, funder_id, asset_id, deposit_tx) values ('" ID(
		23) "', '" BOUNTY "', '" FUNDER "', '" ASSET
		    "', sha256('3')); select ledger.move('deposit:" ID(
			    23) "', 'deposit', 'funder', '" FUNDER "', 'escrow', '" BOUNTY "', '" ASSET "', 50, null);"
				"update core.contribution set state = 'confirmed', funder = decode(repeat('f1', 20), 'hex'), amount = 50, log_index = 0,"
				" block_hash = sha256('c'), block_number = 90, lock_until = now(), confirmed_at = now() + interval '2 s'"
				" where id = '" ID(23) "'");
	t = planned();
	assert_int_equal(u256_cmp(t->amount, u256_of(50)), 0);
	assert_int_equal(u256_cmp(t->booked, u256_of(600)), 0);
	assert_true(t->since == 90 && t->first == 70);
}

/* Cancelled before its deposit was deep enough. */
static void B13_a_deposit_confirmed_too_late_goes_back(void **state)
{
	(void)state;
	rows_bounty();
	db_test_sql("select core.bounty_move('" BOUNTY "', 'funding_expired', 'test', null)");
	assert_value("select count(*) from ledger.refund", "0");
	db_test_sql(
		"select ledger.move('deposit:" CONTRIBUTION "', 'deposit', 'funder', '" FUNDER "', 'escrow', '" BOUNTY
		"', '" ASSET "', 1000, null);"
		"update core.contribution set state = 'confirmed', funder = decode(repeat('f1', 20), 'hex'), amount = 1000, log_index = 0,"
		" block_hash = sha256('b'), block_number = 70, lock_until = now(), confirmed_at = now()");
	assert_value(STATES, "cancelled waiting");
	rows_settled_twice(&pay_refund, seen(false));
	assert_value(STATES, "cancelled refunded");
	assert_value("select state from core.contribution", "refunded");
	assert_value(BALANCES, "external 1000");
}

/* Our books change while the chain is asked: nothing is written, and the next look has it all. */
static void another_deposit_is_not_lost(void **state)
{
	struct refund_task *t;

	(void)state;
	expired();
	t = seen(false);
	db_test_sql(
		"insert into core.contribution (id, bounty_id, funder_id, asset_id, deposit_tx, funder, log_index, amount, block_number,"
		" block_hash, state, confirmed_at, lock_until) values ('" ID(
			22) "', '" BOUNTY "', '" FUNDER "', '" ASSET
			    "', sha256('2'), decode(repeat('f1', 20), 'hex'), 0, 600, 80, sha256('b'), 'confirmed', now(), now());"
			    "select ledger.move('deposit:" ID(22) "', 'deposit', 'funder', '" FUNDER
								  "', 'escrow', '" BOUNTY "', '" ASSET "', 600, null)");
	assert_false(rows_settle(&rows_work, rows_conn, &pay_refund, t));
	assert_err(&rows_work, ERR_RETRY, "pay.refund_moved");
	assert_value(STATES, "refunding waiting");
	rows_settled_twice(&pay_refund, seen(false));
	assert_value(STATES, "refunded refunded");
	assert_value(BALANCES, "external 1600");
}

static void nothing_booked_is_nothing_to_give_back(void **state)
{
	struct refund_task *t;

	(void)state;
	rows_bounty();
	db_test_sql("select core.bounty_move('" BOUNTY "', 'deposit_confirmed', 'test', null);"
		    "select core.bounty_move('" BOUNTY "', 'cancelled', 'test', null)");
	t = planned();
	assert_int_equal(t->outcome, REFUND_DONE);
	rows_settled_twice(&pay_refund, t);
	assert_value(STATES, "refunded refunded");
	assert_value("select count(*) from ledger.transfer", "0");
}

/* A database that was there before: its bounties on their way back have no row, until the migration has begun them. */
static void B13_older_bounties_are_begun(void **state)
{
	struct conn *owner = db_test_conn(&rows_work, "patchwork_owner");
	char *sql = NULL;
	size_t n = 0;
	FILE *f = fopen("migrations/0091_refund_begun.sql", "r");

	(void)state;
	rows_open();
	db_test_sql(LOCKED "set session_replication_role = replica; select core.bounty_move('" BOUNTY
			   "', 'cancelled', 'test', null); set session_replication_role = origin");
	assert_value("select count(*) from ledger.refund", "0");
	assert_non_null(f);
	assert_true(getdelim(&sql, &n, '\0', f) > 0);
	fclose(f);
	for (int i = 0; i < 2; i++) {
		PGresult *res = PQexec(conn_pg(owner), sql);

		assert_int_equal(PQresultStatus(res), PGRES_TUPLES_OK);
		PQclear(res);
	}
	free(sql);
	conn_close(&owner);
	assert_value(STATES, "refunding waiting");
	assert_value("select count(*) from q.job where kind = 'pay.refund'", "1");
	rows_settled_twice(&pay_refund, seen(false));
	is_back();
}

/* The funder took it back while a payout was due: the payout stops, a person decides, and the books follow the chain. */
static void B13_money_taken_back_before_is_booked_once_nothing_can_be_won(void **state)
{
	void *clock = NULL;

	(void)state;
	rows_open();
	rows_pulls();
	db_test_sql(LOCKED OVER
		"select core.bounty_move('" BOUNTY
		"', e, 'test', null) from unnest(array['merged', 'verify_ok', 'hold_begun']) e;"
		"update core.submission set state = 'verified' where id = '" SUBMISSION "';"
		"select ledger.move('hold:x', 'hold', 'escrow', '" BOUNTY "', 'payable', '" BOUNTY "', '" ASSET
		"', 1000, null);"
		"insert into ledger.payout (key, chain_key, submission_id, person_id, bounty_id, asset_id, amount, payee, due_at) values"
		" ('payout:x', sha256('x'), '" SUBMISSION "', '" ALICE "', '" BOUNTY "', '" ASSET
		"', 1000, decode(repeat('a1', 20), 'hex'), now())");
	/* its clock goes on: what is about to be paid may be stopped */
	assert_false(rows_plan(&rows_work, rows_conn, &verify_deadline, "{\"bounty_id\": \"" BOUNTY "\"}", &clock));
	assert_true(rows_work.err.snooze && rows_work.err.retry_after == 86400 * USEC_S);
	assert_err(&rows_work, ERR_RETRY, "verify.in_review");
	db_test_sql(
		"select core.bounty_move('" BOUNTY "', 'flagged', 'test', null, '{\"code\": \"pay.escrow_short\"}');"
		"select core.submission_resolve('" SUBMISSION "', false, 'cli:root', 'the money is gone');"
		"delete from core.submission where id = '" RIVAL_SUBMISSION "'");
	assert_value("select count(*) from ledger.refund", "0");
	rows_settled(&verify_deadline, rows_planned(&verify_deadline, "{\"bounty_id\": \"" BOUNTY "\"}"));
	assert_value(STATES, "refunding waiting");
	rows_settled_twice(&pay_refund, seen(false));
	assert_value(STATES, "refunded refunded");
	assert_value(BALANCES, "external 1000");
}

/* What the API and an operator are told of it. */
static void B13_bounty_lineage_and_explain_show_it(void **state)
{
	struct conn *api = db_test_conn(&rows_work, "patchwork_api"),
		    *operator= db_test_conn(&rows_work, "patchwork_operator");
	struct tx tx = tx_auto(api), look = tx_auto(operator);
	struct sql_bounty_get_out bounty;
	struct sql_lineage_get_in whole = { .kind = STR("bounty"), .has_id = true, .id = rows_id(BOUNTY) };
	struct sql_lineage_get_out lineage;
	struct sql_explain_find_out why;
	const cJSON *told, *first;
	bool found;

	(void)state;
	expired();
	assert_true(sql_explain_find(&rows_work, &look,
		&(struct sql_explain_find_in){ .has_id = true, .id = rows_id(BOUNTY) }, &why, &found));
	assert_true(found && why.has_due);
	assert_str(why.code, "waiting");
	is_signed(0);
	is_sent();
	rows_settled(&pay_refund, seen(true));
	assert_true(sql_bounty_get(
			    &rows_work, &tx, &(struct sql_bounty_get_in){ .id = rows_id(BOUNTY) }, &bounty, &found) &&
		found);
	assert_true(json_parse(&rows_work, bounty.refunds, &told));
	assert_int_equal(cJSON_GetArraySize(told), 1);
	first = cJSON_GetArrayItem(told, 0);
	assert_str(json_get_str(first, "state"), "refunded");
	assert_str(json_get_str(first, "amount"), "1000");
	assert_true(str_eq(json_get_str(first, "tx_hash"),
		json_get_str(cJSON_GetArrayItem(json_get(first, "transactions"), 0), "tx_hash")));
	assert_true(sql_lineage_get(&rows_work, &tx, &whole, &lineage, &found) && found);
	assert_true(json_parse(&rows_work, lineage.refunds, &told));
	assert_int_equal(cJSON_GetArraySize(told), 1);
	assert_true(json_parse(&rows_work, lineage.transactions, &told));
	assert_int_equal(cJSON_GetArraySize(told), 1);
	assert_true(json_parse(&rows_work, lineage.transfers, &told));
	assert_int_equal(cJSON_GetArraySize(told), 2);
	assert_true(json_parse(&rows_work, lineage.jobs, &told));
	assert_true(cJSON_GetArraySize(told) >= 3);
	conn_close(&api);
	conn_close(&operator);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(B13_a_refund_is_signed_sent_and_booked, start, rows_stop),
		cmocka_unit_test_setup_teardown(B13_what_decides_about_money_is_audited, start, rows_stop),
		cmocka_unit_test_setup_teardown(B13_nothing_before_the_lock_has_ended, start, rows_stop),
		cmocka_unit_test_setup_teardown(B13_every_way_out_begins_a_refund, start, rows_stop),
		cmocka_unit_test_setup_teardown(M19_two_refund_jobs_make_one_refund, start, rows_stop),
		cmocka_unit_test_setup_teardown(M19_nothing_is_signed_twice, start, rows_stop),
		cmocka_unit_test_setup_teardown(B13_a_stranger_who_was_first_is_told_as_it_was, start, rows_stop),
		cmocka_unit_test_setup_teardown(B13_ours_failed_for_a_stranger_was_first, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_refund_that_failed_is_held_and_run_again, start, rows_stop),
		cmocka_unit_test_setup_teardown(M19_a_refund_that_is_signed_is_not_held_unsent, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_foreign_nonce_stops_the_refund, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_low_fee_is_raised_under_the_same_nonce, start, rows_stop),
		cmocka_unit_test_setup_teardown(B13_what_is_left_of_a_paid_bounty_goes_back, start, rows_stop),
		cmocka_unit_test_setup_teardown(B13_a_deposit_confirmed_too_late_goes_back, start, rows_stop),
		cmocka_unit_test_setup_teardown(another_deposit_is_not_lost, start, rows_stop),
		cmocka_unit_test_setup_teardown(nothing_booked_is_nothing_to_give_back, start, rows_stop),
		cmocka_unit_test_setup_teardown(B13_older_bounties_are_begun, start, rows_stop),
		cmocka_unit_test_setup_teardown(
			B13_money_taken_back_before_is_booked_once_nothing_can_be_won, start, rows_stop),
		cmocka_unit_test_setup_teardown(B13_bounty_lineage_and_explain_show_it, start, rows_stop),
	};

	return cmocka_run_group_tests_name("stages_refund", tests, rows_begin, end);
}
