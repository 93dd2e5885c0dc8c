#include "wire/cid.h"

#include "tests/unit/check.h"

#define DOCUMENT "{\"schema\":\"patchwork.proof.v1\",\"issue\":42,\"login\":\"octocat\",\"merged\":true}"
#define TEXT "bafkreihhu6otw3dqh2xyml5xe3rvn4ldqqews2zm5tjfooicojmsdcxm5m"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

/* What js-ipfs, its importer and ipfs-car make of this document */
static void S14_of_a_document(void **state)
{
	uint8_t bytes[CID_RAW_BYTES];
	str decoded;

	(void)state;
	assert_str(cid_raw_text(arena, STR(DOCUMENT)), TEXT);
	assert_int_equal(strlen(TEXT), CID_RAW_TEXT);
	cid_raw(STR(DOCUMENT), bytes);
	assert_true(cid_decode(arena, STR(TEXT), &decoded));
	assert_true(str_eq(decoded, str_of(bytes, sizeof(bytes))));
}

/* Base 58 as written by somebody else's arithmetic: a number divided by 58, digit by digit. */
static str base58(str bytes)
{
	static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
	uint8_t number[64];
	char *out = arena_alloc(arena, 100);
	size_t at = 100;

	memcpy(number, bytes.p, bytes.n);
	for (;;) {
		unsigned rest = 0, any = 0;

		for (size_t i = 0; i < bytes.n; i++) {
			any |= number[i];
			rest = rest << 8 | number[i];
			number[i] = (uint8_t)(rest / 58);
			rest %= 58;
		}
		if (any == 0)
			break;
		out[--at] = alphabet[rest];
	}
	out[--at] = 'z';
	return str_of(out + at, 100 - at);
}

static void both_spellings(void **state)
{
	uint8_t bytes[CID_RAW_BYTES];
	str decoded;

	(void)state;
	for (int i = 0; i < 50; i++) {
		cid_raw(arena_printf(arena, "document %d", i), bytes);
		str text = base58(str_of(bytes, sizeof(bytes)));
		assert_true(str_starts(text, STR("zb2r")));
		assert_true(cid_decode(arena, text, &decoded));
		assert_true(str_eq(decoded, str_of(bytes, sizeof(bytes))));
	}
}

static void refusals(void **state)
{
	static const char *const bad[] = { "", "b", "z", "Qm", "QmWmkNERDWmkNERDWmkNERDWmkNERDWmkNERDWmkNERDWm",
		TEXT "a", "bafkreihhu6otw3dqh2xyml5xe3rvn4ldqqews2zm5tjfooicojmsdcxm5", "z0", "zO", "zl", "z1111",
		"b!!!!", "bAAAA", "BAFKREIHHU6OTW3DQH2XYML5XE3RVN4LDQQEWS2ZM5TJFOOICOJMSDCXM5M", "f01551220", "baeaa" };
	char longer[300];
	str decoded;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		if (cid_decode(arena, str_c(bad[i]), &decoded))
			fail_msg("took \"%s\"", bad[i]);
	memset(longer, 'z', sizeof(longer));
	assert_false(cid_decode(arena, str_of(longer, sizeof(longer)), &decoded));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(S14_of_a_document),
		TEST(both_spellings),
		TEST(refusals),
	};

	return cmocka_run_group_tests_name("cid", tests, NULL, NULL);
}
