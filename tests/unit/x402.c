#include "wire/x402.h"

#include "base/hex.h"
#include "crypto/secp.h"
#include "tests/unit/check.h"

#define NOW (INT64_C(1767225600) * USEC_S)
#define HASH "0x964c063fc00c6784a56bca0c076ba048b6b567e28460cc7e292480776906471f"

static struct work w;

static int setup(void **state)
{
	(void)state;
	work_init(&w);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	work_end(&w);
	return 0;
}

static const cJSON *tree(const char *text)
{
	const cJSON *t = NULL;

	if (!json_parse(&w, str_c(text), &t))
		fail_msg("%s in %s", w.err.text, text);
	return t;
}

/* Replies of the reference facilitator and of the Cronos one, and what we make of them. */
static void replies(void **state)
{
	static const struct {
		const char *reply;
		enum x402_meaning meaning;
	} cases[] = {
		{ "{\"isValid\":true,\"payer\":\"0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC\"}", X402_VALID },
		{ "{\"isValid\":true,\"invalidReason\":null}", X402_VALID },
		{ "{\"isValid\":true,\"invalidReason\":\"insufficient_funds\"}", X402_UNCLEAR },
		{ "{\"isValid\":\"true\"}", X402_UNCLEAR },
		{ "{\"success\":true,\"transaction\":\"" HASH "\",\"network\":\"eip155:338\"}", X402_SETTLED },
		{ "{\"success\":true,\"transaction\":\"\",\"network\":\"eip155:338\"}", X402_UNCLEAR },
		{ "{\"success\":true}", X402_UNCLEAR },
		{ "{\"success\":1,\"transaction\":\"" HASH "\"}", X402_UNCLEAR },
		{ "{\"x402Version\":1,\"event\":\"payment.settled\",\"txHash\":\"" HASH "\"}", X402_SETTLED },
		{ "{\"event\":\"payment.settled\"}", X402_UNCLEAR },
		{ "{\"success\":false,\"errorReason\":\"invalid_exact_evm_nonce_already_used\",\"transaction\":\"\"}",
			X402_UNCLEAR },
		{ "{\"isValid\":false,\"invalidReason\":\"invalid_exact_evm_transaction_simulation_failed\"}",
			X402_UNCLEAR },
		{ "{\"isValid\":false,\"invalidReason\":\"insufficient_funds\"}", X402_UNCLEAR },
		{ "{\"event\":\"payment.failed\",\"error\":\"Authorization already used\"}", X402_UNCLEAR },
		{ "{\"event\":\"payment.failed\",\"error\":\"Authorization expired\"}", X402_UNCLEAR },
		{ "{\"event\":\"payment.failed\",\"error\":\"Transaction failed on-chain\"}", X402_UNCLEAR },
		{ "{\"isValid\":false,\"invalidReason\":\"invalid_exact_evm_payload_authorization_valid_before\"}",
			X402_UNCLEAR },
		{ "{\"isValid\":false,\"invalidReason\":\"invalid_exact_evm_signature\"}", X402_REFUSED },
		{ "{\"isValid\":false,\"invalidReason\":\"Invalid EIP-3009 signature\"}", X402_REFUSED },
		{ "{\"isValid\":false,\"invalidReason\":\"Unsupported network: cronos\"}", X402_REFUSED },
		{ "{\"isValid\":false,\"invalidReason\":\"Invalid amount: 1\"}", X402_REFUSED },
		{ "{\"isValid\":false,\"invalidReason\":\"a word of tomorrow\"}", X402_UNCLEAR },
		{ "{\"isValid\":false}", X402_UNCLEAR },
		{ "{}", X402_UNCLEAR },
		{ "[]", X402_UNCLEAR },
		{ "null", X402_UNCLEAR },
		{ "\"success\"", X402_UNCLEAR },
	};
	struct x402_reply reply;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		x402_reply_read(tree(cases[i].reply), &reply);
		if (reply.meaning != cases[i].meaning)
			fail_msg("%s means %d", cases[i].reply, (int)reply.meaning);
	}
	x402_reply_read(NULL, &reply);
	assert_int_equal(reply.meaning, X402_UNCLEAR);
	x402_reply_read(tree(cases[4].reply), &reply);
	assert_str(hex_0x(w.arena, str_of(reply.transaction, 32)), HASH);
	assert_str(reply.network, "eip155:338");
	x402_reply_read(tree(cases[10].reply), &reply);
	assert_str(reply.reason, "invalid_exact_evm_nonce_already_used");
}

static struct x402_requirements requirements(void)
{
	return (struct x402_requirements){ .version = 2,
		.scheme = STR("exact"),
		.network = STR("eip155:338"),
		.amount = u256_of(1000),
		.asset = { 0xaa },
		.pay_to = { 0xbb },
		.max_timeout_s = 300,
		.name = STR("Bridged USDC (Stargate)"),
		.version_712 = STR("1") };
}

/* A payment that meets them, valid for an hour around NOW. */
static struct x402_payment payment(struct buf *sig)
{
	struct x402_token token = { STR("Bridged USDC (Stargate)"), STR("1"), 338, { 0xaa } };
	struct x402_payment p = {
		.version = 2, .scheme = STR("exact"), .network = STR("eip155:338"), .asset = { 0xaa }
	};
	uint8_t key[32] = { 6 }, digest[32];

	p.authorization.to[0] = 0xbb;
	p.authorization.value = u256_of(1000);
	p.authorization.valid_after = u256_of(NOW / USEC_S);
	p.authorization.valid_before = u256_of(NOW / USEC_S + 3600);
	assert_true(secp_address(key, p.authorization.from));
	x402_digest(&token, &p.authorization, digest);
	*sig = buf_new(w.arena, 65);
	assert_true(secp_sign(key, digest, (uint8_t *)buf_extend(sig, 65)));
	p.signature = buf_str(sig);
	return p;
}

static void expect(const struct x402_payment *p, const struct x402_requirements *r, usec now, const char *reason)
{
	const char *got = x402_refusal(p, r, now);

	assert_true((got == NULL) == (reason == NULL));
	if (reason != NULL)
		assert_string_equal(got, reason);
}

static void refusals(void **state)
{
	struct x402_requirements r = requirements();
	struct buf sig;
	struct x402_payment p = payment(&sig);

	(void)state;
	expect(&p, &r, NOW, NULL);
	expect(&p, &r, NOW + 3594 * USEC_S, NULL);
	expect(&p, &r, NOW + 3595 * USEC_S, "invalid_exact_evm_payload_authorization_valid_before");
	expect(&p, &r, NOW - USEC_S, "invalid_exact_evm_payload_authorization_valid_after");
	r.amount = u256_of(999); /* exact is exact */
	expect(&p, &r, NOW, "invalid_exact_evm_payload_authorization_value_mismatch");
	r = requirements();
	r.pay_to[19] = 1;
	expect(&p, &r, NOW, "invalid_exact_evm_recipient_mismatch");
	r = requirements();
	r.asset[19] = 1; /* another token: another domain */
	expect(&p, &r, NOW, "invalid_exact_evm_signature");
	r = requirements();
	r.version_712 = STR("2");
	expect(&p, &r, NOW, "invalid_exact_evm_signature");
	r.version_712 = (str){ NULL, 0 };
	expect(&p, &r, NOW, "invalid_exact_evm_missing_eip712_domain");
	r = requirements();
	r.network = STR("eip155:25");
	expect(&p, &r, NOW, "invalid_exact_evm_network_mismatch");
	p.network = STR("eip155:25"); /* both say so, but the signature is for 338 */
	expect(&p, &r, NOW, "invalid_exact_evm_signature");
	r.network = p.network = STR("solana:mainnet");
	expect(&p, &r, NOW, "invalid_exact_evm_signature");
	p.scheme = STR("upto");
	expect(&p, &r, NOW, "invalid_exact_evm_scheme");
}

/* Every member of an authorisation is signed. */
static void all_is_signed(void **state)
{
	struct x402_requirements r = requirements();
	struct buf sig;

	(void)state;
	for (size_t i = 0; i < sizeof(struct x402_authorization); i++) {
		struct x402_payment p = payment(&sig);

		((uint8_t *)&p.authorization)[i] ^= 1;
		if (i < 20 + 20 + 32 || i >= offsetof(struct x402_authorization, value))
			expect(&p, &r, NOW, "invalid_exact_evm_signature");
	}
	for (size_t i = 0; i < 64; i++) {
		struct x402_payment p = payment(&sig);

		sig.p[i] ^= 1;
		expect(&p, &r, NOW, "invalid_exact_evm_signature");
	}
}

static void headers(void **state)
{
	const cJSON *t;
	struct x402_payment p;
	struct x402_requirements r;
	char *long_one = arena_alloc(w.arena, 20000);

	(void)state;
	static const char *const bad[] = { "", "e30", "e30 ", "W10=", "bnVsbA==", "eyJhIjoxfSB9", "!!!!" };
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(x402_header_decode(&w, str_c(bad[i]), &t));
		assert_err(&w, ERR_INVALID, "x402.header");
	}
	memset(long_one, 'A', 20000);
	assert_false(x402_header_decode(&w, str_of(long_one, 20000), &t));
	assert_err(&w, ERR_INVALID, "x402.header");
	assert_true(x402_header_decode(&w, STR("e30="), &t));
	assert_false(x402_payment_read(&w, t, &p));
	assert_err(&w, ERR_INVALID, "x402.payment");
	assert_false(x402_payment_read(&w, NULL, &p));
	assert_err(&w, ERR_INVALID, "x402.payment");
	assert_false(x402_requirements_read(&w, t, &r));
	assert_err(&w, ERR_INVALID, "x402.requirements");
	assert_false(x402_payment_read(&w, tree("{\"x402Version\":3,\"scheme\":\"exact\",\"network\":\"n\"}"), &p));
	assert_err(&w, ERR_INVALID, "x402.payment");
}

static void nonces_of_payouts(void **state)
{
	uint8_t token[20] = { 1 }, payout[32] = { 2 }, a[32], b[32];

	(void)state;
	assert_true(x402_payout_nonce(&w, 338, token, payout, a));
	assert_true(x402_payout_nonce(&w, 338, token, payout, b));
	assert_memory_equal(a, b, 32);
	assert_true(x402_payout_nonce(&w, 25, token, payout, b));
	assert_memory_not_equal(a, b, 32);
	payout[31] = 1;
	assert_true(x402_payout_nonce(&w, 338, token, payout, b));
	assert_memory_not_equal(a, b, 32);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replies),
		TEST(refusals),
		TEST(all_is_signed),
		TEST(headers),
		TEST(nonces_of_payouts),
	};

	return cmocka_run_group_tests_name("x402", tests, NULL, NULL);
}
