/* prove and pay on real rows: from a verified submission to a paid and scored one, each step twice; and what goes wrong
 * on the way. */
#include "tests/unit/check.h"

#include "base/hex.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "rows_pay.h"
#include "sql.h"
#include "wire/cid.h"
#include "wire/dsse.h"

#define BALANCES                                                                                                       \
	"select string_agg(a.kind || ' ' || b.posted, ', ' order by a.kind) from ledger.balance b"                     \
	" join ledger.account a on a.id = b.account_id where b.posted <> 0"

static void a_proof_is_pinned_once(void **state)
{
	struct dsse d;
	uint8_t pub[32];
	str payload, envelope;
	const char *cid;

	(void)state;
	proven();
	rows_settled_twice(&prove_proof, rows_planned(&prove_proof, PROVE)); /* a whole second run */
	assert_value("select count(*) || ' ' || count(pinned_at) from proof.proof", "1 1");
	assert_value("select state from core.bounty", "hold");
	assert_value("select state || ' ' || amount || ' ' || encode(payee, 'hex') from ledger.payout",
		"hold 1000 a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1");
	assert_value("select (key = 'payout:" SUBMISSION
		     ":0') || ' ' || (chain_key = sha256(convert_to(key, 'utf8'))) from ledger.payout",
		"true true");
	assert_value(BALANCES, "payable 1000");
	assert_value("select string_agg(topic, ',' order by id) from q.outbox", "proof.pinned,payout.scheduled");
	assert_value(
		"select string_agg(kind, ',') from q.job where kind ~ 'pay.quote|verify.recheck'", "verify.recheck");
	assert_true(hex_0x_decode(rows_work.arena,
		str_c(db_test_value("select '0x' || encode(payload, 'hex') from proof.proof")), &payload));
	cid = arena_cstr(rows_work.arena, cid_raw_text(rows_work.arena, payload));
	assert_value("select cid from proof.proof", cid);
	assert_value("select convert_from(payload, 'utf8')::jsonb #>> '{predicate,bounty,deposits}' from proof.proof",
		"[{\"tx\": \"0xc0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0\", \"amount\": \"1000\", "
		"\"log_index\": 0}]");
	envelope = arena_str(
		rows_work.arena, str_c(db_test_value("select convert_from(envelope, 'utf8') from proof.signature")));
	assert_true(dsse_parse(&rows_work, envelope, &d));
	assert_str(d.keyid, arena_cstr(rows_work.arena, str_c(db_test_value("select kid from proof.signature"))));
	assert_true(hex_decode(d.keyid, pub, 32));
	assert_true(dsse_verify(&rows_work, &d, pub));
	assert_true(str_eq(d.payload, payload));
}

/* The same statement is made of the same rows at any time: money that came after the verdict is not in it. */
static void S13_a_later_deposit_is_not_in_the_statement(void **state)
{
	struct sql_proof_context_in in = { rows_id(SUBMISSION) };
	struct tx tx = tx_auto(rows_conn);
	struct sql_proof_context_out row;
	str before;
	bool found;
	size_t at;

	(void)state;
	rows_verified();
	assert_true(sql_proof_context(&rows_work, &tx, &in, &row, &found) && found);
	before = row.deposits;
	assert_true(str_find(before, STR("\"log_index\": 0"), &at));
	db_test_sql(
		"insert into core.contribution (bounty_id, funder_id, asset_id, deposit_tx, state, funder, amount, log_index,"
		" block_hash, confirmed_at) values ('" BOUNTY "', '" FUNDER "', '" ASSET
		"', decode(repeat('c1', 32), 'hex'), 'confirmed', decode(repeat('f1', 20), 'hex'), 5, 9,"
		" decode(repeat('bb', 32), 'hex'), now())");
	assert_true(sql_proof_context(&rows_work, &tx, &in, &row, &found) && found);
	assert_true(str_eq(row.deposits, before));
}

/* Killed between storing and pinning: the stored bytes are the ones that are pinned. */
static void the_first_statement_stays(void **state)
{
	void *task;
	const char *cid;

	(void)state;
	rows_verified();
	rows_planned(&prove_proof, PROVE);
	cid = arena_cstr(rows_work.arena, str_c(db_test_value("select cid from proof.proof")));
	db_test_sql("update core.chain set caip2 = 'eip155:1'"); /* what it was made from changes */
	task = rows_planned(&prove_proof, PROVE);
	rows_settled_twice(&prove_proof, task);
	assert_value("select cid from proof.proof", cid);
	assert_value("select count(*) from proof.signature", "1");
}

/* Alice's further wallets: one for the same chain, an hour old, and an old one of Casper's, which nothing is paid to. */
#define LINKED                                                                                                         \
	"update core.wallet set linked_at = now() - interval '1 year' where person_id = '" ALICE "';"                  \
	"insert into core.wallet (id, person_id, chain_id, caip10, address, linked_at) values ('" ID(                  \
		51) "', '" ALICE "', 338, 'a2', decode(repeat('a2', 20), 'hex'), now() - interval '1 hour');"          \
		    "insert into core.wallet (id, person_id, caip10, address, public_key, linked_at) values ('" ID(    \
			    52) "', '" ALICE                                                                           \
				"', 'ca', decode(repeat('ca', 32), 'hex'), decode('01' || repeat('ca', 32), 'hex'), now() - interval '2 years');"
#define HOURS "round(extract(epoch from due_at - now()) / 3600)"
#define PAYEE                                                                                                          \
	"select left(encode(payee, 'hex'), 2) || ' ' || " HOURS " || ' ' || coalesce(blocker, '-') from ledger.payout"

static void a11_a_chosen_wallet_is_paid_after_72_hours(void **state)
{
	(void)state;
	db_test_sql(LINKED "insert into core.payout_wallet (person_id, wallet_id, effective_at) values ('" ALICE
			   "', '" ID(51) "', now() + interval '72 hours')");
	proven();
	assert_value(PAYEE, "a2 72 payout.wallet_cool_down");
	assert_value(
		"select round(extract(epoch from run_at - now()) / 3600) from q.scheduled s join q.job j on j.id = s.job_id"
		" where j.kind = 'verify.recheck'",
		"72");
}

static void a11_a_wallet_long_chosen_is_paid_at_once(void **state)
{
	(void)state;
	db_test_sql(LINKED "update core.wallet set linked_at = now() - interval '5 days' where id = '" ID(
		51) "'; insert into core.payout_wallet (person_id, wallet_id, effective_at) values ('" ALICE
		    "', '" ID(51) "', now())");
	proven();
	assert_value(PAYEE, "a2 0 -");
}

/* Nobody chose: the oldest EVM wallet. When it is gone, the next one has to wait out its own time. */
static void a11_a_wallet_that_follows_by_itself_waits_too(void **state)
{
	(void)state;
	db_test_sql(LINKED "update core.wallet set unlinked_at = now() where caip10 = 'a'");
	proven();
	assert_value(PAYEE, "a2 71 payout.wallet_cool_down");
}

static void a11_linking_a_wallet_turns_no_payout(void **state)
{
	(void)state;
	db_test_sql(LINKED);
	proven();
	assert_value(PAYEE, "a1 0 -");
}

static void no_proof_without_verdict_or_wallet(void **state)
{
	void *task = NULL;

	(void)state;
	rows_verified();
	db_test_sql("update proof.verdict set result = 'review'");
	assert_false(rows_plan(&rows_work, rows_conn, &prove_proof, PROVE, &task));
	assert_err(&rows_work, ERR_INVALID, "prove.no_verdict");
	db_test_sql("update core.wallet set unlinked_at = now()");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &prove_proof, PROVE, &task));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "prove.no_wallet");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &prove_proof, "{\"submission_id\": \"" ID(99) "\"}", &task));
	assert_err(&rows_work, ERR_INVALID, "prove.submission_unknown");
}

/* A wallet that is linked later does not turn the payout. */
static void the_oldest_wallet_is_paid(void **state)
{
	(void)state;
	rows_verified();
	db_test_sql("insert into core.wallet (person_id, chain_id, caip10, address, linked_at) values ('" ALICE
		    "', 338, 'new', decode(repeat('a2', 20), 'hex'), now() + interval '1 s')");
	rows_settled(&prove_proof, rows_planned(&prove_proof, PROVE));
	assert_value("select encode(payee, 'hex') from ledger.payout", "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1");
}

static void the_hold_is_waited_out(void **state)
{
	void *task = NULL;

	(void)state;
	rows_verified();
	db_test_sql("update core.bounty set hold = '7 days'");
	rows_settled(&prove_proof, rows_planned(&prove_proof, PROVE));
	assert_value(
		"select due_at = now()::date + interval '7 days' + (due_at - date_trunc('day', due_at)) and state = 'hold'"
		" from ledger.payout",
		"t");
	assert_value(
		"select count(*) from q.scheduled s join q.job j on j.id = s.job_id where j.kind = 'verify.recheck'",
		"1");
	assert_false(rows_plan(&rows_work, rows_conn, &pay_quote, QUOTE, &task));
	assert_true(rows_work.err.snooze && rows_work.err.retry_after > INT64_C(604000) * USEC_S);
	assert_err(&rows_work, ERR_RETRY, "pay.not_due");
	db_test_sql("update ledger.payout set due_at = now()");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &pay_quote, QUOTE, &task));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "pay.not_rechecked");
	db_test_sql("select core.bounty_move('" BOUNTY "', 'flagged', 'test', null)");
	task = NULL;
	assert_false(rows_plan(&rows_work, rows_conn, &pay_quote, QUOTE, &task));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "pay.bounty_held");
}

/* Who owns the repository is not known: nothing is promised, nothing is spent; it goes on by itself once that is shown again. */
static void a_degraded_project_pays_nothing(void **state)
{
	static const char *const states[] = { "degraded", "lost" };
	void *task;

	(void)state;
	proven();
	for (size_t i = 0; i < 2; i++) {
		db_test_sql(arena_printf(rows_work.arena, "update core.project set state = '%s'%c", states[i], '\0').p);
		task = NULL;
		assert_false(rows_plan(&rows_work, rows_conn, &pay_quote, QUOTE, &task));
		assert_true(rows_work.err.snooze && rows_work.err.retry_after > 0);
		assert_err(&rows_work, ERR_RETRY, "pay.project_degraded");
	}
	assert_value("select state from ledger.payout", "hold");
	db_test_sql("update core.project set state = 'verified'");
	quoted(5);
	assert_value("select state from ledger.payout", "payable");
}

/* A release that the escrow would refuse is seen on payout and bounty; a person decides (B2 of the ledger stays whole). */
static void a_refused_release_stops_the_payout(void **state)
{
	struct quote_task *t;

	(void)state;
	proven();
	t = rows_planned(&pay_quote, QUOTE);
	t->reverts = "pay.escrow_short";
	t->why = STR("Insufficient(0, 1000)");
	rows_settled_twice(&pay_quote, t);
	assert_value("select state || ' ' || blocker from ledger.payout",
		"hold an operator: the escrow would refuse the release: Insufficient(0, 1000)");
	assert_value("select state || ' ' || (blocker like 'an operator: %') from core.bounty", "frozen true");
	assert_value("select body ->> 'code' from q.outbox where topic = 'payout.stopped'", "pay.escrow_short");
	assert_value("select count(*) from q.job where kind = 'pay.send'", "0");
	assert_value("select reason from core.submission where id = '" SUBMISSION "'", "pay.escrow_short");
}

/* The lock ends before the hold would: nothing is scheduled, and the funder is told. */
static void no_proof_past_the_lock(void **state)
{
	(void)state;
	rows_verified();
	db_test_sql(
		"update core.bounty set hold = '7 days'; update core.contribution set lock_until = now() + interval '6 days'");
	rows_settled_twice(&prove_proof, rows_planned(&prove_proof, PROVE));
	assert_value("select state || ' ' || blocker from core.bounty",
		"frozen the funder: lock the money until after the hold");
	assert_value("select body ->> 'code' from q.outbox", "prove.lock_ends");
	assert_value("select count(*) from ledger.payout", "0");
	assert_value("select reason from core.submission where id = '" SUBMISSION "'", "prove.lock_ends");
	db_test_sql("update core.contribution set lock_until = now() + interval '8 days'");
	assert_value("select coalesce(core.submission_resolve('" SUBMISSION
		     "', true, 'cli:root', 'locked for longer'), 'done')",
		"done");
	assert_value("select state from core.bounty", "verified");
	rows_settled_twice(&prove_proof, rows_planned(&prove_proof, PROVE));
	assert_value("select state from core.bounty", "hold");
}

/* Merged in the last minute and verified three days later: what the funder had to lock for lasts until it is paid. */
static void work_at_the_deadline_is_paid(void **state)
{
	struct fund_task *t;

	(void)state;
	rows_verified();
	db_test_sql("update core.bounty set hold = '7 days', deadline_at = now() - interval '3 days'");
	t = rows_planned(&verify_fund, "{\"contribution_id\": \"" CONTRIBUTION "\"}");
	db_test_sql(arena_printf(rows_work.arena, "update core.contribution set lock_until = to_timestamp(%lld)%c",
		(long long)(t->keep_until / USEC_S), '\0')
			    .p);
	rows_settled_twice(&prove_proof, rows_planned(&prove_proof, PROVE));
	assert_value("select b.state || ' ' || p.state || ' ' || (c.lock_until > p.due_at) from core.bounty b"
		     " join ledger.payout p on p.bounty_id = b.id join core.contribution c on c.bounty_id = b.id",
		"hold hold true");
}

static void a_payout_is_paid_and_scored(void **state)
{
	struct send_task *s;
	void *score;

	(void)state;
	proven();
	quoted(5);
	assert_value("select state from core.bounty", "payable");
	assert_value("select next_nonce from ledger.chain_key", "5");
	assert_value("select j.args -> 'quote' ->> 'max_fee' from q.job j where kind = 'pay.send'", "100");
	s = sent();
	assert_value("select nonce || ' ' || state || ' ' || attempt from ledger.tx_intent", "5 sent 1");
	assert_value("select encode(tx_hash, 'hex') from ledger.tx_intent",
		arena_cstr(rows_work.arena, hex_str(rows_work.arena, str_of(s->hash, 32))));
	assert_value("select next_nonce from ledger.chain_key", "6");
	assert_value(BALANCES, "in_transit 1000");
	assert_value("select b.state || ' ' || s.state from core.bounty b join core.submission s on s.bounty_id = b.id"
		     " where s.id = '" SUBMISSION "'",
		"paying paying");
	rows_settled_twice(&pay_confirm, confirmed(CONFIRM_PAID));
	assert_value(
		"select b.state || ' ' || s.state || ' ' || p.state from core.bounty b join core.submission s on s.bounty_id = b.id"
		" join ledger.payout p on p.submission_id = s.id",
		"paid paid paid");
	assert_value("select state from ledger.tx_intent", "confirmed");
	assert_value("select status || ' ' || log_ok || ' ' || block_number from ledger.tx_observation", "1 true 99");
	assert_value(BALANCES, "external 1000");
	assert_value(
		"select string_agg(key, ',' order by at, key) from (select split_part(key, ':', 1) as key, at from ledger.transfer) t",
		"deposit,hold,send,paid");
	score = rows_planned(&score_payout, CONFIRM);
	rows_settled_twice(&score_payout, score);
	assert_value(
		"select string_agg(points_micro || ' ' || event_count, ',') from rep.score", "1000000 1,1000000 1");
	assert_value("select count(*) || ' ' || sum(points_micro) from rep.event", "1 1000000");
	assert_value("select string_agg(topic, ',' order by id) from q.outbox",
		"proof.pinned,payout.scheduled,payout.sent,payout.paid,score.added");
	/* whatever is run again now, by whomever, changes nothing */
	assert_true(((struct quote_task *)rows_planned(&pay_quote, QUOTE))->decided);
	assert_true(((struct send_task *)rows_planned(&pay_send, SEND))->decided);
	assert_true(((struct confirm_task *)rows_planned(&pay_confirm, CONFIRM))->decided);
}

/* Killed after signing: the next run finds the same bytes, also when the quote has changed. */
static void nothing_is_signed_twice(void **state)
{
	struct send_task *first, *again;

	(void)state;
	proven();
	quoted(0);
	first = rows_planned(&pay_send, SEND);
	again = rows_planned(&pay_send,
		payout_args(", \"quote\": {\"max_fee\": \"999\", \"max_priority_fee\": \"9\", \"gas\": 91000}"));
	assert_true(str_eq(first->raw, again->raw));
	assert_memory_equal(first->hash, again->hash, 32);
	assert_value("select count(*) || ' ' || max(nonce) from ledger.tx_intent", "1 0");
	assert_value("select next_nonce from ledger.chain_key", "1");
	assert_value("select state from ledger.payout", "sending");
	rows_settled_twice(&pay_send, again);
	rows_settled_twice(&pay_send, first);
	assert_value("select count(*) from ledger.transfer where kind = 'send'", "1");
}

/* What the API tells of a payout leaves out none of its transfers, however often it was sent. */
static void assert_all_transfers_told(void)
{
	struct conn *api = db_test_conn(&rows_work, "patchwork_api");
	struct tx tx = tx_auto(api);
	struct sql_payout_get_out payout;
	struct sql_lineage_get_in whole = { .kind = STR("payout"), .has_id = true };
	struct sql_lineage_get_out lineage;
	const cJSON *told;
	char want[16];
	bool found;

	snprintf(want, sizeof(want), "%s",
		db_test_value("select count(*) from ledger.transfer where kind <> 'deposit'"));
	assert_true(uuid_parse(str_c(db_test_value("select id from ledger.payout")), &whole.id));
	assert_true(sql_payout_get(&rows_work, &tx, &(struct sql_payout_get_in){ whole.id }, &payout, &found) && found);
	assert_true(json_parse(&rows_work, payout.transfers, &told));
	assert_int_equal(cJSON_GetArraySize(told), atoi(want));
	assert_true(sql_lineage_get(&rows_work, &tx, &whole, &lineage, &found) && found);
	assert_true(json_parse(&rows_work, lineage.transfers, &told));
	assert_int_equal(cJSON_GetArraySize(told), atoi(want) + 1); /* and the deposit */
	conn_close(&api);
}

static void a_failed_release_is_payable_again(void **state)
{
	struct send_task *s;

	(void)state;
	proven();
	quoted(0);
	sent();
	rows_settled_twice(&pay_confirm, confirmed(CONFIRM_FAILED));
	assert_value("select state || ' ' || (blocker like 'an operator: %') from ledger.payout", "held true");
	assert_value("select b.state || ' ' || s.state from core.bounty b join core.submission s on s.bounty_id = b.id"
		     " where s.id = '" SUBMISSION "'",
		"payable verified");
	assert_value(BALANCES, "payable 1000");
	assert_value("select state from ledger.tx_intent", "failed");
	/* nothing signs anew before the chain was asked again */
	assert_true(((struct send_task *)rows_planned(&pay_send, SEND))->decided);
	quoted(1);
	s = sent();
	assert_value(
		"select string_agg(attempt || ' ' || nonce || ' ' || state, ',' order by attempt) from ledger.tx_intent",
		"1 0 failed,2 1 sent");
	assert_value(
		"select string_agg(split_part(key, ':', 3), ',' order by key) from q.job where kind in ('pay.send', 'pay.confirm')",
		",2,,2");
	assert_non_null(s->raw.p);
	rows_settled_twice(&pay_confirm, confirmed(CONFIRM_PAID));
	assert_value(BALANCES, "external 1000");
	assert_value("select state from core.bounty", "paid");
	assert_value("select sum(amount) from ledger.entry", "0");
	assert_all_transfers_told();
}

static void a_dead_transaction_stops_the_signer(void **state)
{
	void *task = NULL;

	(void)state;
	proven();
	quoted(0);
	sent();
	rows_settled_twice(&pay_confirm, confirmed(CONFIRM_DEAD));
	assert_value("select stopped from ledger.chain_key", "pay.nonce_foreign");
	assert_value("select state from ledger.tx_intent", "dead");
	assert_value("select count(*) from ledger.tx_observation", "0");
	quoted(1);
	assert_false(rows_plan(&rows_work, rows_conn, &pay_send, SEND, &task));
	assert_true(rows_work.err.snooze);
	assert_err(&rows_work, ERR_RETRY, "pay.signer_stopped");
	assert_all_transfers_told();
}

/* The chain counts more transactions of the key than we signed. */
static void a_chain_ahead_stops_the_signer(void **state)
{
	void *task = NULL;

	(void)state;
	proven();
	quoted(3);
	assert_value("select next_nonce || coalesce(stopped, '') from ledger.chain_key", "3");
	quoted(2); /* a lagging node is no alarm */
	assert_value("select next_nonce || coalesce(stopped, '') from ledger.chain_key", "3");
	quoted(4);
	assert_value("select next_nonce || ' ' || stopped from ledger.chain_key", "3 pay.nonce_foreign");
	assert_false(rows_plan(&rows_work, rows_conn, &pay_send, SEND, &task));
	assert_err(&rows_work, ERR_RETRY, "pay.signer_stopped");
}

/* The escrow has released it, and we have no record of that: it is booked, not paid again. */
static void what_the_chain_has_paid_is_adopted(void **state)
{
	struct quote_task *t;
	struct confirm_task *c;

	(void)state;
	proven();
	t = rows_planned(&pay_quote, QUOTE);
	t->paid = true;
	memset(t->paid_by, 0x5a, 32);
	rows_settled_twice(&pay_quote, t);
	assert_value("select count(*) from q.job where kind = 'pay.send'", "0");
	assert_value("select b.state || ' ' || p.state from core.bounty b, ledger.payout p", "paying sent");
	c = rows_planned(&pay_confirm, CONFIRM);
	assert_true(c->payout.has_adopted && payout_live(&c->payout) == NULL);
	c->outcome = CONFIRM_PAID;
	memcpy(c->hash, c->payout.adopted, 32);
	c->receipt = (struct chain_receipt){ .block_number = 7, .bytes = STR("{}"), .endpoint = STR("node") };
	rows_settled_twice(&pay_confirm, c);
	assert_value(
		"select p.state || ' ' || left(encode(p.tx_hash, 'hex'), 4) || ' ' || b.state from ledger.payout p, core.bounty b",
		"paid 5a5a paid");
	assert_value(BALANCES, "external 1000");
	assert_all_transfers_told();
}

static void adopted(void)
{
	struct quote_task *t = rows_planned(&pay_quote, QUOTE);

	t->paid = true;
	memset(t->paid_by, 0x5a, 32);
	rows_settled_twice(&pay_quote, t);
	assert_value("select b.state || ' ' || p.state || ' ' || s.state from core.bounty b join ledger.payout p"
		     " on p.bounty_id = b.id join core.submission s on s.id = p.submission_id",
		"paying sent paying");
	assert_value(BALANCES, "in_transit 1000");
}

static void gone(void)
{
	struct confirm_task *c = rows_planned(&pay_confirm, CONFIRM);

	assert_false(c->decided);
	c->outcome = CONFIRM_GONE;
	memcpy(c->hash, c->payout.adopted, 32);
	rows_settled_twice(&pay_confirm, c);
	assert_value("select b.state || ' ' || p.state || ' ' || s.state || ' ' || (p.blocker like 'an operator: %')"
		     " from core.bounty b join ledger.payout p on p.bounty_id = b.id"
		     " join core.submission s on s.id = p.submission_id",
		"payable held verified true");
	assert_value(BALANCES, "payable 1000");
	assert_all_transfers_told();
}

static void retried(void)
{
	struct conn *api = db_test_conn(&rows_work, "patchwork_api");
	struct tx tx = tx_auto(api);
	struct sql_payout_retry_in in = { .person_id = rows_id(FUNDER), .reason = STR("another node") };
	struct sql_payout_retry_out out;

	assert_true(uuid_parse(str_c(db_test_value("select id from ledger.payout")), &in.id));
	assert_true(sql_payout_retry(&rows_work, &tx, &in, &out));
	assert_true(out.refused.p == NULL);
	conn_close(&api);
}

/* A node made it up, twice the same: each time the payout is held and asked about anew, and nothing is sent; then it is paid, once. */
static void what_was_adopted_and_is_gone_is_held(void **state)
{
	(void)state;
	proven();
	for (int i = 0; i < 2; i++) {
		adopted();
		gone();
		retried();
	}
	assert_value(
		"select string_agg(kind || ' ' || n, ',' order by kind) from (select kind, count(*) as n from q.job"
		" where kind in ('pay.quote', 'pay.confirm', 'pay.send') group by kind) k",
		"pay.confirm 2,pay.quote 2");
	assert_value("select count(*) || ' ' || min(body ->> 'code') from q.outbox where topic = 'payout.held'",
		"2 pay.release_gone");
	quoted(0);
	sent();
	rows_settled_twice(&pay_confirm, confirmed(CONFIRM_PAID));
	assert_value("select count(*) from ledger.transfer where kind = 'paid'", "1");
	assert_value(BALANCES, "external 1000");
	assert_all_transfers_told();
}

/* Ours reverted because another transaction had paid it. */
static void a_release_by_another_transaction_counts(void **state)
{
	struct confirm_task *c;

	(void)state;
	proven();
	quoted(0);
	sent();
	c = confirmed(CONFIRM_PAID);
	c->reverted = payout_live(&c->payout);
	memset(c->hash, 0x5a, 32);
	rows_settled_twice(&pay_confirm, c);
	assert_value("select state from ledger.tx_intent", "failed");
	assert_value("select state || ' ' || left(encode(tx_hash, 'hex'), 4) from ledger.payout", "paid 5a5a");
	assert_value(BALANCES, "external 1000");
}

/* The node refuses the fees: same nonce, same call, new bytes, and the job that sends them. */
static void a_fee_is_raised_under_the_same_nonce(void **state)
{
	struct send_task *t, *low;
	struct confirm_task *c;

	(void)state;
	proven();
	quoted(4);
	t = rows_planned(&pay_send, SEND);
	low = rows_planned(&pay_send, SEND);
	low->replace = true;
	low->fees = (struct chain_fees){ .max_fee = u256_of(109), .max_priority_fee = u256_of(2), .gas = 90000 };
	assert_false(rows_settle(&rows_work, rows_conn, &pay_send, low));
	assert_err(&rows_work, ERR_RETRY, "pay.not_replaced");
	t->replace = true;
	t->fees = (struct chain_fees){ .max_fee = u256_of(115), .max_priority_fee = u256_of(2), .gas = 90000 };
	rows_settled(&pay_send, t);
	assert_value(
		"select string_agg(attempt || ' ' || nonce || ' ' || state || ' ' || max_fee, ',' order by attempt)"
		" from ledger.tx_intent",
		"1 4 replaced 100,2 4 prepared 115");
	assert_value("select count(distinct data) || ' ' || count(distinct raw) from ledger.tx_intent", "1 2");
	assert_value("select next_nonce from ledger.chain_key", "5");
	assert_value("select args -> 'quote' ->> 'max_fee' from q.job where key like 'send:%:2'", "115");
	t = rows_planned(&pay_send, SEND); /* whichever job comes: the live bytes */
	assert_int_equal(t->nonce, 4);
	rows_settled_twice(&pay_send, t);
	assert_value("select string_agg(state, ',' order by attempt) from ledger.tx_intent", "replaced,sent");
	c = confirmed(CONFIRM_PAID);
	memcpy(c->hash, c->payout.attempts[0].hash, 32); /* the first one was mined after all */
	rows_settled_twice(&pay_confirm, c);
	assert_value("select string_agg(state, ',' order by attempt) from ledger.tx_intent", "replaced,dead");
	assert_value("select state from core.bounty", "paid");
	assert_all_transfers_told();
}

static void unknown_payouts_are_refused(void **state)
{
	static const struct {
		const struct stage *stage;
		const char *code;
	} cases[] = {
		{ &pay_quote, "pay.payout_unknown" },
		{ &pay_confirm, "pay.payout_unknown" },
		{ &pay_send, "pay.signer_unknown" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		void *task = NULL;

		assert_false(rows_plan(&rows_work, rows_conn, cases[i].stage,
			"{\"payout_id\": \"" ID(99) "\", \"quote\": {\"max_fee\": \"1\","
						    " \"max_priority_fee\": \"1\", \"gas\": 90000}}",
			&task));
		assert_err(&rows_work, ERR_INVALID, cases[i].code);
	}
}

/* Past every rule, as nobody's program may: what a stage makes of a bounty that is elsewhere. */
static void force_bounty(const char *to)
{
	db_test_sql(arena_printf(rows_work.arena,
		"do $$ begin set local session_replication_role = replica; update core.bounty set state = '%s'; end $$%c",
		to, '\0')
			    .p);
}

static void a_bounty_that_is_elsewhere_is_not_paid(void **state)
{
	struct quote_task *t;
	void *task = NULL;

	(void)state;
	proven();
	t = rows_planned(&pay_quote, QUOTE);
	force_bounty("refunded");
	assert_false(rows_plan(&rows_work, rows_conn, &pay_quote, QUOTE, &task));
	assert_err(&rows_work, ERR_INVALID, "pay.bounty_state");
	/* and when it went there while the chain was asked */
	t->fees = (struct chain_fees){ .max_fee = u256_of(100), .max_priority_fee = u256_of(1), .gas = 90000 };
	assert_false(rows_settle(&rows_work, rows_conn, &pay_quote, t));
	assert_err(&rows_work, ERR_RETRY, "pay.bounty_moved");
	assert_value("select count(*) from q.job where kind = 'pay.send'", "0");
}

/* Both are locked; if the database gave neither to us, nothing is signed into a row. */
static void what_is_not_reserved_is_a_bug(void **state)
{
	void *task = NULL;

	(void)state;
	proven();
	quoted(5);
	db_test_sql("create function away() returns trigger language plpgsql as 'begin return null; end';"
		    "create trigger away before update on ledger.chain_key for each row execute function away()");
	assert_false(rows_plan(&rows_work, rows_conn, &pay_send, SEND, &task));
	db_test_sql("drop function away cascade");
	assert_err(&rows_work, ERR_BUG, "pay.not_reserved");
	assert_value("select count(*) from ledger.tx_intent", "0");
}

/* The owner's own statement is refused with this code, as a constraint's name or a message. */
static void refused(struct conn *c, const char *code, const char *sql)
{
	PGresult *res = PQexec(conn_pg(c), sql);
	const char *constraint = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);
	const char *said = constraint != NULL ? constraint : PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

	assert_string_equal(said == NULL ? "nothing" : said, code);
	PQclear(res);
}

/* Whatever statement books, by hand or ours: PostgreSQL adds it up. */
static void the_ledger_keeps_its_rules(void **state)
{
	struct conn *owner = db_test_conn(&rows_work, "patchwork_owner");

	(void)state;
	rows_open();
	refused(owner, "ledger.unbalanced",
		"insert into ledger.transfer (id, key, kind) values ('" ID(
			70) "', 'odd', 'deposit');"
			    "insert into ledger.entry (transfer_id, line, account_id, asset_id, amount) select '" ID(
				    70) "', row_number() over (), id, asset_id, case kind when 'funder' then -1000 else 999 end from ledger.account");
	refused(owner, "ledger.unbalanced", "insert into ledger.transfer (key, kind) values ('empty', 'deposit')");
	refused(owner, "ledger.asset",
		"insert into ledger.transfer (id, key, kind) values ('" ID(
			70) "', 'odd', 'deposit');"
			    "insert into core.asset (id, caip19, chain_id, token, symbol, decimals) select '" ID(
				    71) "', caip19 || '1', chain_id, decode(repeat('ee', 20), 'hex'), symbol, decimals from core.asset;"
					"insert into ledger.entry (transfer_id, line, account_id, asset_id, amount) select '" ID(
						70) "', row_number() over (), id, '" ID(71) "', case kind when 'funder' then -1000 else 1000 end from ledger.account");
	refused(owner, "ledger.unbalanced",
		"insert into ledger.entry (transfer_id, line, account_id, asset_id, amount)"
		" select transfer_id, 3, account_id, asset_id, 1 from ledger.entry limit 1");
	refused(owner, "ledger.append_only", "update ledger.entry set amount = amount");
	refused(owner, "ledger.append_only", "delete from ledger.entry");
	refused(owner, "ledger.append_only", "truncate ledger.entry");
	refused(owner, "ledger.append_only", "update ledger.transfer set key = key");
	refused(owner, "ledger.append_only", "delete from ledger.transfer");
	refused(owner, "ledger.overdrawn",
		"select ledger.move('odd', 'hold', 'escrow', '" BOUNTY "', 'payable', '" BOUNTY "', '" ASSET
		"', 1001, null)");
	refused(owner, "ledger.overdrawn",
		"select ledger.move('odd', 'send', 'payable', '" BOUNTY "', 'in_transit', '" BOUNTY "', '" ASSET
		"', 1, null)");
	assert_value(
		"select string_agg(key || ' ' || (select string_agg(amount::text, ' ' order by line) from ledger.entry"
		" where transfer_id = t.id), ',') from ledger.transfer t",
		"deposit:" CONTRIBUTION " -1000 1000");
	conn_close(&owner);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_proof_is_pinned_once, start, rows_stop),
		cmocka_unit_test_setup_teardown(S13_a_later_deposit_is_not_in_the_statement, rows_start, rows_stop),
		cmocka_unit_test_setup_teardown(the_first_statement_stays, start, rows_stop),
		cmocka_unit_test_setup_teardown(a11_a_chosen_wallet_is_paid_after_72_hours, start, rows_stop),
		cmocka_unit_test_setup_teardown(a11_a_wallet_long_chosen_is_paid_at_once, start, rows_stop),
		cmocka_unit_test_setup_teardown(a11_a_wallet_that_follows_by_itself_waits_too, start, rows_stop),
		cmocka_unit_test_setup_teardown(a11_linking_a_wallet_turns_no_payout, start, rows_stop),
		cmocka_unit_test_setup_teardown(no_proof_without_verdict_or_wallet, start, rows_stop),
		cmocka_unit_test_setup_teardown(the_oldest_wallet_is_paid, start, rows_stop),
		cmocka_unit_test_setup_teardown(the_hold_is_waited_out, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_degraded_project_pays_nothing, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_refused_release_stops_the_payout, start, rows_stop),
		cmocka_unit_test_setup_teardown(no_proof_past_the_lock, start, rows_stop),
		cmocka_unit_test_setup_teardown(work_at_the_deadline_is_paid, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_payout_is_paid_and_scored, start, rows_stop),
		cmocka_unit_test_setup_teardown(nothing_is_signed_twice, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_failed_release_is_payable_again, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_dead_transaction_stops_the_signer, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_chain_ahead_stops_the_signer, start, rows_stop),
		cmocka_unit_test_setup_teardown(what_the_chain_has_paid_is_adopted, start, rows_stop),
		cmocka_unit_test_setup_teardown(what_was_adopted_and_is_gone_is_held, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_release_by_another_transaction_counts, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_fee_is_raised_under_the_same_nonce, start, rows_stop),
		cmocka_unit_test_setup_teardown(unknown_payouts_are_refused, start, rows_stop),
		cmocka_unit_test_setup_teardown(a_bounty_that_is_elsewhere_is_not_paid, start, rows_stop),
		cmocka_unit_test_setup_teardown(what_is_not_reserved_is_a_bug, start, rows_stop),
		cmocka_unit_test_setup_teardown(the_ledger_keeps_its_rules, start, rows_stop),
	};

	return cmocka_run_group_tests_name("stages_pay", tests, rows_begin, end);
}
