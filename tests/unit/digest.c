#include "crypto/digest.h"

#include "base/hex.h"
#include "tests/unit/check.h"

static void expect(const uint8_t got[32], const char *hex)
{
	char text[64];

	hex_encode(got, 32, text);
	assert_str(str_of(text, 64), hex);
}

/* FIPS 180-4, the examples of its appendix */
static void sha(void **state)
{
	uint8_t out[32];

	(void)state;
	sha256((str){ NULL, 0 }, out);
	expect(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	sha256(STR("abc"), out);
	expect(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	sha256(STR("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"), out);
	expect(out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

/* RFC 4231, test cases 1, 2 and 6; and the example in GitHub's documentation of webhook signatures */
static void hmac(void **state)
{
	char key[131];
	uint8_t out[32];

	(void)state;
	memset(key, 0x0b, 20);
	hmac_sha256(str_of(key, 20), STR("Hi There"), out);
	expect(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_sha256(STR("Jefe"), STR("what do ya want for nothing?"), out);
	expect(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof(key));
	hmac_sha256(str_of(key, sizeof(key)), STR("Test Using Larger Than Block-Size Key - Hash Key First"), out);
	expect(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_sha256(STR("It's a Secret to Everybody"), STR("Hello, World!"), out);
	expect(out, "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17");
}

/* No key is the empty key, not that of the call before. */
static void empty_key(void **state)
{
	uint8_t first[32], second[32];

	(void)state;
	hmac_sha256((str){ NULL, 0 }, STR("x"), first);
	hmac_sha256(STR("another"), STR("y"), second);
	hmac_sha256((str){ NULL, 0 }, STR("x"), second);
	assert_memory_equal(first, second, 32);
}

/* RFC 7693's function with an output of 32 bytes: not the first half of BLAKE2b-512 */
static void blake(void **state)
{
	uint8_t out[32];

	(void)state;
	blake2b_256((str){ NULL, 0 }, out);
	expect(out, "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
	blake2b_256(STR("abc"), out);
	expect(out, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sha),
		cmocka_unit_test(hmac),
		cmocka_unit_test(empty_key),
		cmocka_unit_test(blake),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
