#include "crypto/keccak.h"

#include "base/hex.h"
#include "tests/unit/check.h"

/* However the input is cut, around the rate of 136 bytes too, the digest is that of the whole. */
static void pieces(void **state)
{
	uint8_t input[300], whole[32], pieced[32];
	struct keccak k;

	(void)state;
	for (size_t i = 0; i < sizeof(input); i++)
		input[i] = (uint8_t)(i * 7 + 3);
	for (size_t n = 0; n <= sizeof(input); n += 17)
		for (size_t cut = 0; cut <= n; cut++) {
			keccak256(str_of(input, n), whole);
			keccak_init(&k);
			keccak_add(&k, str_of(input, cut));
			keccak_add(&k, str_of(input + cut, n - cut));
			keccak_end(&k, pieced);
			assert_memory_equal(whole, pieced, 32);
		}
}

/* Not SHA3-256, whose digest of nothing is a7ffc6f8.... */
static void not_sha3(void **state)
{
	uint8_t hash[32], want[32];

	(void)state;
	keccak256((str){ NULL, 0 }, hash);
	assert_true(hex_decode(STR("c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"), want, 32));
	assert_memory_equal(hash, want, 32);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces),
		cmocka_unit_test(not_sha3),
	};

	return cmocka_run_group_tests_name("keccak", tests, NULL, NULL);
}
