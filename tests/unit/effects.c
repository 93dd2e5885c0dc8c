/* What verify.fund and the pay stage make of a chain's answers. The chain here is a table of answers behind the functions of
 * outside/chain.h; the escrow's events are real ones. */
#include "check.h"

#include "model/kind.h"
#include "model/rate.h"
#include "outside/chain.h"
#include "stages/pay/pay.h"
#include "stages/stages.h"
#include "stages/verify/verify.h"
#include "wire/abi.h"

struct chain {
	struct chain_conf conf;
	struct chain_receipt ours, other; /* of transactions whose hash begins with 0x01, 0x02 */
	bool paid, found;                 /* found: by transaction 0x02... */
	uint64_t nonce;
	enum chain_sent sent;
	struct chain_fees fees;
	int sends;
	bool refunded;                   /* by transaction 0x02... */
	struct chain_receipt earlier[2]; /* refunds before that, the last one first: by transactions 0x10..., 0x11... */
	int n_earlier;
	bool forgets; /* up to which block it was asked */
	struct chain_lock lock;
	const char *reverts; /* what the escrow would say to a call; NULL = it would work */
};

const struct chain_conf *chain_conf(const struct chain *c)
{
	return &c->conf;
}

bool chain_receipt_of(struct work *w, struct chain *c, const uint8_t tx_hash[32], struct chain_receipt *out)
{
	(void)w;
	*out = tx_hash[0] >= 0x10 ? c->earlier[tx_hash[0] - 0x10] : tx_hash[0] == 1 ? c->ours : c->other;
	return true;
}

bool chain_paid(struct work *w, struct chain *c, const uint8_t payout[32], bool *paid)
{
	(void)w;
	assert_int_equal(payout[0], 0x22);
	*paid = c->paid;
	return true;
}

bool chain_find_release(struct work *w, struct chain *c, const uint8_t payout[32], bool *found, uint8_t tx_hash[32])
{
	(void)w;
	assert_int_equal(payout[0], 0x22);
	*found = c->found;
	memset(tx_hash, 2, 32);
	return true;
}

bool chain_find_refund(struct work *w, struct chain *c, const uint8_t bounty[32], int64_t since, int64_t until,
	bool *found, uint8_t tx_hash[32])
{
	int i = 0;

	(void)w;
	assert_int_equal(bounty[0], 0x11);
	assert_int_equal(since, until == INT64_MAX ? 70 : 50);
	while (!c->forgets && i < c->n_earlier && c->earlier[i].block_number > until)
		i++;
	*found = until == INT64_MAX ? c->refunded : i < c->n_earlier;
	memset(tx_hash, until == INT64_MAX ? 2 : 0x10 + i, 32);
	return true;
}

bool chain_lock_of(struct work *w, struct chain *c, const uint8_t bounty[32], struct chain_lock *out)
{
	(void)w;
	assert_int_equal(bounty[0], 0x11);
	*out = c->lock;
	return true;
}

bool chain_nonce(struct work *w, struct chain *c, const uint8_t address[20], uint64_t *latest)
{
	(void)w, (void)address;
	*latest = c->nonce;
	return true;
}

bool chain_send(struct work *w, struct chain *c, str raw, enum chain_sent *out, str *reason)
{
	(void)w;
	assert_true(str_eq(raw, STR("raw")));
	c->sends++;
	*out = c->sent;
	*reason = STR("what the node said");
	return true;
}

bool chain_quote(
	struct work *w, struct chain *c, const uint8_t from[20], const uint8_t to[20], str data, struct chain_fees *out)
{
	(void)from;
	assert_int_equal(to[0], 0xee);
	assert_true(data.n == 4 + 4 * 32 || data.n == 4 + 32); /* release, refund */
	if (c->reverts != NULL)
		return err_set(w, ERR_INVALID, "chain.reverts", "%s", c->reverts);
	*out = c->fees;
	return true;
}

bool chain_ask_fees(struct work *w, struct chain *c, struct chain_fees *out)
{
	(void)w;
	out->max_fee = c->fees.max_fee;
	out->max_priority_fee = c->fees.max_priority_fee;
	return true;
}

static struct work w;
static struct chain chain;
static struct outside outside = { .chain = &chain };
static struct signer *signer;

static int load(void **state)
{
	static const char key[] = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318";
	char file[] = "/tmp/patchwork-key-XXXXXX";
	int fd = mkstemp(file);
	bool ok;

	(void)state;
	work_init(&w);
	ok = fd >= 0 && write(fd, key, sizeof(key) - 1) == sizeof(key) - 1 && signer_load(&w, file, &signer);
	close(fd);
	unlink(file);
	work_end(&w);
	pay_use_signer(signer);
	return ok ? 0 : -1;
}

static int unload(void **state)
{
	(void)state;
	signer_free(&signer);
	return 0;
}

static int start(void **state)
{
	(void)state;
	work_init(&w);
	w.attempt = 1;
	chain = (struct chain){ .conf.chain_id = 338, .conf.max_fee_cap = u256_of(1000) };
	memset(chain.conf.escrow, 0xee, 20);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	work_end(&w);
	return 0;
}

static struct chain_log event(const char *signature, uint8_t second, uint8_t last_byte, int n_topics, str data)
{
	struct chain_log log = { .index = 3, .n_topics = n_topics, .data = data };

	memset(log.address, 0xee, 20);
	abi_topic(str_c(signature), log.topics[0]);
	memset(log.topics[1], 0x11, 32);
	memset(log.topics[2], second, 32);
	if (n_topics == 3)
		memset(log.topics[2], 0, 12);
	memset(log.topics[3] + 12, last_byte, 20);
	return log;
}

static str encoded(const char *types, const struct abi_value *values, size_t n)
{
	struct buf b = buf_new(w.arena, 4096);

	assert_true(abi_encode(&w, str_c(types), values, n, &b));
	return buf_str(&b);
}

static struct chain_receipt receipt(enum chain_seen seen, struct chain_log log)
{
	struct chain_log *kept = ARENA_NEW(w.arena, struct chain_log);

	*kept = log;
	return (struct chain_receipt){
		.seen = seen, .logs = kept, .n_logs = 1, .bytes = STR("{}"), .endpoint = STR("node")
	};
}

static struct chain_receipt released(uint8_t to, uint64_t amount)
{
	struct abi_value v = { .kind = ABI_UINT, .number = u256_of(amount) };

	return receipt(
		CHAIN_DONE, event("Released(bytes32,bytes32,address,uint256)", 0x22, to, 4, encoded("uint256", &v, 1)));
}

static struct chain_receipt locked(uint8_t funder, uint8_t token, uint64_t amount, uint64_t deadline)
{
	uint8_t *address = memset(arena_alloc(w.arena, 20), token, 20);
	struct abi_value v[] = {
		{ .kind = ABI_ADDRESS, .bytes = str_of(address, 20) },
		{ .kind = ABI_UINT, .number = u256_of(amount) },
		{ .kind = ABI_UINT, .number = u256_of(deadline) },
	};

	return receipt(CHAIN_DONE,
		event("Locked(bytes32,address,address,uint256,uint64)", funder, 0, 3,
			encoded("address,uint256,uint64", v, 3)));
}

static struct chain_receipt only(enum chain_seen seen)
{
	return (struct chain_receipt){ .seen = seen, .endpoint = STR("node") };
}

/* verify.fund ------------------------------------------------------------------------------------------------------ */

static struct fund_task deposit(void)
{
	static uint8_t wallet[20];
	static str wallets[1];
	struct fund_task t = {
		.amount = u256_of(1000), .chain_id = 338, .keep_until = 5000 * USEC_S + 999, .n_wallets = 1
	};

	memset(wallet, 0xf1, 20);
	wallets[0] = str_of(wallet, 20);
	t.wallets = wallets;
	memset(t.bounty, 0x11, 32);
	memset(t.token, 0xdd, 20);
	memset(t.escrow, 0xee, 20);
	memset(t.tx, 1, 32);
	return t;
}

static void deposits_are_judged(void **state)
{
	const struct {
		struct chain_receipt receipt;
		const char *code;
	} rows[] = {
		{ locked(0xf1, 0xdd, 1000, 5000), NULL },
		{ locked(0xf1, 0xdd, 1001, 9000), NULL },
		{ locked(0xf1, 0xdc, 1000, 5000), "deposit.token" },
		{ locked(0xf1, 0xdd, 999, 5000), "deposit.amount" },
		{ locked(0xf1, 0xdd, 1000, 4999), "deposit.deadline" },
		{ locked(0xf2, 0xdd, 1000, 5000), "deposit.funder" },
		{ released(0xa1, 1000), "deposit.no_lock" },
		{ only(CHAIN_DONE), "deposit.no_lock" },
		{ only(CHAIN_REVERTED), "deposit.reverted" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fund_task t = deposit();

		chain.ours = rows[i].receipt;
		assert_true(fund_effect(&w, &outside, &t));
		assert_true(str_eq(str_c(t.refused), str_c(rows[i].code)));
	}
	chain.ours = locked(0xf1, 0xdd, 1000, 5000);
	((struct chain_log *)chain.ours.logs)->address[0] = 0; /* another contract says so */
	struct fund_task t = deposit();
	assert_true(fund_effect(&w, &outside, &t));
	assert_string_equal(t.refused, "deposit.no_lock");
	chain.ours = locked(0xf1, 0xdd, 1000, 5000);
	t = deposit();
	t.other_asset = true; /* what was locked is what the bounty was, and not what it is */
	assert_true(fund_effect(&w, &outside, &t));
	assert_string_equal(t.refused, "deposit.token");
}

static void deposits_are_waited_for(void **state)
{
	struct fund_task t = deposit();

	(void)state;
	chain.ours = only(CHAIN_ABSENT);
	assert_false(fund_effect(&w, &outside, &t));
	assert_true(w.err.snooze);
	assert_err(&w, ERR_RETRY, "verify.deposit_absent");
	t.stale = true;
	assert_true(fund_effect(&w, &outside, &t));
	assert_string_equal(t.refused, "deposit.not_found");
	chain.ours = only(CHAIN_SHALLOW);
	assert_false(fund_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "verify.deposit_shallow");
	chain.conf.chain_id = 25;
	assert_false(fund_effect(&w, &outside, &t));
	assert_err(&w, ERR_INVALID, "chain.not_configured");
}

/* pay -------------------------------------------------------------------------------------------------------------- */

static struct payout payout_of(const char *state)
{
	static struct attempt live;
	struct payout p = { .amount = u256_of(1000), .chain_id = 338, .attempts = &live, .n_attempts = 1 };

	live = (struct attempt){ .state = str_c(state), .nonce = 6, .raw = STR("raw") };
	memset(live.hash, 1, 32);
	memset(p.name, 0x22, 32);
	memset(p.bounty, 0x11, 32);
	memset(p.payee, 0xa1, 20);
	memset(p.escrow, 0xee, 20);
	return p;
}

static void confirm_reads_the_log(void **state)
{
	struct confirm_task t = { .payout = payout_of("sent") };

	(void)state;
	chain.ours = released(0xa1, 1000);
	assert_true(confirm_effect(&w, &outside, &t));
	assert_int_equal(t.outcome, CONFIRM_PAID);
	assert_int_equal(t.hash[0], 1);
	chain.ours = released(0xa2, 1000);
	assert_false(confirm_effect(&w, &outside, &t));
	assert_err(&w, ERR_INVALID, "pay.wrong_release");
	chain.ours = released(0xa1, 999);
	assert_false(confirm_effect(&w, &outside, &t));
	assert_err(&w, ERR_INVALID, "pay.wrong_release");
	memset(t.payout.bounty, 0x12, 32);
	chain.ours = released(0xa1, 1000);
	assert_false(confirm_effect(&w, &outside, &t));
	assert_err(&w, ERR_INVALID, "pay.wrong_release");
	chain.ours = only(CHAIN_DONE);
	assert_false(confirm_effect(&w, &outside, &t));
	assert_err(&w, ERR_INVALID, "pay.no_release");
}

static void confirm_waits(void **state)
{
	static const enum chain_seen seen[] = { CHAIN_PENDING, CHAIN_SHALLOW };
	struct confirm_task t = { .payout = payout_of("sent") };

	(void)state;
	for (size_t i = 0; i < COUNT(seen); i++) {
		chain.ours = only(seen[i]);
		assert_false(confirm_effect(&w, &outside, &t));
		assert_true(w.err.snooze);
		assert_err(&w, ERR_RETRY, "pay.shallow");
	}
	assert_int_equal(chain.sends, 0);
	chain.ours = only(CHAIN_ABSENT);
	chain.nonce = 6; /* ours is next */
	assert_false(confirm_effect(&w, &outside, &t));
	assert_true(w.err.snooze);
	assert_err(&w, ERR_RETRY, "pay.absent");
	assert_int_equal(chain.sends, 1);
}

static void a_used_nonce_is_looked_into(void **state)
{
	struct confirm_task t = { .payout = payout_of("sent") };

	(void)state;
	chain.ours = only(CHAIN_ABSENT);
	chain.nonce = 7;
	assert_false(confirm_effect(&w, &outside, &t));
	assert_true(w.err.snooze);
	assert_err(&w, ERR_RETRY, "pay.nonce_used");
	w.attempt = 8; /* most of them before it was used */
	t.looks = 6;
	assert_false(confirm_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.nonce_used");
	t.looks = 7;
	assert_true(confirm_effect(&w, &outside, &t));
	assert_int_equal(t.outcome, CONFIRM_DEAD);
	assert_int_equal(t.hash[0], 1);
	chain.paid = chain.found = true;
	chain.other = released(0xa1, 1000);
	assert_true(confirm_effect(&w, &outside, &t));
	assert_int_equal(t.outcome, CONFIRM_PAID);
	assert_int_equal(t.hash[0], 2);
	assert_int_equal(chain.sends, 0);
}

static void a_reverted_release_asks_the_escrow(void **state)
{
	struct confirm_task t = { .payout = payout_of("sent") };

	(void)state;
	chain.ours = only(CHAIN_REVERTED);
	assert_true(confirm_effect(&w, &outside, &t));
	assert_int_equal(t.outcome, CONFIRM_FAILED);
	assert_int_equal(t.hash[0], 1);
	chain.paid = true;
	assert_false(confirm_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.release_not_found");
	chain.found = true;
	chain.other = only(CHAIN_SHALLOW);
	assert_false(confirm_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.shallow");
	chain.other = released(0xa1, 1000);
	assert_true(confirm_effect(&w, &outside, &t));
	assert_int_equal(t.outcome, CONFIRM_PAID);
	assert_int_equal(t.hash[0], 2);
	assert_int_equal(t.reverted->hash[0], 1);
}

static void an_adopted_release_is_confirmed(void **state)
{
	struct confirm_task t = { .payout = payout_of("failed") };

	(void)state;
	assert_false(confirm_effect(&w, &outside, &t));
	assert_err(&w, ERR_BUG, "pay.no_attempt");
	t.payout.has_adopted = true;
	assert_false(confirm_effect(&w, &outside, &t)); /* the block is gone again */
	assert_err(&w, ERR_RETRY, "pay.shallow");
	chain.paid = chain.found = true;
	chain.other = released(0xa1, 1000);
	assert_true(confirm_effect(&w, &outside, &t));
	assert_int_equal(t.outcome, CONFIRM_PAID);
}

/* The node that had told of it tells of it no more: a person decides, in the end. */
static void an_adopted_release_may_be_gone(void **state)
{
	struct confirm_task t = { .payout = payout_of("failed") };

	(void)state;
	t.payout.has_adopted = true;
	memset(t.payout.adopted, 2, 32);
	w.attempt = 127;
	assert_false(confirm_effect(&w, &outside, &t));
	assert_true(w.err.snooze);
	assert_err(&w, ERR_RETRY, "pay.shallow");
	w.attempt = 128;
	assert_true(confirm_effect(&w, &outside, &t));
	assert_int_equal(t.outcome, CONFIRM_GONE);
	assert_int_equal(t.hash[0], 2);
	t.outcome = CONFIRM_NONE;
	chain.paid = chain.found = true; /* said, and not deep: it waits */
	chain.other = only(CHAIN_SHALLOW);
	assert_false(confirm_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.shallow");
	assert_int_equal(t.outcome, CONFIRM_NONE);
	assert_int_equal(chain.sends, 0);
}

static struct send_task sending(void)
{
	struct send_task t = { .payout = payout_of("prepared"), .raw = STR("raw"), .gas = 90000 };

	memset(t.hash, 1, 32);
	t.max_fee = u256_of(100);
	t.max_priority_fee = u256_of(10);
	return t;
}

static void send_looks_first(void **state)
{
	struct send_task t = sending();
	bool done;

	(void)state;
	chain.ours = only(CHAIN_ABSENT);
	assert_true(send_probe(&w, &outside, &t, &done) && !done);
	chain.ours = only(CHAIN_PENDING);
	assert_true(send_probe(&w, &outside, &t, &done) && done);
	chain.ours = only(CHAIN_REVERTED);
	assert_true(send_probe(&w, &outside, &t, &done) && done);
}

static void send_reacts(void **state)
{
	static const struct {
		enum chain_sent sent;
		enum err_kind kind;
		const char *code;
		bool snooze;
	} rows[] = {
		{ CHAIN_SENT, ERR_NONE, NULL, false },
		{ CHAIN_NONCE_USED, ERR_NONE, NULL, false },
		{ CHAIN_NONCE_GAP, ERR_RETRY, "pay.nonce_gap", true },
		{ CHAIN_NO_FUNDS, ERR_RETRY, "pay.no_gas", true },
		{ CHAIN_BAD, ERR_INVALID, "pay.refused", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct send_task t = sending();

		chain.sent = rows[i].sent;
		assert_int_equal(send_effect(&w, &outside, &t), rows[i].code == NULL);
		assert_int_equal(w.err.snooze, rows[i].snooze);
		if (rows[i].code != NULL)
			assert_err(&w, rows[i].kind, rows[i].code);
		assert_false(t.replace);
	}
	assert_int_equal(chain.sends, COUNT(rows));
}

static void send_raises_a_low_fee(void **state)
{
	struct send_task t = sending();

	(void)state;
	chain.sent = CHAIN_FEE_LOW;
	chain.fees = (struct chain_fees){ .max_fee = u256_of(50), .max_priority_fee = u256_of(500), .gas = 91000 };
	assert_true(send_effect(&w, &outside, &t));
	assert_true(t.replace);
	assert_int_equal(u256_cmp(t.fees.max_fee, u256_of(130)), 0);          /* 100 + 15 % + 15 wei */
	assert_int_equal(u256_cmp(t.fees.max_priority_fee, u256_of(500)), 0); /* what the chain asks for */
	t = sending();
	t.max_fee = u256_of(900);
	assert_false(send_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "chain.fee_cap");
	assert_false(t.replace);
}

static void quote_asks_the_escrow_first(void **state)
{
	struct quote_task t = { .payout = payout_of("failed") };

	(void)state;
	chain.fees.gas = 90000;
	chain.nonce = 9;
	assert_true(quote_effect(&w, &outside, &t));
	assert_true(!t.paid && t.nonce == 9 && t.fees.gas == 90000);
	chain.paid = true;
	assert_false(quote_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.release_not_found");
	chain.found = true;
	assert_true(quote_effect(&w, &outside, &t));
	assert_true(t.paid && t.paid_by[0] == 2);
	chain.conf.escrow[0] = 0;
	assert_false(quote_effect(&w, &outside, &t));
	assert_err(&w, ERR_INVALID, "chain.not_configured");
}

/* pay.refund ------------------------------------------------------------------------------------------------------- */

static struct chain_receipt refunded(uint8_t to, uint64_t amount)
{
	struct abi_value v = { .kind = ABI_UINT, .number = u256_of(amount) };
	struct chain_log log = event("Refunded(bytes32,address,uint256)", 0, 0, 3, encoded("uint256", &v, 1));

	memset(log.topics[2] + 12, to, 20);
	return receipt(CHAIN_DONE, log);
}

/* state NULL: nothing is signed yet */
static struct refund_task refund_of(const char *state)
{
	struct refund_task t = { .amount = u256_of(1000), .chain_id = 338, .since = 70, .first = 50 };

	memset(t.bounty, 0x11, 32);
	memset(t.funder, 0xf1, 20);
	memset(t.escrow, 0xee, 20);
	if (state != NULL) {
		t.has_live = true;
		t.live = (struct attempt){ .state = str_c(state), .nonce = 6, .raw = STR("raw") };
		memset(t.live.hash, 1, 32);
		t.low = (struct chain_fees){ u256_of(100), u256_of(10), 50000 };
	}
	return t;
}

static void locks(uint8_t funder, uint64_t balance, int64_t now)
{
	chain.lock = (struct chain_lock){ .balance = u256_of(balance), .deadline = 5000, .now = now };
	memset(chain.lock.funder, funder, 20);
}

static void B13_a_refund_is_signed_after_the_lock(void **state)
{
	struct refund_task t = refund_of(NULL);
	bool done;

	(void)state;
	locks(0xf1, 1000, 5000);
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_true(w.err.snooze && w.err.retry_after == USEC_S);
	assert_err(&w, ERR_RETRY, "pay.refund_early");
	locks(0xf1, 1000, 1000);
	chain.lock.deadline = INT64_MAX;
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_true(w.err.snooze && w.err.retry_after == 86400 * USEC_S);
	assert_err(&w, ERR_RETRY, "pay.refund_early");
	locks(0xf1, 1001, 5001); /* its funder has added to it */
	assert_true(refund_probe(&w, &outside, &t, &done) && !done);
	chain.nonce = 9;
	assert_true(refund_effect(&w, &outside, &t));
	assert_true(t.outcome == REFUND_SIGN && t.nonce == 9 && chain.sends == 0);
	t = refund_of(NULL);
	t.stopped = STR("pay.nonce_foreign");
	assert_true(refund_probe(&w, &outside, &t, &done) && !done);
	assert_false(refund_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.signer_stopped");
}

static void B13_a_strangers_refund_counts(void **state)
{
	struct refund_task t = refund_of(NULL);
	bool done;

	(void)state;
	chain.refunded = true;
	chain.other = refunded(0xf1, 1000);
	assert_true(refund_probe(&w, &outside, &t, &done) && done);
	assert_true(t.outcome == REFUND_DONE && t.has_hash && t.hash[0] == 2 && t.to[0] == 0xf1);
	assert_int_equal(chain.sends, 0);
	t = refund_of(NULL);
	t.stopped = STR("pay.nonce_foreign"); /* nothing is to be signed */
	chain.other = refunded(0xf1, 1500);
	assert_true(refund_probe(&w, &outside, &t, &done) && done);
	t = refund_of(NULL);
	chain.other = only(CHAIN_SHALLOW);
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_true(w.err.snooze);
	assert_err(&w, ERR_RETRY, "pay.shallow");
}

/* Its block is gone, or one node made it up: the lock tells, on every endpoint. */
static void B13_a_refund_that_is_gone_does_not_count(void **state)
{
	static const enum chain_seen seen[] = { CHAIN_ABSENT, CHAIN_REVERTED };
	struct refund_task t;
	bool done;

	(void)state;
	chain.refunded = true;
	for (size_t i = 0; i < COUNT(seen); i++) {
		t = refund_of(NULL);
		chain.other = only(seen[i]);
		locks(0xf1, 0, 5001);
		assert_false(refund_probe(&w, &outside, &t, &done));
		assert_err(&w, ERR_RETRY, "pay.refund_not_found");
		locks(0xf1, 1000, 5001);
		assert_true(refund_probe(&w, &outside, &t, &done) && !done);
		assert_int_equal(t.outcome, REFUND_NONE);
	}
}

static void a_refund_that_differs_is_for_a_person(void **state)
{
	const struct {
		uint8_t to;
		uint64_t amount;
	} rows[] = { { 0xf2, 1000 }, { 0xf1, 999 } };
	struct refund_task t;
	bool done;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		t = refund_of(NULL);
		chain.refunded = true;
		chain.other = refunded(rows[i].to, rows[i].amount);
		assert_false(refund_probe(&w, &outside, &t, &done));
		assert_err(&w, ERR_INVALID, "pay.wrong_refund");
		t = refund_of(NULL);
		chain.refunded = false;
		locks(rows[i].to, rows[i].amount, 5001);
		assert_false(refund_probe(&w, &outside, &t, &done));
		assert_err(&w, ERR_INVALID, "pay.refund_short");
	}
	t = refund_of("sent");
	chain.ours = only(CHAIN_DONE);
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_err(&w, ERR_INVALID, "pay.wrong_refund");
	chain.conf.chain_id = 25;
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_err(&w, ERR_INVALID, "chain.not_configured");
}

static struct chain_receipt refunded_at(int64_t block, uint8_t to, uint64_t amount)
{
	struct chain_receipt r = refunded(to, amount);

	r.block_number = block;
	return r;
}

/* Its funder had all back, locked a little and had that back, too: it is back, and the last transaction says so. */
static void B13_what_went_back_in_parts_counts_as_one(void **state)
{
	struct refund_task t = refund_of(NULL);
	bool done;

	(void)state;
	chain.refunded = true;
	chain.other = refunded_at(100, 0xf1, 1);
	chain.earlier[0] = refunded_at(90, 0xf1, 999);
	chain.earlier[1] = refunded_at(60, 0xf1, 300);
	chain.n_earlier = 2;
	assert_true(refund_probe(&w, &outside, &t, &done) && done);
	assert_true(t.outcome == REFUND_DONE && t.hash[0] == 2 && t.to[0] == 0xf1);
	t = refund_of("sent"); /* ours gave the little back */
	chain.ours = refunded_at(100, 0xf1, 1);
	assert_true(refund_probe(&w, &outside, &t, &done) && done);
	assert_true(t.outcome == REFUND_DONE && t.hash[0] == 1);
	t = refund_of(NULL);
	t.booked = u256_of(300); /* what was told of before is not told again */
	assert_true(refund_probe(&w, &outside, &t, &done) && done);
	t = refund_of("sent");
	chain.ours.block_number = 70; /* the last deposit's: that one is still there */
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_err(&w, ERR_INVALID, "pay.wrong_refund");
	t = refund_of(NULL);
	t.booked = u256_of(301);
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_err(&w, ERR_INVALID, "pay.wrong_refund");
	chain.earlier[0] = refunded_at(90, 0xf2, 999);
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_err(&w, ERR_INVALID, "pay.wrong_refund");
	chain.earlier[0].seen = CHAIN_SHALLOW;
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_true(w.err.snooze);
	assert_err(&w, ERR_RETRY, "pay.shallow");
	assert_int_equal(t.outcome, REFUND_NONE);
}

/* Whatever a node answers. */
static void B13_a_part_is_counted_once(void **state)
{
	struct refund_task t = refund_of(NULL);
	bool done;

	(void)state;
	chain.refunded = true;
	chain.other = refunded_at(100, 0xf1, 1);
	chain.earlier[0] = refunded_at(90, 0xf1, 600);
	chain.n_earlier = 1;
	chain.forgets = true;
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_err(&w, ERR_RETRY, "pay.refund_not_found");
	assert_int_equal(t.outcome, REFUND_NONE);
}

static void a_refund_that_the_escrow_refuses(void **state)
{
	struct refund_task t = refund_of(NULL);

	(void)state;
	chain.reverts = "TooEarly(uint64)";
	assert_false(refund_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.refund_early");
	chain.reverts = "ZeroAmount()";
	assert_false(refund_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.shallow");
	assert_int_equal(t.outcome, REFUND_NONE);
	chain.reverts = "TransferFailed()";
	assert_true(refund_effect(&w, &outside, &t));
	assert_true(t.outcome == REFUND_REFUSED && strcmp(t.code, "chain.reverts") == 0);
}

static void M19_signed_bytes_are_sent_whoever_was_first(void **state)
{
	struct refund_task t = refund_of("prepared");
	bool done;

	(void)state;
	chain.refunded = true; /* by somebody else; the nonce is to be used all the same */
	chain.other = refunded(0xf1, 1000);
	chain.ours = only(CHAIN_ABSENT);
	assert_true(refund_probe(&w, &outside, &t, &done) && !done);
	assert_true(refund_effect(&w, &outside, &t));
	assert_true(t.outcome == REFUND_SENT && chain.sends == 1);
	t = refund_of("prepared");
	chain.ours = only(CHAIN_PENDING); /* an earlier attempt has sent it */
	assert_true(refund_probe(&w, &outside, &t, &done) && done);
	assert_true(t.outcome == REFUND_SENT && chain.sends == 1);
	t = refund_of("prepared");
	chain.ours = only(CHAIN_ABSENT);
	chain.sent = CHAIN_FEE_LOW;
	chain.fees = (struct chain_fees){ .max_fee = u256_of(50), .max_priority_fee = u256_of(500), .gas = 50000 };
	assert_true(refund_effect(&w, &outside, &t));
	assert_int_equal(t.outcome, REFUND_RAISE);
	assert_int_equal(u256_cmp(t.fees.max_fee, u256_of(130)), 0);
	t = refund_of("prepared");
	chain.sent = CHAIN_NO_FUNDS;
	assert_false(refund_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.no_gas");
}

/* The money is gone, or the token refuses: what is signed fails on chain, and keeps no later payout waiting for its nonce. */
static void M19_a_low_fee_is_raised_though_the_escrow_would_refuse(void **state)
{
	static const char *const reverts[] = { "ZeroAmount()", "TransferFailed()", "TooEarly(uint64)",
		"Insufficient(uint256,uint256)" };
	struct refund_task refund;

	(void)state;
	chain.sent = CHAIN_FEE_LOW;
	chain.fees = (struct chain_fees){ .max_fee = u256_of(50), .max_priority_fee = u256_of(500), .gas = 91000 };
	for (size_t i = 0; i < COUNT(reverts); i++) {
		struct send_task send = sending();

		refund = refund_of("prepared");
		chain.reverts = reverts[i];
		assert_true(refund_effect(&w, &outside, &refund));
		assert_true(refund.outcome == REFUND_RAISE && refund.fees.gas == 50000);
		assert_int_equal(u256_cmp(refund.fees.max_fee, u256_of(130)), 0);
		assert_true(send_effect(&w, &outside, &send));
		assert_true(send.replace && send.fees.gas == 90000);
		assert_int_equal(u256_cmp(send.fees.max_priority_fee, u256_of(500)), 0);
	}
	chain.conf.max_fee_cap = u256_of(120);
	refund = refund_of("prepared");
	assert_false(refund_effect(&w, &outside, &refund));
	assert_err(&w, ERR_RETRY, "chain.fee_cap");
}

static void a_sent_refund_is_confirmed(void **state)
{
	struct refund_task t = refund_of("sent");
	bool done;

	(void)state;
	chain.ours = only(CHAIN_SHALLOW); /* its block may still go */
	assert_false(refund_probe(&w, &outside, &t, &done));
	assert_true(w.err.snooze);
	assert_err(&w, ERR_RETRY, "pay.shallow");
	chain.ours = refunded(0xf1, 1000);
	assert_true(refund_probe(&w, &outside, &t, &done) && done);
	assert_true(t.outcome == REFUND_DONE && t.hash[0] == 1 && !t.failed);
	t = refund_of("sent");
	chain.ours = only(CHAIN_REVERTED);
	assert_true(refund_probe(&w, &outside, &t, &done) && done);
	assert_true(t.outcome == REFUND_FAILED && t.hash[0] == 1);
	t = refund_of("sent");
	chain.refunded = true; /* that is why */
	chain.other = refunded(0xf1, 1000);
	assert_true(refund_probe(&w, &outside, &t, &done) && done);
	assert_true(t.outcome == REFUND_DONE && t.hash[0] == 2 && t.failed);
	assert_int_equal(chain.sends, 0);
}

static void a_sent_refund_that_no_node_knows(void **state)
{
	struct refund_task t = refund_of("sent");
	bool done;

	(void)state;
	chain.ours = only(CHAIN_ABSENT);
	chain.nonce = 6; /* ours is next */
	assert_true(refund_probe(&w, &outside, &t, &done) && !done);
	assert_false(refund_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.absent");
	assert_int_equal(chain.sends, 1);
	chain.nonce = 7;
	assert_false(refund_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.nonce_used");
	w.attempt = 8; /* most of them before it was used */
	t.looks = 6;
	assert_false(refund_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "pay.nonce_used");
	t.looks = 7;
	assert_true(refund_effect(&w, &outside, &t));
	assert_int_equal(t.outcome, REFUND_DEAD);
	t.outcome = REFUND_NONE;
	chain.refunded = true;
	chain.other = refunded(0xf1, 1000);
	assert_true(refund_effect(&w, &outside, &t));
	assert_true(t.outcome == REFUND_DONE && t.hash[0] == 2 && !t.failed);
	assert_int_equal(chain.sends, 1);
}

static void decided_tasks_touch_nothing(void **state)
{
	struct fund_task fund = { .decided = true };
	struct merge_task merge = { .decided = true };
	struct quote_task quote = { .decided = true };
	struct send_task send = { .decided = true };
	struct confirm_task confirm = { .decided = true };
	struct refund_task refund = { .decided = true }, nothing_to_give = { .outcome = REFUND_DONE };
	struct outside nothing = { 0 };
	bool done = false;

	(void)state;
	assert_true(fund_effect(&w, &nothing, &fund));
	assert_true(merge_effect(&w, &nothing, &merge));
	assert_true(quote_effect(&w, &nothing, &quote));
	assert_true(send_probe(&w, &nothing, &send, &done) && done);
	assert_true(confirm_effect(&w, &nothing, &confirm));
	done = false;
	assert_true(refund_probe(&w, &nothing, &refund, &done) && done);
	done = false;
	assert_true(refund_probe(&w, &nothing, &nothing_to_give, &done) && done);
}

/* As stages/preview.c judges a job by the same members. */
/* What each kind asks GitHub for, and after whom (docs/stages.md, "Asking GitHub"): what judges money goes first, what somebody waits
 * for next, what GitHub told after that, what is read without anybody's asking last. Kinds that are not here ask outside the
 * account's budget, or nobody. */
static const struct {
	const char *kind;
	struct quota_need need;
} asked[] = {
	{ "verify.merge", { QUOTA_VERIFY, .core = 12, .graphql = 2 } },
	{ "verify.recheck", { QUOTA_VERIFY, .core = 12, .graphql = 2 } },
	{ "sync.check", { QUOTA_COMMAND, .core = 4 } },
	{ "sync.policy", { QUOTA_COMMAND, .core = 2 } },
	{ "sync.hook", { QUOTA_COMMAND, .core = 2, .writes = true } },
	{ "sync.rotate", { QUOTA_COMMAND, .core = 1, .writes = true } },
	{ "sync.command", { QUOTA_COMMAND, .core = 1 } },
	{ "sync.status", { QUOTA_COMMAND, .core = 2, .writes = true } },
	{ "sync.delivery", { QUOTA_SYNC, .core = 3, .graphql = 1 } },
	{ "sync.project", { QUOTA_SYNC, .core = 2 } },
	{ "sync.issue", { QUOTA_SYNC, .core = 1 } },
	{ "sync.health", { QUOTA_SYNC, .core = 3, .writes = true } },
	{ "sync.redeliver", { QUOTA_SYNC, .core = 1, .writes = true } },
	{ "sync.sweep", { QUOTA_BACKFILL, .core = 1 } },
	{ "sync.pull", { QUOTA_BACKFILL, .core = 3, .graphql = 1 } },
};

static struct quota_need asked_by(const char *kind)
{
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
		if (strcmp(asked[i].kind, kind) == 0)
			return asked[i].need;
	return (struct quota_need){ QUOTA_VERIFY, .core = 0 }; /* nothing */
}

static void I10_verify_goes_before_command_before_sync_before_backfill(void **state)
{
	size_t found = 0;

	(void)state;
	assert_true(QUOTA_VERIFY == 0 && QUOTA_COMMAND == 1 && QUOTA_SYNC == 2 &&
		QUOTA_BACKFILL == 3); /* ingest.rate_take */
	for (size_t i = 0; all_stages[i] != NULL; i++) {
		const struct quota_need *is = &all_stages[i]->quota, need = asked_by(all_stages[i]->kind);

		if (is->rank != need.rank || is->core != need.core || is->graphql != need.graphql ||
			is->writes != need.writes)
			fail_msg("%s asks for other turns than the table says", all_stages[i]->kind);
		found += is->core + is->graphql > 0;
	}
	assert_int_equal(found, sizeof(asked) / sizeof(asked[0]));
}

static void O5_a_preview_says_of_a_kind_what_its_stage_is(void **state)
{
	size_t n = 0;

	(void)state;
	for (; all_stages[n] != NULL; n++) {
		const struct stage *s = all_stages[n];
		const struct kind *k = kind_find(str_c(s->kind));
		char outcomes[16];

		snprintf(outcomes, sizeof(outcomes), "%s%s", s->decided != 0 || s->probe != NULL ? "done|" : "",
			s->probe != NULL            ? "acts"
				: s->effect != NULL ? "asks"
						    : "rows");
		assert_non_null(k);
		assert_string_equal(k->outcomes, outcomes);
		assert_true(strlen(k->does) > 0 && kind_stage(str_c(s->name)));
	}
	for (size_t i = 0; i <= n; i++)
		assert_int_equal(kinds[i].kind == NULL, i == n);
	assert_false(kind_stage(STR("syn")) || kind_stage(STR("")) || kind_find(STR("sync")) != NULL);
}

static void rates_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t per_day;
	} good[] = { { "50/s", 4320000 }, { "50", 4320000 }, { "600/m", 864000 }, { "6/h", 144 }, { "0.5/s", 43200 },
		{ "10000/s", 864000000 } };
	static const char *const bad[] = { "", "0", "-1/s", "10001/s", "1/d", "nan", "inf", "1/s ", "0.001/h", " 1",
		"0x10/s", "1e3", "1000000000000000000000000000000000" };
	int64_t per_day;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(rate_parse(str_c(good[i].text), &per_day));
		assert_int_equal(per_day, good[i].per_day);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(rate_parse(str_c(bad[i]), &per_day));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(deposits_are_judged, start, stop),
		cmocka_unit_test_setup_teardown(deposits_are_waited_for, start, stop),
		cmocka_unit_test_setup_teardown(confirm_reads_the_log, start, stop),
		cmocka_unit_test_setup_teardown(confirm_waits, start, stop),
		cmocka_unit_test_setup_teardown(a_used_nonce_is_looked_into, start, stop),
		cmocka_unit_test_setup_teardown(a_reverted_release_asks_the_escrow, start, stop),
		cmocka_unit_test_setup_teardown(an_adopted_release_is_confirmed, start, stop),
		cmocka_unit_test_setup_teardown(an_adopted_release_may_be_gone, start, stop),
		cmocka_unit_test_setup_teardown(send_looks_first, start, stop),
		cmocka_unit_test_setup_teardown(send_reacts, start, stop),
		cmocka_unit_test_setup_teardown(send_raises_a_low_fee, start, stop),
		cmocka_unit_test_setup_teardown(quote_asks_the_escrow_first, start, stop),
		cmocka_unit_test_setup_teardown(B13_a_refund_is_signed_after_the_lock, start, stop),
		cmocka_unit_test_setup_teardown(B13_a_strangers_refund_counts, start, stop),
		cmocka_unit_test_setup_teardown(B13_a_refund_that_is_gone_does_not_count, start, stop),
		cmocka_unit_test_setup_teardown(a_refund_that_differs_is_for_a_person, start, stop),
		cmocka_unit_test_setup_teardown(B13_what_went_back_in_parts_counts_as_one, start, stop),
		cmocka_unit_test_setup_teardown(B13_a_part_is_counted_once, start, stop),
		cmocka_unit_test_setup_teardown(a_refund_that_the_escrow_refuses, start, stop),
		cmocka_unit_test_setup_teardown(M19_signed_bytes_are_sent_whoever_was_first, start, stop),
		cmocka_unit_test_setup_teardown(M19_a_low_fee_is_raised_though_the_escrow_would_refuse, start, stop),
		cmocka_unit_test_setup_teardown(a_sent_refund_is_confirmed, start, stop),
		cmocka_unit_test_setup_teardown(a_sent_refund_that_no_node_knows, start, stop),
		cmocka_unit_test_setup_teardown(decided_tasks_touch_nothing, start, stop),
		cmocka_unit_test(I10_verify_goes_before_command_before_sync_before_backfill),
		cmocka_unit_test(O5_a_preview_says_of_a_kind_what_its_stage_is),
		cmocka_unit_test(rates_are_read),
	};

	return cmocka_run_group_tests_name("effects", tests, load, unload);
}
