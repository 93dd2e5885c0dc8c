#include "wire/eip712.h"

#include "base/hex.h"
#include "tests/unit/check.h"

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

static bool hash(const char *types, const char *message, struct eip712 *out)
{
	return eip712_hash(&w, tree(types), STR("T"), tree("{\"name\":\"n\"}"), tree(message), out);
}

/* The example of the EIP's own text: Mail between two Persons. */
static void of_the_eip(void **state)
{
	struct eip712 out;
	char digest[64];

	(void)state;
	assert_true(eip712_hash(&w,
		tree("{\"EIP712Domain\":[{\"name\":\"name\",\"type\":\"string\"},{\"name\":\"version\",\"type\":\"string\"},"
		     "{\"name\":\"chainId\",\"type\":\"uint256\"},{\"name\":\"verifyingContract\",\"type\":\"address\"}],"
		     "\"Person\":[{\"name\":\"name\",\"type\":\"string\"},{\"name\":\"wallet\",\"type\":\"address\"}],"
		     "\"Mail\":[{\"name\":\"from\",\"type\":\"Person\"},{\"name\":\"to\",\"type\":\"Person\"},"
		     "{\"name\":\"contents\",\"type\":\"string\"}]}"),
		STR("Mail"),
		tree("{\"name\":\"Ether Mail\",\"version\":\"1\",\"chainId\":1,"
		     "\"verifyingContract\":\"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\"}"),
		tree("{\"from\":{\"name\":\"Cow\",\"wallet\":\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"},"
		     "\"to\":{\"name\":\"Bob\",\"wallet\":\"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB\"},"
		     "\"contents\":\"Hello, Bob!\"}"),
		&out));
	hex_encode(out.digest, 32, digest);
	assert_str(str_of(digest, 64), "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
	assert_str(out.encode_type, "Mail(Person from,Person to,string contents)Person(string name,address wallet)");
}

#define ONE(type) "{\"T\":[{\"name\":\"v\",\"type\":\"" type "\"}]}"

static void values_and_types(void **state)
{
	static const struct {
		const char *types, *message, *code; /* NULL = taken */
	} cases[] = {
		{ ONE("uint8"), "{\"v\":255}", NULL },
		{ ONE("uint8"), "{\"v\":\"0xff\"}", NULL },
		{ ONE("uint8"), "{\"v\":256}", "eip712.value" },
		{ ONE("uint8"), "{\"v\":-1}", "eip712.value" },
		{ ONE("uint8"), "{\"v\":1.5}", "eip712.value" },
		{ ONE("uint8"), "{\"v\":\"0x\"}", "eip712.value" },
		{ ONE("uint8"), "{\"v\":\"01\"}", "eip712.value" },
		{ ONE("uint8"), "{\"v\":true}", "eip712.value" },
		{ ONE("uint8"), "{\"v\":null}", "eip712.value" },
		{ ONE("uint8"), "{}", "eip712.value" },
		{ ONE("uint8"), "{\"w\":1}", "eip712.value" },
		{ ONE("uint8"), "{\"v\":1,\"w\":1}", "eip712.value" },
		{ ONE("uint8"), "[1]", "eip712.value" },
		{ ONE("uint256"), "{\"v\":9007199254740993}", "eip712.value" },
		{ ONE("uint256"), "{\"v\":1e300}", "eip712.value" },
		{ ONE("uint256"), "{\"v\":\"9007199254740993\"}", NULL },
		{ ONE("int8"), "{\"v\":-128}", NULL },
		{ ONE("int8"), "{\"v\":\"-128\"}", NULL },
		{ ONE("int8"), "{\"v\":127}", NULL },
		{ ONE("int8"), "{\"v\":128}", "eip712.value" },
		{ ONE("int8"), "{\"v\":-129}", "eip712.value" },
		{ ONE("int256"),
			"{\"v\":\"-57896044618658097711785492504343953926634992332820282019728792003956564819968\"}",
			NULL },
		{ ONE("int256"),
			"{\"v\":\"57896044618658097711785492504343953926634992332820282019728792003956564819968\"}",
			"eip712.value" },
		{ ONE("bool"), "{\"v\":1}", "eip712.value" },
		{ ONE("address"), "{\"v\":\"0x00\"}", "eip712.value" },
		{ ONE("bytes2"), "{\"v\":\"0x0102\"}", NULL },
		{ ONE("bytes2"), "{\"v\":\"0x01\"}", "eip712.value" },
		{ ONE("bytes"), "{\"v\":\"0x0\"}", "eip712.value" },
		{ ONE("string"), "{\"v\":1}", "eip712.value" },
		{ ONE("uint8[]"), "{\"v\":[]}", NULL },
		{ ONE("uint8[2]"), "{\"v\":[1,2]}", NULL },
		{ ONE("uint8[2]"), "{\"v\":[1]}", "eip712.value" },
		{ ONE("uint8[2]"), "{\"v\":1}", "eip712.value" },
		{ ONE("uint8[][1]"), "{\"v\":[[1,2,3]]}", NULL },
		{ ONE("uint8[x]"), "{\"v\":[]}", "eip712.types" },
		{ ONE("]"), "{\"v\":[]}", "eip712.types" },
		{ ONE("[]"), "{\"v\":[]}", "eip712.types" },
		{ ONE("uint7"), "{\"v\":\"1\"}", "eip712.types" },
		{ ONE("uint264"), "{\"v\":\"1\"}", "eip712.types" },
		{ ONE("bytes33"), "{\"v\":\"0x00\"}", "eip712.types" },
		{ ONE("U"), "{\"v\":\"\"}", "eip712.types" },
		{ ONE("T"), "{\"v\":{}}", "eip712.value" },
		{ "{}", "{}", "eip712.types" },
		{ "[]", "{}", "eip712.types" },
		{ "{\"T\":{}}", "{}", "eip712.types" },
		{ "{\"T\":[1]}", "{}", "eip712.types" },
		{ "{\"T\":[{\"name\":\"a b\",\"type\":\"bool\"}]}", "{\"a b\":true}", "eip712.types" },
		{ "{\"T\":[{\"name\":\"v\",\"type\":\"bool w,bool\"}]}", "{\"v\":true}", "eip712.types" },
	};
	struct eip712 out;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool ok = hash(cases[i].types, cases[i].message, &out);

		if (ok != (cases[i].code == NULL))
			fail_msg("%s %s: %s", cases[i].types, cases[i].message, w.err.text);
		if (!ok)
			assert_err(&w, ERR_INVALID, cases[i].code);
	}
}

/* A struct may hold itself; a message may not do so without end. */
static void recursion(void **state)
{
	struct buf b = buf_new(w.arena, 4096);
	struct eip712 out;

	(void)state;
	for (int i = 0; i < 20; i++)
		buf_add(&b, STR("{\"v\":["));
	for (int i = 0; i < 20; i++)
		buf_add(&b, STR("]}"));
	assert_true(hash(ONE("T[]"), "{\"v\":[{\"v\":[]},{\"v\":[{\"v\":[]}]}]}", &out));
	const cJSON *t = NULL;
	assert_false(json_parse(&w, buf_str(&b), &t)); /* 40 levels: not even JSON that we read */
	err_clear(&w);
	assert_false(hash(ONE("T[]"),
		"{\"v\":[{\"v\":[{\"v\":[{\"v\":[{\"v\":[{\"v\":[{\"v\":[{\"v\":[{\"v\":[{\"v\":[]}]}]}]}]}]}]}]}]}]}",
		&out));
	assert_err(&w, ERR_INVALID, "eip712.value");
}

/* -1 is all ones, whatever the width. */
static void negative_numbers(void **state)
{
	struct eip712 a, b;

	(void)state;
	assert_true(hash(ONE("int256"), "{\"v\":\"-1\"}", &a));
	assert_true(eip712_hash(&w, tree(ONE("bytes32")), STR("T"), tree("{\"name\":\"n\"}"),
		tree("{\"v\":\"0xffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff\"}"), &b));
	assert_memory_not_equal(a.type_hash, b.type_hash, 32);
	assert_true(hash(ONE("int256"), "{\"v\":-1}", &b));
	assert_memory_equal(a.digest, b.digest, 32);
	assert_true(hash(ONE("int256"), "{\"v\":\"-0x1\"}", &b));
	assert_memory_equal(a.digest, b.digest, 32);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_the_eip),
		TEST(values_and_types),
		TEST(recursion),
		TEST(negative_numbers),
	};

	return cmocka_run_group_tests_name("eip712", tests, NULL, NULL);
}
