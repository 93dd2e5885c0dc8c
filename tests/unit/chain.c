#include "http_stub.h"

#include "base/hex.h"
#include "crypto/keccak.h"
#include "outside/chain.h"

#define OK(result)                                                                                                     \
	{                                                                                                              \
		.body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"result\":" result "}"                                       \
	}
#define ERROR(code, message)                                                                                           \
	{                                                                                                              \
		.body = "{\"jsonrpc\":\"2.0\",\"id\":$ID,\"error\":{\"code\":" code ",\"message\":\"" message "\"}}"   \
	}
#define ID_338 OK("\"0x152\"")

/* Bytes of one value: a hash, an address. */
#define B4(x) x x x x
#define B20(x) B4(x) B4(x) B4(x) B4(x) B4(x)
#define B32(x) B4(x) B4(x) B4(x) B4(x) B4(x) B4(x) B4(x) B4(x)
#define TX "0x" B32("aa")
#define BLOCK_A "0x" B32("b1")
#define BLOCK_B "0x" B32("b2")
#define ESCROW_AT "0x" B20("ec")
#define LOG(data)                                                                                                      \
	"{\"address\":\"" ESCROW_AT "\",\"topics\":[\"0x" B32("01") "\"],\"data\":\"" data "\",\"logIndex\":\"0x3\","  \
								    "\"blockHash\":\"" BLOCK_A "\"}"
#define RECEIPT_OF(tx, status, block, logs)                                                                            \
	OK("{\"transactionHash\":\"" tx "\",\"blockNumber\":\"0x64\",\"blockHash\":\"" block "\",\"status\":\"" status \
	   "\","                                                                                                       \
	   "\"logs\":[" logs "]}")
#define RECEIPT(status, block) RECEIPT_OF(TX, status, block, LOG("0x05"))
#define BLOCK(hash) OK("{\"hash\":\"" hash "\",\"timestamp\":\"0x6955b900\",\"baseFeePerGas\":\"0x64\"}")

struct world {
	struct stub stub, confirm;
	struct chain *c;
	struct work w;
	bool two;
};

static const uint8_t *filled(uint8_t byte)
{
	static _Thread_local uint8_t buffers[4][32];
	static _Thread_local int next;
	uint8_t *p = buffers[next++ & 3];

	return memset(p, byte, 32);
}

static void begin2(struct world *t, const struct stub_answer *a, size_t n, const struct stub_answer *b, size_t m)
{
	struct chain_conf c = { .chain_id = 338, .confirmations = 2, .max_fee_cap = u256_of(1000) };

	*t = (struct world){ .two = b != NULL };
	memset(c.escrow, 0xec, 20);
	work_init(&t->w);
	stub_start(&t->stub, a, n);
	c.url = str_c(t->stub.url);
	if (t->two) {
		stub_start(&t->confirm, b, m);
		c.confirm_url = str_c(t->confirm.url);
	}
	assert_true(chain_new(&t->w, &c, &t->c));
}

static void begin(struct world *t, const struct stub_answer *a, size_t n)
{
	begin2(t, a, n, NULL, 0);
}

static void end(struct world *t)
{
	chain_free(&t->c);
	stub_stop(&t->stub);
	stub_free(&t->stub);
	if (t->two) {
		stub_stop(&t->confirm);
		stub_free(&t->confirm);
	}
	work_end(&t->w);
}

static void chain_id_is_asked_once(void **state)
{
	struct stub_answer a[] = { ID_338, OK("\"0x7\""), OK("\"0x8\"") };
	struct world t;
	uint64_t n;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(chain_nonce(&t.w, t.c, filled(1), &n));
	assert_int_equal(n, 7);
	assert_true(chain_nonce(&t.w, t.c, filled(1), &n));
	assert_int_equal(n, 8);
	assert_non_null(strstr(t.stub.requests[0].body, "\"eth_chainId\""));
	assert_non_null(strstr(t.stub.requests[1].body, "\"params\":[\"0x" B20("01") "\",\"latest\"]"));
	end(&t);
}

static void another_chain_is_refused(void **state)
{
	struct stub_answer a[] = { OK("\"0x1\""), OK("\"0x1\"") };
	enum chain_sent sent;
	struct world t;
	str reason;
	uint64_t n;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_false(chain_nonce(&t.w, t.c, filled(1), &n));
	assert_err(&t.w, ERR_INVALID, "chain.wrong_id");
	assert_false(chain_send(&t.w, t.c, STR("raw"), &sent, &reason));
	assert_err(&t.w, ERR_INVALID, "chain.wrong_id");
	assert_int_equal(t.stub.n_requests, 2);
	end(&t);
}

static void quantities_are_checked(void **state)
{
	static const struct stub_answer lies[] = { OK("7"), OK("\"7\""), OK("\"0x\""), OK("\"0x07\""), OK("null"),
		OK("\"0xg\""), OK("\"0x8000000000000000\""), OK("\"-0x1\"") };
	struct world t;
	uint64_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct stub_answer a[] = { ID_338, lies[i] };

		begin(&t, a, 2);
		assert_false(chain_nonce(&t.w, t.c, filled(1), &n));
		assert_err(&t.w, ERR_RETRY, "rpc.malformed");
		end(&t);
	}
}

static void quotes(void **state)
{
	struct stub_answer a[] = { ID_338, OK("\"0x186a0\""), BLOCK(BLOCK_A), OK("\"0xa\""), BLOCK(BLOCK_A),
		OK("\"0xb\"") };
	struct chain_fees f;
	struct world t;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(chain_quote(&t.w, t.c, filled(1), filled(2), STR("\x85\xa9"), &f));
	assert_int_equal(f.gas, 125000);
	assert_int_equal(u256_cmp(f.max_fee, u256_of(210)), 0);
	assert_int_equal(u256_cmp(f.max_priority_fee, u256_of(10)), 0);
	assert_non_null(strstr(t.stub.requests[1].body,
		"\"params\":[{\"from\":\"0x" B20("01") "\",\"to\":\"0x" B20("02") "\",\"data\":\"0x85a9\"}]"));
	assert_true(chain_ask_fees(&t.w, t.c, &f)); /* the gas stays as it was */
	assert_true(f.gas == 125000 && u256_cmp(f.max_priority_fee, u256_of(11)) == 0);
	end(&t);
}

static void quotes_stay_below_the_cap(void **state)
{
	struct stub_answer near[] = { ID_338, OK("\"0x1\""), OK("{\"baseFeePerGas\":\"0x258\"}"), OK("\"0x1\"") };
	struct stub_answer above[] = { ID_338, OK("\"0x1\""), OK("{\"baseFeePerGas\":\"0x3e8\"}"), OK("\"0x1\"") };
	struct stub_answer huge[] = { ID_338, OK("\"0x1\""), OK("{\"baseFeePerGas\":\"0x" B32("ff") "\"}"),
		OK("\"0x1\"") };
	struct stub_answer none[] = { ID_338, OK("\"0x1\""), OK("{\"hash\":\"0x\"}"), OK("\"0x1\"") };
	struct chain_fees f;
	struct world t;

	(void)state;
	begin(&t, near, 4);
	assert_true(chain_quote(&t.w, t.c, filled(1), filled(2), STR(""), &f));
	assert_int_equal(u256_cmp(f.max_fee, u256_of(1000)), 0);
	end(&t);
	begin(&t, above, 4);
	assert_false(chain_quote(&t.w, t.c, filled(1), filled(2), STR(""), &f));
	assert_err(&t.w, ERR_RETRY, "chain.fee_cap");
	end(&t);
	begin(&t, huge, 4);
	assert_false(chain_quote(&t.w, t.c, filled(1), filled(2), STR(""), &f));
	assert_err(&t.w, ERR_RETRY, "rpc.malformed");
	end(&t);
	begin(&t, none, 4);
	assert_false(chain_quote(&t.w, t.c, filled(1), filled(2), STR(""), &f));
	assert_err(&t.w, ERR_INVALID, "chain.no_base_fee");
	end(&t);
}

static void quotes_of_what_reverts(void **state)
{
	static const struct {
		struct stub_answer a;
		enum err_kind kind;
		const char *code, *text;
	} rows[] = {
		{ { .body = "{\"id\":$ID,\"error\":{\"code\":3,\"message\":\"execution reverted\",\"data\":\"0xf4b76a0e" B32(
			    "56") "\"}}" },
			ERR_INVALID, "chain.reverts", "AlreadyPaid(bytes32)" },
		{ ERROR("-32000", "execution reverted"), ERR_INVALID, "chain.reverts", "execution reverted" },
		{ ERROR("-32000", "header not found"), ERR_RETRY, "chain.server", "header not found" },
		{ OK("\"0x10000000001\""), ERR_RETRY, "rpc.malformed", "estimate" },
	};
	struct chain_fees f;
	struct world t;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stub_answer a[] = { ID_338, rows[i].a };

		begin(&t, a, 2);
		assert_false(chain_quote(&t.w, t.c, filled(1), filled(2), STR(""), &f));
		assert_non_null(strstr(t.w.err.text, rows[i].text));
		assert_err(&t.w, rows[i].kind, rows[i].code);
		end(&t);
	}
}

static void paid(void **state)
{
	struct stub_answer a[] = { ID_338, OK("\"0x" B20("00") B4("00") B4("00") "00000001\""),
		OK("\"0x" B32("00") "\""), OK("\"0x\""), OK("\"0x" B32("01") "\""), OK("\"0x01\""), OK("null"),
		ERROR("-32000", "no state") };
	struct world t;
	bool is;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(chain_paid(&t.w, t.c, filled(0x56), &is) && is);
	assert_true(chain_paid(&t.w, t.c, filled(0x56), &is) && !is);
	assert_non_null(strstr(t.stub.requests[1].body,
		"\"params\":[{\"to\":\"" ESCROW_AT "\",\"data\":\"0xadd89bb2" B32("56") "\"},\"latest\"]"));
	assert_false(chain_paid(&t.w, t.c, filled(0x56), &is));
	assert_err(&t.w, ERR_INVALID, "chain.no_escrow");
	for (int i = 0; i < 3; i++) {
		assert_false(chain_paid(&t.w, t.c, filled(0x56), &is));
		assert_err(&t.w, ERR_RETRY, "rpc.malformed");
	}
	assert_false(chain_paid(&t.w, t.c, filled(0x56), &is));
	assert_err(&t.w, ERR_RETRY, "chain.server");
	end(&t);
}

static void every_text_of_a_node(void **state)
{
	static const struct {
		const char *text;
		enum chain_sent sent;
	} rows[] = {
		{ "already known", CHAIN_SENT },
		{ "transaction already imported", CHAIN_SENT },
		{ "tx already in mempool", CHAIN_SENT },
		{ "Transaction Already Exists", CHAIN_SENT },
		{ "nonce too low: next nonce 5, tx nonce 4", CHAIN_NONCE_USED },
		{ "invalid nonce; got 4, expected 5: invalid sequence: invalid sequence", CHAIN_NONCE_USED },
		{ "incorrect account sequence", CHAIN_NONCE_USED },
		{ "nonce too high", CHAIN_NONCE_GAP },
		{ "Invalid Nonce; got 7, expected 5: invalid sequence", CHAIN_NONCE_GAP },
		{ "replacement transaction underpriced", CHAIN_FEE_LOW },
		{ "tx doesn't fit the replacement rule", CHAIN_FEE_LOW },
		{ "transaction underpriced: tip needed 1", CHAIN_FEE_LOW },
		{ "max fee per gas less than block base fee: address 0x1", CHAIN_FEE_LOW },
		{ "provided fee < minimum global fee: insufficient fee", CHAIN_FEE_LOW },
		{ "fee cap too low", CHAIN_FEE_LOW },
		{ "insufficient funds for gas * price + value", CHAIN_NO_FUNDS },
		{ "intrinsic gas too low", CHAIN_BAD },
		{ "exceeds block gas limit", CHAIN_BAD },
		{ "invalid chain id for signer: have 1 want 338", CHAIN_BAD },
		{ "incorrect chain-id; expected 338, got 1", CHAIN_BAD },
		{ "Failed to decode signed transaction", CHAIN_BAD },
		{ "rlp: value size exceeds available input length", CHAIN_BAD },
	};
	enum chain_sent sent;
	struct world t;
	str reason;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char body[256];
		struct stub_answer a[] = { ID_338, { .body = body } };

		snprintf(body, sizeof(body), "{\"id\":$ID,\"error\":{\"code\":-32000,\"message\":\"%s\"}}",
			rows[i].text);
		begin(&t, a, 2);
		assert_true(chain_send(&t.w, t.c, STR("raw"), &sent, &reason));
		if (sent != rows[i].sent)
			fail_msg("%s", rows[i].text);
		assert_str(reason, rows[i].text);
		end(&t);
	}
}

static void what_is_unclear_may_have_happened(void **state)
{
	static const struct stub_answer rows[] = {
		ERROR("-32000", "mempool is full"),
		ERROR("-32000", "txpool is full"),
		ERROR("-32005", "limit exceeded"),
		ERROR("-32603", "internal error"),
		ERROR("-32000", "invalid nonce; got x, expected y"),
		{ .status = 500 },
		{ .status = 429 },
		{ .status = 403 },
		{ .status = 502, .body = "<html>" },
		{ .body = "{\"id\":$ID,\"resu" },
		{ .body = "" },
		{ .fault = STUB_CLOSE },
		{ .fault = STUB_RESET },
		{ .fault = STUB_GIANT },
		{ .body = "{\"id\":1}", .fault = STUB_SHORT },
		OK("\"" TX "\""),
		OK("null"),
	};
	enum chain_sent sent;
	struct world t;
	str reason;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct stub_answer a[] = { ID_338, rows[i] };

		begin(&t, a, 2);
		assert_false(chain_send(&t.w, t.c, STR("raw"), &sent, &reason));
		assert_err(&t.w, ERR_UNCERTAIN, "chain.send_unknown");
		end(&t);
	}
}

static void a_time_out_after_sending_is_unclear(void **state)
{
	struct stub_answer a[] = { ID_338, { .fault = STUB_HANG } };
	enum chain_sent sent;
	struct world t;
	str reason;

	(void)state;
	begin(&t, a, 2);
	t.w.deadline = clock_monotonic() + 500 * USEC_MS;
	assert_false(chain_send(&t.w, t.c, STR("raw"), &sent, &reason));
	assert_err(&t.w, ERR_UNCERTAIN, "chain.send_unknown");
	assert_false(chain_send(&t.w, t.c, STR("raw"), &sent, &reason)); /* no time is left: nothing was sent */
	assert_err(&t.w, ERR_RETRY, "fetch.unreachable");
	end(&t);
}

static void sent_names_our_hash(void **state)
{
	uint8_t hash[32];
	char body[160], hex[65] = { 0 };
	struct stub_answer a[] = { ID_338, { .body = body } };
	enum chain_sent sent;
	struct world t;
	str reason;

	(void)state;
	keccak256(STR("raw"), hash);
	hex_encode(hash, 32, hex);
	snprintf(body, sizeof(body), "{\"id\":$ID,\"result\":\"0x%s\"}", hex);
	begin(&t, a, 2);
	assert_true(chain_send(&t.w, t.c, STR("raw"), &sent, &reason));
	assert_int_equal(sent, CHAIN_SENT);
	assert_non_null(strstr(t.stub.requests[1].body, "\"eth_sendRawTransaction\",\"params\":[\"0x726177\"]"));
	end(&t);
}

static enum chain_seen seen(struct world *t, struct chain_receipt *r)
{
	if (!chain_receipt_of(&t->w, t->c, filled(0xaa), r))
		fail_msg("%s %s", t->w.err.code, t->w.err.text);
	return r->seen;
}

static void receipts_on_one_endpoint(void **state)
{
	static const struct {
		struct stub_answer a[5];
		enum chain_seen seen;
	} rows[] = {
		{ { ID_338, OK("null"), OK("null") }, CHAIN_ABSENT },
		{ { ID_338, OK("null"), OK("{\"hash\":\"" TX "\"}") }, CHAIN_PENDING },
		{ { ID_338, OK("{\"transactionHash\":\"" TX "\",\"blockNumber\":null}") }, CHAIN_PENDING },
		{ { ID_338, RECEIPT("0x1", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x64\"") }, CHAIN_SHALLOW },
		{ { ID_338, RECEIPT("0x1", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x65\"") }, CHAIN_DONE },
		{ { ID_338, RECEIPT("0x0", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x65\"") }, CHAIN_REVERTED },
		{ { ID_338, RECEIPT("0x0", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x64\"") }, CHAIN_SHALLOW },
		{ { ID_338, RECEIPT("0x1", BLOCK_A), BLOCK(BLOCK_B), OK("\"0x65\"") }, CHAIN_SHALLOW },
		{ { ID_338, RECEIPT("0x1", BLOCK_A), OK("null"), OK("\"0x65\"") }, CHAIN_SHALLOW },
		{ { ID_338, RECEIPT("0x1", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x1\"") }, CHAIN_SHALLOW },
	};
	struct chain_receipt r;
	struct world t;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(&t, rows[i].a, 5);
		assert_int_equal(seen(&t, &r), rows[i].seen);
		end(&t);
	}
}

static void receipts_hold_logs_and_evidence(void **state)
{
	struct stub_answer a[] = { ID_338, RECEIPT("0x1", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x65\"") };
	struct chain_receipt r;
	struct world t;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_int_equal(seen(&t, &r), CHAIN_DONE);
	assert_int_equal(r.block_number, 100);
	assert_int_equal(r.block_time, 1767225600);
	assert_memory_equal(r.block_hash, filled(0xb1), 32);
	assert_int_equal(r.n_logs, 1);
	assert_true(r.logs->index == 3 && r.logs->n_topics == 1);
	assert_memory_equal(r.logs->address, filled(0xec), 20);
	assert_memory_equal(r.logs->topics[0], filled(1), 32);
	assert_str(r.logs->data, "\x05");
	assert_true(str_starts(
		r.bytes, STR("{\"blockHash\":\"" BLOCK_A "\",\"blockNumber\":\"0x64\",\"logs\":[{\"address\"")));
	assert_str(r.endpoint, t.stub.url);
	end(&t);
}

static void receipts_that_lie(void **state)
{
	static const struct stub_answer lies[] = {
		RECEIPT_OF(BLOCK_B, "0x1", BLOCK_A, ""),
		RECEIPT_OF(TX, "0x2", BLOCK_A, ""),
		RECEIPT_OF(TX, "1", BLOCK_A, ""),
		RECEIPT_OF(TX, "0x1", "0xb1", ""),
		RECEIPT_OF(TX, "0x1", BLOCK_A, "{}"),
		RECEIPT_OF(TX, "0x1", BLOCK_A, LOG("0x5")),
		RECEIPT_OF(TX, "0x1", BLOCK_A, LOG("5")),
		OK("{\"transactionHash\":\"" TX "\",\"blockNumber\":\"0x64\",\"blockHash\":\"" BLOCK_A
		   "\",\"status\":\"0x1\"}"),
		OK("[]"),
		OK("7"),
	};
	struct chain_receipt r;
	struct world t;

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		struct stub_answer a[] = { ID_338, lies[i] };

		begin(&t, a, 2);
		assert_false(chain_receipt_of(&t.w, t.c, filled(0xaa), &r));
		assert_err(&t.w, ERR_RETRY, "rpc.malformed");
		end(&t);
	}
}

static void receipts_on_two_endpoints(void **state)
{
#define DONE_IN(hash)                                                                                                  \
	{                                                                                                              \
		ID_338, RECEIPT("0x1", hash), BLOCK(hash), OK("\"0x65\"")                                              \
	}
	static const struct {
		struct stub_answer a[4], b[4];
		enum chain_seen seen;
	} rows[] = {
		{ DONE_IN(BLOCK_A), DONE_IN(BLOCK_A), CHAIN_DONE },
		{ DONE_IN(BLOCK_A), DONE_IN(BLOCK_B), CHAIN_SHALLOW },
		{ DONE_IN(BLOCK_A), { ID_338, OK("null"), OK("null") }, CHAIN_ABSENT },
		{ DONE_IN(BLOCK_A), { ID_338, OK("null"), OK("{}") }, CHAIN_PENDING },
		{ DONE_IN(BLOCK_A), { ID_338, RECEIPT("0x1", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x64\"") },
			CHAIN_SHALLOW },
		{ { ID_338, RECEIPT("0x1", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x64\"") }, DONE_IN(BLOCK_A),
			CHAIN_SHALLOW },
		{ { ID_338, OK("null"), OK("null") }, DONE_IN(BLOCK_A), CHAIN_ABSENT },
		{ { ID_338, RECEIPT("0x0", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x65\"") },
			{ ID_338, RECEIPT("0x0", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x65\"") }, CHAIN_REVERTED },
	};
	struct chain_receipt r;
	struct world t;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin2(&t, rows[i].a, 4, rows[i].b, 4);
		assert_int_equal(seen(&t, &r), rows[i].seen);
		end(&t);
	}
}

static void endpoints_that_disagree(void **state)
{
	static const struct stub_answer one[] = DONE_IN(BLOCK_A);
	static const struct stub_answer others[][4] = {
		{ ID_338, RECEIPT("0x0", BLOCK_A), BLOCK(BLOCK_A), OK("\"0x65\"") },
		{ ID_338, RECEIPT_OF(TX, "0x1", BLOCK_A, LOG("0x06")), BLOCK(BLOCK_A), OK("\"0x65\"") },
		{ ID_338, RECEIPT_OF(TX, "0x1", BLOCK_A, ""), BLOCK(BLOCK_A), OK("\"0x65\"") },
	};
	static const struct stub_answer wrong[] = { OK("\"0x1\"") };
	struct chain_receipt r;
	struct world t;

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++) {
		begin2(&t, one, 4, others[i], 4);
		assert_false(chain_receipt_of(&t.w, t.c, filled(0xaa), &r));
		assert_err(&t.w, ERR_RETRY, "chain.disagrees");
		end(&t);
	}
	begin2(&t, one, 4, wrong, 1);
	assert_false(chain_receipt_of(&t.w, t.c, filled(0xaa), &r));
	assert_err(&t.w, ERR_INVALID, "chain.wrong_id");
	end(&t);
}

#define RELEASED_TOPIC "0x8f24270c797fcc465edcc0dfcad3c1d0b47e25643844c456064e78ab67255106"
#define RELEASE(address, topic, payout)                                                                                \
	"{\"address\":\"" address "\",\"transactionHash\":\"" TX "\",\"topics\":[\"" topic                             \
	"\",\"0x" B32("01") "\",\"0x" payout "\",\"0x" B32("00") "\"],\"data\":\"0x\"}"

static void finds_a_release(void **state)
{
	struct stub_answer a[] = {
		ID_338,
		OK("\"0x4e21\""), /* 20001: three windows */
		OK("[]"),
		OK("[" RELEASE("0x" B20("ed"), RELEASED_TOPIC, B32("56")) "," RELEASE(
			ESCROW_AT, BLOCK_A, B32("56")) "," RELEASE(ESCROW_AT, RELEASED_TOPIC,
			B32("57")) ",{\"address\":\"" ESCROW_AT "\",\"transactionHash\":\"" TX "\",\"topics\":[]}]"),
		OK("[" RELEASE(ESCROW_AT, RELEASED_TOPIC, B32("56")) "]"),
	};
	uint8_t hash[32];
	struct world t;
	bool found;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(chain_find_release(&t.w, t.c, filled(0x56), &found, hash));
	assert_true(found);
	assert_memory_equal(hash, filled(0xaa), 32);
	assert_non_null(strstr(t.stub.requests[2].body,
		"\"topics\":[\"" RELEASED_TOPIC
		"\",null,\"0x" B32("56") "\"],"
					 "\"fromBlock\":\"0x2712\",\"toBlock\":\"0x4e21\"}]"));
	assert_non_null(strstr(t.stub.requests[3].body, "\"fromBlock\":\"0x2\",\"toBlock\":\"0x2711\""));
	assert_non_null(strstr(t.stub.requests[4].body, "\"fromBlock\":\"0x0\",\"toBlock\":\"0x1\""));
	end(&t);
}

static void finds_no_release(void **state)
{
	struct stub_answer a[] = { ID_338, OK("\"0x10\""), OK("[]"), OK("\"0x10\""), OK("{}") };
	uint8_t hash[32];
	struct world t;
	bool found;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(chain_find_release(&t.w, t.c, filled(0x56), &found, hash));
	assert_false(found);
	assert_false(chain_find_release(&t.w, t.c, filled(0x56), &found, hash));
	assert_err(&t.w, ERR_RETRY, "rpc.malformed");
	end(&t);
}

#define REFUNDED_TOPIC "0xf552ca82e113ac3c539c3d617f29fcd19c172a0c75dad017555c9e109f7fe183"
#define REFUND(tx, bounty)                                                                                             \
	"{\"address\":\"" ESCROW_AT "\",\"transactionHash\":\"" tx "\",\"topics\":[\"" REFUNDED_TOPIC "\",\"0x" bounty \
	"\",\"0x" B32("00") "\"],\"data\":\"0x\"}"

/* The last one since the deposit's block; what came before it is of an earlier lock. */
static void finds_the_last_refund(void **state)
{
	struct stub_answer a[] = {
		ID_338,
		OK("\"0x4e21\""),
		OK("[]"),
		OK("[" REFUND(TX, B32("56")) "," REFUND("0x" B32("ab"), B32("56")) "," REFUND(TX, B32("57")) "]"),
		OK("\"0x4e21\""),
		OK("[]"),
		OK("\"0x10\""), /* a node behind the deposit */
		OK("\"0x4e21\""),
		OK("[" REFUND(TX, B32("56")) "]"),
		OK("\"0x4e21\""),
	};
	uint8_t hash[32];
	struct world t;
	bool found;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(chain_find_refund(&t.w, t.c, filled(0x56), 100, INT64_MAX, &found, hash));
	assert_true(found);
	assert_memory_equal(hash, filled(0xab), 32);
	assert_non_null(strstr(t.stub.requests[3].body,
		"\"topics\":[\"" REFUNDED_TOPIC "\",\"0x" B32("56") "\"],"
								    "\"fromBlock\":\"0x64\",\"toBlock\":\"0x2711\"}]"));
	for (int i = 0; i < 2; i++) {
		assert_true(chain_find_refund(&t.w, t.c, filled(0x56), 20000, INT64_MAX, &found, hash));
		assert_false(found);
	}
	assert_true(chain_find_refund(&t.w, t.c, filled(0x56), 100, 255, &found, hash));
	assert_true(found);
	assert_non_null(strstr(t.stub.requests[8].body, "\"fromBlock\":\"0x64\",\"toBlock\":\"0xff\"}]"));
	assert_true(chain_find_refund(&t.w, t.c, filled(0x56), 100, 99, &found, hash));
	assert_false(found);
	end(&t);
}

#define WORD(byte) B20("00") B4("00") B4("00") "000000" byte
#define ADDRESS(byte) B4("00") B4("00") B4("00") B20(byte)
#define LOCK(balance) OK("\"0x" ADDRESS("f1") ADDRESS("dd") WORD(balance) WORD("64") "\"")
#define AT(time) OK("{\"timestamp\":\"" time "\"}")

static void tells_a_lock(void **state)
{
	struct stub_answer a[] = { ID_338, AT("0x70"), LOCK("0a"), AT("0x70"), LOCK("0a"), AT("0x70"), OK("\"0x\""),
		AT("0x70"), OK("\"0x00\"") };
	struct stub_answer b[] = { ID_338, AT("0x69"), LOCK("0a"), AT("0x70"), LOCK("00") };
	struct chain_lock lock;
	struct world t;

	(void)state;
	begin2(&t, a, COUNT(a), b, COUNT(b));
	assert_true(chain_lock_of(&t.w, t.c, filled(0x56), &lock));
	assert_int_equal(lock.funder[19], 0xf1);
	assert_int_equal(lock.token[0], 0xdd);
	assert_int_equal(u256_cmp(lock.balance, u256_of(10)), 0);
	assert_true(lock.deadline == 0x64 && lock.now == 0x69); /* the one that is behind */
	assert_false(chain_lock_of(&t.w, t.c, filled(0x56), &lock));
	assert_err(&t.w, ERR_RETRY, "chain.disagrees");
	assert_false(chain_lock_of(&t.w, t.c, filled(0x56), &lock));
	assert_err(&t.w, ERR_INVALID, "chain.no_escrow");
	assert_false(chain_lock_of(&t.w, t.c, filled(0x56), &lock));
	assert_err(&t.w, ERR_RETRY, "rpc.malformed");
	end(&t);
}

static void *ask_six_times(void *arg)
{
	struct chain *c = arg;
	struct work w;
	uint64_t n;

	work_init(&w);
	for (int i = 0; i < 6; i++)
		if (!chain_nonce(&w, c, filled(1), &n) || n != 338)
			abort();
	work_end(&w);
	return NULL;
}

/* Whatever is asked, the answer is the same; the chain id may be asked for once by each. */
static void threads_share_a_chain(void **state)
{
	struct stub_answer a[STUB_MAX];
	pthread_t threads[8];
	struct world t;

	(void)state;
	for (size_t i = 0; i < COUNT(a); i++)
		a[i] = (struct stub_answer)ID_338;
	begin(&t, a, COUNT(a));
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_six_times, t.c), 0);
	for (size_t i = 0; i < COUNT(threads); i++)
		pthread_join(threads[i], NULL);
	assert_in_range(t.stub.n_requests, 49, 56);
	end(&t);
}

static void configuration(void **state)
{
	struct chain_conf c = { .url = STR("http://127.0.0.1:1/key"), .chain_id = 0, .confirmations = 1 };
	struct chain *chain;
	struct work w;

	(void)state;
	work_init(&w);
	assert_false(chain_new(&w, &c, &chain));
	assert_err(&w, ERR_INVALID, "chain.conf");
	c.chain_id = 1;
	c.confirmations = 0;
	assert_false(chain_new(&w, &c, &chain));
	assert_err(&w, ERR_INVALID, "chain.conf");
	work_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chain_id_is_asked_once),
		cmocka_unit_test(another_chain_is_refused),
		cmocka_unit_test(quantities_are_checked),
		cmocka_unit_test(quotes),
		cmocka_unit_test(quotes_stay_below_the_cap),
		cmocka_unit_test(quotes_of_what_reverts),
		cmocka_unit_test(paid),
		cmocka_unit_test(every_text_of_a_node),
		cmocka_unit_test(what_is_unclear_may_have_happened),
		cmocka_unit_test(a_time_out_after_sending_is_unclear),
		cmocka_unit_test(sent_names_our_hash),
		cmocka_unit_test(receipts_on_one_endpoint),
		cmocka_unit_test(receipts_hold_logs_and_evidence),
		cmocka_unit_test(receipts_that_lie),
		cmocka_unit_test(receipts_on_two_endpoints),
		cmocka_unit_test(endpoints_that_disagree),
		cmocka_unit_test(finds_a_release),
		cmocka_unit_test(finds_no_release),
		cmocka_unit_test(finds_the_last_refund),
		cmocka_unit_test(tells_a_lock),
		cmocka_unit_test(threads_share_a_chain),
		cmocka_unit_test(configuration),
	};

	return cmocka_run_group_tests_name("chain", tests, NULL, NULL);
}
