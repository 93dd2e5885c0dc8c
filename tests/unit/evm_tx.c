#include "wire/evm_tx.h"

#include "base/hex.h"
#include "crypto/secp.h"
#include "tests/unit/check.h"
#include "wire/rlp.h"

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

/* EIP-155's own example: nonce 9, 20 gwei, 21000 gas, one ether, chain 1, key 46...46 */
static void of_eip_155(void **state)
{
	struct evm_tx tx = { .legacy = true,
		.chain_id = 1,
		.nonce = 9,
		.gas = 21000,
		.gas_price = u256_of(UINT64_C(20000000000)),
		.value = u256_of(UINT64_C(1000000000000000000)) };
	struct evm_signed got;
	uint8_t key[32];

	(void)state;
	memset(key, 0x46, 32);
	memset(tx.to, 0x35, 20);
	assert_true(evm_tx_sign(&w, &tx, key, &got));
	assert_str(hex_str(w.arena, str_of(got.signing_hash, 32)),
		"daf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53");
	assert_int_equal(got.v, 37);
	assert_str(hex_str(w.arena, got.raw),
		"f86c098504a817c800825208943535353535353535353535353535353535353535880de0b6b3a76400008025a028ef61340bd939bc"
		"2195fe537567866003e1a15d3c71ff63e1590620aa636276a067cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb196"
		"6a3b6d83");
}

static void access_lists(void **state)
{
	static const uint8_t keys[2][32] = { { 1 }, { 2 } };
	const struct evm_tx_access access[] = { { .address = { 7 }, .keys = keys, .n_keys = 2 }, { .address = { 8 } } };
	struct evm_tx tx = { .chain_id = 338, .create = true, .access = access, .n_access = 2 };
	struct evm_signed got;
	struct rlp_item item;
	uint8_t key[32] = { 1 };
	size_t lists = 0;

	(void)state;
	assert_true(evm_tx_sign(&w, &tx, key, &got));
	assert_int_equal((uint8_t)*got.raw.p, 2);
	assert_true(rlp_valid(str_skip(got.raw, 1)));
	str rest = str_skip(got.unsigned_bytes, 1);
	assert_true(rlp_next(&rest, &item));
	rest = item.body;
	for (int i = 0; i < 9; i++)
		assert_true(rlp_next(&rest, &item));
	assert_true(item.list && rest.n == 0); /* the ninth of nine */
	rest = item.body;
	while (rest.n > 0 && rlp_next(&rest, &item))
		lists++;
	assert_int_equal(lists, 2);
}

/* The same transaction is the same bytes: a stored one may be signed again. */
static void deterministic(void **state)
{
	struct evm_tx tx = { .chain_id = 338, .nonce = 1, .gas = 21000, .data = STR("data") };
	struct evm_signed a, b;
	uint8_t key[32] = { 1 };

	(void)state;
	assert_true(evm_tx_sign(&w, &tx, key, &a));
	assert_true(evm_tx_sign(&w, &tx, key, &b));
	assert_true(str_eq(a.raw, b.raw));
	assert_memory_equal(a.hash, b.hash, 32);
	tx.nonce = 2;
	assert_true(evm_tx_sign(&w, &tx, key, &b));
	assert_memory_not_equal(a.hash, b.hash, 32);
}

static void refusals(void **state)
{
	struct evm_tx tx = { .chain_id = 338 };
	struct evm_signed got;
	uint8_t key[32] = { 0 };

	(void)state;
	assert_false(evm_tx_sign(&w, &tx, key, &got));
	assert_err(&w, ERR_INVALID, "evm_tx.key");
	key[0] = 1;
	tx.data = str_of(arena_zero(w.arena, (size_t)5 << 20), (size_t)5 << 20);
	assert_false(evm_tx_sign(&w, &tx, key, &got));
	assert_err(&w, ERR_INVALID, "evm_tx.too_long");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_eip_155),
		TEST(access_lists),
		TEST(deterministic),
		TEST(refusals),
	};

	return cmocka_run_group_tests_name("evm_tx", tests, NULL, NULL);
}
