#include "tests/unit/check.h"

#include "base/u256.h"

#define MAX_TEXT "115792089237316195423570985008687907853269984665640564039457584007913129639935"

static const u256 max = { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };

static u256 of(const char *decimal)
{
	u256 v;

	assert_true(u256_parse(str_c(decimal), &v));
	return v;
}

static void assert_u256(u256 v, const char *decimal)
{
	char text[U256_DEC];
	size_t n = u256_format(v, text);

	assert_string_equal(text, decimal);
	assert_int_equal(n, strlen(decimal));
}

static void text(void **state)
{
	static const char *const good[] = {
		"0",
		"1",
		"9",
		"10",
		"18446744073709551615",
		"18446744073709551616",
		"9999999999999999999",
		"10000000000000000000",
		"100000000000000000000000000000000000000",
		"340282366920938463463374607431768211455",
		"340282366920938463463374607431768211456",
		"1000000000000000000000000000000000000000000000000000000000000000000000000000",
		MAX_TEXT,
	};
	static const char *const bad[] = {
		"",
		"00",
		"01",
		"-1",
		"+1",
		" 1",
		"1 ",
		"1.0",
		"1e3",
		"0x1",
		"a",
		"115792089237316195423570985008687907853269984665640564039457584007913129639936",
		"200000000000000000000000000000000000000000000000000000000000000000000000000000",
		"1000000000000000000000000000000000000000000000000000000000000000000000000000000",
	};
	u256 v = u256_of(7);

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		assert_u256(of(good[i]), good[i]);
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (u256_parse(str_c(bad[i]), &v))
			fail_msg("\"%s\"", bad[i]);
		assert_u256(v, "7");
	}
	assert_int_equal(u256_cmp(of(MAX_TEXT), max), 0);
}

static void sums(void **state)
{
	u256 v = u256_of(7);

	(void)state;
	assert_false(u256_add(max, u256_of(1), &v));
	assert_false(u256_add(u256_of(1), max, &v));
	assert_false(u256_add(max, max, &v));
	assert_u256(v, "7");
	assert_true(u256_add(max, u256_of(0), &v));
	assert_u256(v, MAX_TEXT);
	assert_true(u256_add(of("340282366920938463463374607431768211455"), u256_of(1), &v));
	assert_u256(v, "340282366920938463463374607431768211456");
	assert_true(u256_add(of("18446744073709551615"), of("18446744073709551615"), &v));
	assert_u256(v, "36893488147419103230");
}

static void differences(void **state)
{
	u256 v = u256_of(7);

	(void)state;
	assert_false(u256_sub(u256_of(0), u256_of(1), &v));
	assert_false(u256_sub(u256_of(1), max, &v));
	assert_u256(v, "7");
	assert_true(u256_sub(max, max, &v));
	assert_true(u256_is_zero(v));
	assert_true(u256_sub(of("340282366920938463463374607431768211456"), u256_of(1), &v));
	assert_u256(v, "340282366920938463463374607431768211455");
	/* a borrow into a limb whose subtrahend is all ones */
	assert_true(u256_sub((u256){ { 0, 0, 1, 0 } }, (u256){ { 1, UINT64_MAX, 0, 0 } }, &v));
	assert_int_equal(u256_cmp(v, (u256){ { UINT64_MAX, 0, 0, 0 } }), 0);
}

static void products_and_quotients(void **state)
{
	uint64_t rest;
	u256 v = u256_of(7);

	(void)state;
	assert_true(u256_mul_u64(of("18446744073709551615"), UINT64_MAX, &v));
	assert_u256(v, "340282366920938463426481119284349108225");
	assert_false(u256_mul_u64(max, 2, &v));
	assert_true(u256_mul_u64(max, 1, &v));
	assert_true(u256_mul_u64(max, 0, &v));
	assert_true(u256_is_zero(v));
	v = u256_div_u64(max, 10, &rest);
	assert_u256(v, "11579208923731619542357098500868790785326998466564056403945758400791312963993");
	assert_int_equal(rest, 5);
	v = u256_div_u64(max, UINT64_MAX, &rest);
	assert_int_equal(u256_cmp(v, (u256){ { 1, 1, 1, 1 } }), 0);
	assert_int_equal(rest, 0);
}

/* a = (a / d) * d + a % d for many a and d: division, product and sum agree with each other. */
static void division_inverts(void **state)
{
	u256 a = u256_of(0x9e3779b97f4a7c15);
	uint64_t d = 3, rest;

	(void)state;
	for (int i = 0; i < 2000; i++) {
		u256 q = u256_div_u64(a, d, &rest), back;

		assert_true(rest < d);
		assert_true(u256_mul_u64(q, d, &back));
		assert_true(u256_add(back, u256_of(rest), &back));
		assert_int_equal(u256_cmp(back, a), 0);
		d = d * UINT64_C(6364136223846793005) + 1442695040888963407 + (d == 0);
		for (int k = 3; k > 0; k--)
			a.limb[k] = a.limb[k - 1] ^ (d >> k);
		a.limb[0] = d;
	}
}

static void orders(void **state)
{
	uint64_t v;

	(void)state;
	assert_int_equal(u256_cmp(u256_of(1), u256_of(2)), -1);
	assert_int_equal(u256_cmp((u256){ { 0, 1, 0, 0 } }, u256_of(UINT64_MAX)), 1);
	assert_int_equal(u256_cmp((u256){ { 0, 0, 0, 1 } }, (u256){ { 9, 9, 9, 0 } }), 1);
	assert_true(u256_u64(u256_of(UINT64_MAX), &v));
	assert_true(v == UINT64_MAX);
	assert_false(u256_u64((u256){ { 0, 1, 0, 0 } }, &v));
	assert_false(u256_u64((u256){ { 0, 0, 0, 1 } }, &v));
}

static void bytes(void **state)
{
	uint8_t be[33] = { 0 };
	u256 v;

	(void)state;
	for (uint8_t i = 0; i < 32; i++)
		be[i] = i;
	assert_true(u256_from_be(be, 32, &v));
	assert_true(v.limb[3] == 0x0001020304050607 && v.limb[0] == 0x18191a1b1c1d1e1f);
	memset(be, 0xee, sizeof(be));
	u256_to_be(v, be);
	for (uint8_t i = 0; i < 32; i++)
		assert_int_equal(be[i], i);
	assert_true(u256_from_be((const uint8_t[]){ 1, 0 }, 2, &v));
	assert_u256(v, "256");
	assert_true(u256_from_be(be, 0, &v));
	assert_true(u256_is_zero(v));
	assert_false(u256_from_be(be, 33, &v));
}

static void quantities(void **state)
{
	static const struct {
		const char *text, *decimal;
	} cases[] = {
		{ "0x0", "0" },
		{ "0x1f4", "500" },
		{ "0xABCDEF", "11259375" },
		{ "0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", MAX_TEXT },
		{ "0x", NULL },
		{ "", NULL },
		{ "0", NULL },
		{ "0x00", NULL },
		{ "0x01", NULL },
		{ "0X1", NULL },
		{ "1f4", NULL },
		{ "0x1g", NULL },
		{ "0x 1", NULL },
		{ "0x-1", NULL },
		{ "0x10000000000000000000000000000000000000000000000000000000000000000", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		u256 v;

		if (u256_parse_quantity(str_c(cases[i].text), &v) != (cases[i].decimal != NULL))
			fail_msg("\"%s\"", cases[i].text);
		if (cases[i].decimal != NULL)
			assert_u256(v, cases[i].decimal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(sums),
		cmocka_unit_test(differences),
		cmocka_unit_test(orders),
		cmocka_unit_test(bytes),
		cmocka_unit_test(products_and_quotients),
		cmocka_unit_test(quantities),
		cmocka_unit_test(division_inverts),
	};

	return cmocka_run_group_tests_name("u256", tests, NULL, NULL);
}
