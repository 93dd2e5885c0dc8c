#include "crypto/secp.h"

#include <pthread.h>

#include "base/hex.h"
#include "tests/unit/check.h"

static const uint8_t order[32] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe"
				 "\xba\xae\xdc\xe6\xaf\x48\xa0\x3b\xbf\xd2\x5e\x8c\xd0\x36\x41\x41";

static void keys_out_of_range(void **state)
{
	uint8_t key[32] = { 0 }, digest[32] = { 1 }, sig[65], address[20], pub[65];

	(void)state;
	assert_false(secp_address(key, address));
	assert_false(secp_public(key, pub));
	assert_false(secp_sign(key, digest, sig));
	assert_false(secp_address(order, address));
	assert_false(secp_sign(order, digest, sig));
	memcpy(key, order, 32);
	key[31]--; /* n - 1 is the last key */
	assert_true(secp_address(key, address));
	assert_true(secp_sign(key, digest, sig));
}

/* sig = n - s, which verifies as well but is not what we take */
static void raise_s(uint8_t sig[65])
{
	int borrow = 0;

	for (int i = 31; i >= 0; i--) {
		int v = order[i] - sig[32 + i] - borrow;

		borrow = v < 0;
		sig[32 + i] = (uint8_t)v;
	}
	sig[64] = sig[64] == 27 ? 28 : 27;
}

static void many_signatures(void **state)
{
	uint8_t key[32] = { 0 }, digest[32] = { 0 }, sig[65], again[65], own[20], recovered[20];

	(void)state;
	for (unsigned i = 1; i <= 200; i++) {
		key[0] = key[30] = digest[5] = (uint8_t)i;
		assert_true(secp_address(key, own));
		assert_true(secp_sign(key, digest, sig));
		assert_true(secp_sign(key, digest, again));
		assert_memory_equal(sig, again, 65);
		assert_true(sig[64] == 27 || sig[64] == 28);
		assert_true(secp_recover(digest, str_of(sig, 65), recovered));
		assert_memory_equal(own, recovered, 20);
		raise_s(sig);
		assert_false(secp_recover(digest, str_of(sig, 65), recovered));
	}
}

static void only_four_values_of_v(void **state)
{
	uint8_t key[32] = { 3 }, digest[32] = { 1 }, sig[65], address[20];

	(void)state;
	assert_true(secp_sign(key, digest, sig));
	for (int v = 0; v < 256; v++) {
		bool known = v == 0 || v == 1 || v == 27 || v == 28;

		sig[64] = (uint8_t)v;
		if (!known)
			assert_false(secp_recover(digest, str_of(sig, 65), address));
	}
}

static void other_lengths(void **state)
{
	uint8_t key[32] = { 3 }, digest[32] = { 1 }, sig[80] = { 0 }, address[20];

	(void)state;
	assert_true(secp_sign(key, digest, sig));
	for (size_t n = 0; n <= sizeof(sig); n++)
		assert_true(secp_recover(digest, str_of(sig, n), address) == (n == 65));
}

/* The shared context is made once, whoever comes first. */
static void *sign_once(void *arg)
{
	uint8_t key[32] = { 5 }, digest[32] = { 2 };

	return secp_sign(key, digest, arg) ? arg : NULL;
}

static void threads(void **state)
{
	uint8_t sig[8][65];
	pthread_t thread[8];
	void *done;

	(void)state;
	for (size_t i = 0; i < COUNT(thread); i++)
		assert_int_equal(pthread_create(&thread[i], NULL, sign_once, sig[i]), 0);
	for (size_t i = 0; i < COUNT(thread); i++) {
		assert_int_equal(pthread_join(thread[i], &done), 0);
		assert_non_null(done);
		assert_memory_equal(sig[0], sig[i], 65);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads), /* first: no context yet */
		cmocka_unit_test(keys_out_of_range),
		cmocka_unit_test(many_signatures),
		cmocka_unit_test(only_four_values_of_v),
		cmocka_unit_test(other_lengths),
	};

	return cmocka_run_group_tests_name("secp", tests, NULL, NULL);
}
