#include "crypto/ed25519.h"

#include "base/hex.h"
#include "tests/unit/check.h"

/* RFC 8032, 7.1: TEST 1 to 3 */
static const struct {
	const char *seed, *pub, *message, *sig;
} published[] = {
	{ "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
		"d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
		"e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5"
		"f0595bbe24655141438e7a100b" },
	{ "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
		"3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
		"92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2e"
		"aeb4302aeeb00d291612bb0c00" },
	{ "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
		"fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
		"6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15"
		"e9716ed28dc027beceea1ec40a" },
};

static void vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(published); i++) {
		uint8_t seed[32], want_pub[32], pub[32], message[8], want[64], sig[64];
		str text = str_of(message, strlen(published[i].message) / 2);

		assert_true(hex_decode(str_c(published[i].seed), seed, 32));
		assert_true(hex_decode(str_c(published[i].pub), want_pub, 32));
		assert_true(hex_decode(str_c(published[i].message), message, text.n));
		assert_true(hex_decode(str_c(published[i].sig), want, 64));
		ed25519_public(seed, pub);
		assert_memory_equal(pub, want_pub, 32);
		ed25519_sign(seed, text, sig);
		assert_memory_equal(sig, want, 64);
		assert_true(ed25519_verify(pub, text, sig));
	}
}

static void any_change_is_seen(void **state)
{
	uint8_t seed[32] = { 7 }, pub[32], sig[64];
	char message[] = "a text";

	(void)state;
	ed25519_public(seed, pub);
	ed25519_sign(seed, str_c(message), sig);
	for (size_t i = 0; i < 64 * 8; i++) {
		sig[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(ed25519_verify(pub, str_c(message), sig));
		sig[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	for (size_t i = 0; i < 32 * 8; i++) {
		pub[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_false(ed25519_verify(pub, str_c(message), sig));
		pub[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	message[0] = 'b';
	assert_false(ed25519_verify(pub, str_c(message), sig));
}

/* S + L signs the same equation (RFC 8032, 8.4): it must not be taken. */
static void malleable(void **state)
{
	static const uint8_t order[32] = "\xed\xd3\xf5\x5c\x1a\x63\x12\x58\xd6\x9c\xf7\xa2\xde\xf9\xde\x14"
					 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x10";
	uint8_t seed[32] = { 9 }, pub[32], sig[64];
	unsigned carry = 0;

	(void)state;
	ed25519_public(seed, pub);
	ed25519_sign(seed, STR("x"), sig);
	assert_true(ed25519_verify(pub, STR("x"), sig));
	for (size_t i = 0; i < 32; i++) {
		carry += (unsigned)sig[32 + i] + order[i];
		sig[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_false(ed25519_verify(pub, STR("x"), sig));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors),
		cmocka_unit_test(any_change_is_seen),
		cmocka_unit_test(malleable),
	};

	return cmocka_run_group_tests_name("ed25519", tests, NULL, NULL);
}
