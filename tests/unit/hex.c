#include "tests/unit/check.h"

#include "base/hex.h"

static int new_arena(void **state)
{
	*state = arena_new();
	return 0;
}

static int free_arena(void **state)
{
	arena_free((struct arena **)state);
	return 0;
}

static void base16(void **state)
{
	uint8_t out[3] = { 0 };
	str bytes;

	assert_str(hex_str(*state, STR("foobar")), "666f6f626172");
	assert_str(hex_0x(*state, STR("\0\xff")), "0x00ff");
	assert_str(hex_0x(*state, STR("")), "0x");
	assert_true(hex_decode(STR("00fFA0"), out, 3));
	assert_memory_equal(out, "\0\xff\xa0", 3);
	assert_false(hex_decode(STR("00ff"), out, 3));
	assert_false(hex_decode(STR("00ffa"), out, 3));
	assert_false(hex_decode(STR("00fg00"), out, 3));
	assert_false(hex_decode(STR("0x00ff"), out, 3));
	assert_false(hex_decode(STR("00 f00"), out, 3));
	assert_true(hex_decode(STR(""), out, 0));
	assert_true(hex_0x_decode(*state, STR("0x00ff"), &bytes));
	assert_int_equal(bytes.n, 2);
	assert_true(hex_0x_decode(*state, STR("0x"), &bytes));
	assert_true(bytes.n == 0 && bytes.p != NULL);
	assert_true(hex_0x_fixed(STR("0xa1b2c3"), out, 3));
	assert_int_equal(out[2], 0xc3);
}

static void not_0x(void **state)
{
	static const char *const bad[] = { "", "0", "x", "00", "0X00", "0x0", "0x000", "0xzz", " 0x00", "0x00 ",
		"0x0x" };
	uint8_t out[1];
	str bytes;

	for (size_t i = 0; i < COUNT(bad); i++)
		if (hex_0x_decode(*state, str_c(bad[i]), &bytes) || hex_0x_fixed(str_c(bad[i]), out, 1))
			fail_msg("\"%s\"", bad[i]);
}

/* RFC 4648, section 10; base32 lower and without padding, base64url without padding. */
static void rfc4648(void **state)
{
	static const struct {
		const char *plain, *b64, *b64url, *b32;
	} cases[] = {
		{ "", "", "", "" },
		{ "f", "Zg==", "Zg", "my" },
		{ "fo", "Zm8=", "Zm8", "mzxq" },
		{ "foo", "Zm9v", "Zm9v", "mzxw6" },
		{ "foob", "Zm9vYg==", "Zm9vYg", "mzxw6yq" },
		{ "fooba", "Zm9vYmE=", "Zm9vYmE", "mzxw6ytb" },
		{ "foobar", "Zm9vYmFy", "Zm9vYmFy", "mzxw6ytboi" },
	};
	str back;

	for (size_t i = 0; i < COUNT(cases); i++) {
		str plain = str_c(cases[i].plain);

		assert_str(base64_str(*state, plain), cases[i].b64);
		assert_str(base64url_str(*state, plain), cases[i].b64url);
		assert_str(base32_str(*state, plain), cases[i].b32);
		assert_true(base64_decode(*state, str_c(cases[i].b64), &back));
		assert_str(back, cases[i].plain);
		assert_true(base64url_decode(*state, str_c(cases[i].b64url), &back));
		assert_str(back, cases[i].plain);
		assert_true(base32_decode(*state, str_c(cases[i].b32), &back));
		assert_str(back, cases[i].plain);
	}
	assert_str(base64_str(*state, STR("\xfb\xff\xfe")), "+//+");
	assert_str(base64url_str(*state, STR("\xfb\xff\xfe")), "-__-");
}

static void round_trips(void **state)
{
	uint8_t bytes[64];
	str back;

	for (size_t n = 0; n <= sizeof(bytes); n++) {
		struct arena_mark mark = arena_mark(*state);
		str s = str_of(bytes, n);

		for (size_t i = 0; i < n; i++)
			bytes[i] = (uint8_t)(i * 89 + n * 7);
		assert_true(base64_decode(*state, base64_str(*state, s), &back) && str_eq(s, back));
		assert_true(base64url_decode(*state, base64url_str(*state, s), &back) && str_eq(s, back));
		assert_true(base32_decode(*state, base32_str(*state, s), &back) && str_eq(s, back));
		assert_true(hex_0x_decode(*state, hex_0x(*state, s), &back) && str_eq(s, back));
		arena_rewind(*state, mark);
	}
}

static void canonical_only(void **state)
{
	static const char *const b64[] = { "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z", "Z===", "====", "=", "Zm9v ",
		"Zm9v\n", "Zm-_", "Zg==Zg==", "Z=g=", "Zm9vZ===", "Zg==\n" };
	static const char *const b64url[] = { "Zg==", "Zh", "Zm9", "Z", "Zm9vZ", "Zm+/", "Zm 9", "Zm9v=" };
	static const char *const b32[] = { "m", "mz", "mzx", "MY", "my======", "mzxw6y", "m1", "m8", "mzxw6ytbo",
		"mz xq", "mzxr" };
	str back;

	for (size_t i = 0; i < COUNT(b64); i++)
		if (base64_decode(*state, str_c(b64[i]), &back))
			fail_msg("base64 \"%s\"", b64[i]);
	for (size_t i = 0; i < COUNT(b64url); i++)
		if (base64url_decode(*state, str_c(b64url[i]), &back))
			fail_msg("base64url \"%s\"", b64url[i]);
	for (size_t i = 0; i < COUNT(b32); i++)
		if (base32_decode(*state, str_c(b32[i]), &back))
			fail_msg("base32 \"%s\"", b32[i]);
}

/* RFC 3986, section 2.3: these stand for themselves, nothing else does. */
static void percents(void **state)
{
	struct arena *arena = arena_new();

	(void)state;
	assert_str(percent_str(arena, STR("AZaz09-._~")), "AZaz09-._~");
	assert_str(percent_str(arena, STR("a b+c&d=e/f?g%h\xc3\xa9\n")), "a%20b%2Bc%26d%3De%2Ff%3Fg%25h%C3%A9%0A");
	assert_int_equal(percent_str(arena, STR("")).n, 0);
	arena_free(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percents),
		cmocka_unit_test_setup_teardown(base16, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(not_0x, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(rfc4648, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(round_trips, new_arena, free_arena),
		cmocka_unit_test_setup_teardown(canonical_only, new_arena, free_arena),
	};

	return cmocka_run_group_tests_name("hex", tests, NULL, NULL);
}
