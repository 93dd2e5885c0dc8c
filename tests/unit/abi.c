#include "wire/abi.h"

#include "base/hex.h"
#include "tests/unit/check.h"

#define ZEROS "00000000000000000000000000000000000000000000000000000000" /* 28 bytes */
#define W(last) ZEROS last                                               /* a word ending in 4 bytes */
#define FULL "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"

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

static bool decode(const char *types, const char *hex, const struct abi_value **v)
{
	size_t bytes = strlen(hex) / 2, n;
	uint8_t *copy = arena_alloc(w.arena, bytes);

	assert_true(hex_decode(str_c(hex), copy, bytes));
	return abi_decode(&w, str_c(types), str_of(copy, bytes), v, &n);
}

static void refused(const char *types, const char *hex)
{
	const struct abi_value *v;

	if (decode(types, hex, &v))
		fail_msg("took %s: %s", types, hex);
	assert_err(&w, ERR_INVALID, "abi.data");
}

/* Each value must look as an encoder would have written it. */
static void unclean_words(void **state)
{
	const struct abi_value *v;

	(void)state;
	assert_true(decode("address", W("000000ff"), &v));
	refused("address",
		"01"
		"00000000000000000000000000000000000000000000000000000000000000");
	refused("address", "0000000000000000000000010000000000000000000000000000000000000000");
	refused("bool", W("00000002"));
	refused("bool", "8000000000000000000000000000000000000000000000000000000000000001");
	refused("uint8", W("00000100"));
	refused("int8", W("00000080"));
	refused("int8", "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe80");
	assert_true(decode("int8", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff80", &v));
	refused("bytes4", "0102030400000000000000000000000000000000000000000000000000000001");
	refused("uint256", W("00000001") "00");
	refused("uint256", W("00000001") W("00000001"));
	refused("uint256", ZEROS);
	refused("", W("00000001"));
}

static void offsets_and_lengths(void **state)
{
	(void)state;
	refused("bytes", FULL);
	refused("bytes", "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff");
	refused("bytes", ZEROS "00000020" FULL);
	refused("bytes", W("00000020") "000000000000000000000000000000000000000000000000ffffffffffffffe0");
	refused("bytes",
		W("00000020") "000000000000000000000000000000000000000000000001000000000000000"
			      "0");
	refused("bytes", W("00000020") W("00000021") W("00000000"));
	refused("bytes", W("00000020") W("00000001") "01");
	refused("bytes",
		W("00000020") W("00000001") "0101"
					    "000000000000000000000000000000000000000000000000000000000000");
	refused("bytes", W("00000020"));
	refused("bytes", W("00000040") W("00000000"));
	refused("bytes", W("00000000"));
	refused("string,string", W("00000040") W("00000040") W("00000000"));
	refused("uint256[]", W("00000020") FULL);
	refused("uint256[]", W("00000020") "0800000000000000000000000000000000000000000000000000000000000000");
	refused("uint256[]", W("00000020") W("00000002") W("00000001"));
	refused("uint256[2]", W("00000001"));
	refused("bytes[]", W("00000020") W("00000001") FULL);
	refused("(uint256,bytes)", W("00000020") W("00000001"));
}

/* Offsets that all point at the same array would make 32 kB of data into gigabytes of values. */
static void amplification(void **state)
{
	struct buf b = buf_new(w.arena, 1 << 20);
	const struct abi_value *v;
	uint8_t word[32];
	size_t n;

	(void)state;
	u256_to_be(u256_of(32), word);
	buf_add(&b, str_of(word, 32));
	u256_to_be(u256_of(500), word);
	buf_add(&b, str_of(word, 32));
	u256_to_be(u256_of((uint64_t)500 * 32), word);
	for (int i = 0; i < 500; i++)
		buf_add(&b, str_of(word, 32));
	u256_to_be(u256_of(500), word);
	buf_add(&b, str_of(word, 32));
	u256_to_be(u256_of(1), word);
	for (int i = 0; i < 500; i++)
		buf_add(&b, str_of(word, 32));
	assert_false(abi_decode(&w, STR("uint256[][]"), buf_str(&b), &v, &n));
	assert_err(&w, ERR_INVALID, "abi.data");
	assert_true(arena_used(w.arena) < (size_t)4 << 20);
}

/* One changed byte at a time: no decoding reads past the data, and what is taken encodes to the same bytes. */
static void changed_bytes(void **state)
{
	static const char types[] = "string,(uint8,bytes[])[],int16[2],bool";
	const struct abi_value parts[] = {
		{ .kind = ABI_UINT, .number = u256_of(7) },
		{ .kind = ABI_ARRAY, .n = 1, .at = &(struct abi_value){ .kind = ABI_BYTES, .bytes = STR("abc") } },
	};
	const struct abi_value list[] = { { .kind = ABI_TUPLE, .n = 2, .at = parts },
		{ .kind = ABI_TUPLE, .n = 2, .at = parts } };
	const struct abi_value ints[] = { { .kind = ABI_INT, .number = u256_of(1) }, { .kind = ABI_INT } };
	const struct abi_value values[] = { { .kind = ABI_STRING, .bytes = STR("hello") },
		{ .kind = ABI_ARRAY, .n = 2, .at = list }, { .kind = ABI_ARRAY, .n = 2, .at = ints },
		{ .kind = ABI_BOOL, .number = u256_of(1) } };
	struct buf whole = buf_new(w.arena, 4096);
	unsigned taken = 0;

	(void)state;
	assert_true(abi_encode(&w, str_c(types), values, 4, &whole));
	for (size_t i = 0; i < whole.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			struct arena_mark mark = arena_mark(w.arena);
			struct buf again = buf_new(w.arena, 4096);
			const struct abi_value *v;
			char *copy = malloc(whole.n);
			size_t n;

			memcpy(copy, whole.p, whole.n);
			copy[i] ^= (char)(1 << bit);
			if (abi_decode(&w, str_c(types), str_of(copy, whole.n), &v, &n)) {
				assert_true(abi_encode(&w, str_c(types), v, n, &again));
				assert_true(str_eq(buf_str(&again), str_of(copy, whole.n)));
				taken++;
			} else {
				assert_err(&w, ERR_INVALID, "abi.data");
			}
			free(copy);
			arena_rewind(w.arena, mark);
		}
	assert_true(taken > 0); /* other letters, other numbers */
}

static void type_texts(void **state)
{
	static const char *const bad[] = { "uint", "int", "uint7", "uint0", "uint264", "uint08", "bytes0", "bytes33",
		"byte", "address payable", "uint256 ", " uint256", "uint256,", ",", "()", "(", ")", "(uint256",
		"uint256)", "uint256[", "uint256]", "uint256[0]", "uint256[-1]", "uint256[01]", "uint256[99999]",
		"uint256[9999][9999]", "uint256[][][][][][][][][]", "((((((((((uint256))))))))))", "foo", "tuple",
		"uint256[2 ]", "fixed128x18" };
	static const char *const good[] = { "", "uint256", "int8", "bytes1", "bytes32", "bytes", "string", "bool",
		"address", "uint256[]", "uint256[3][]", "(uint256,(bytes,bool)[2])[]", "((((((((uint256))))))))" };
	const struct abi_value *v;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (abi_decode(&w, str_c(bad[i]), STR(""), &v, &n))
			fail_msg("took \"%s\"", bad[i]);
		assert_err(&w, ERR_INVALID, "abi.types");
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		bool ok = abi_decode(&w, str_c(good[i]), STR(""), &v, &n);

		assert_true(ok == (good[i][0] == '\0'));
		if (!ok)
			assert_err(&w, ERR_INVALID, "abi.data");
	}
}

static void wrong_values(void **state)
{
	static const struct {
		const char *types;
		struct abi_value v;
	} cases[] = {
		{ "uint8", { .kind = ABI_UINT, .number = { { 256 } } } },
		{ "int8", { .kind = ABI_INT, .number = { { 128 } } } },
		{ "int8", { .kind = ABI_UINT } },
		{ "bool", { .kind = ABI_BOOL, .number = { { 2 } } } },
		{ "address", { .kind = ABI_ADDRESS, .bytes = { "abc", 3 } } },
		{ "bytes4", { .kind = ABI_FIXED_BYTES, .bytes = { "abc", 3 } } },
		{ "uint8[2]", { .kind = ABI_ARRAY } },
		{ "(uint8)", { .kind = ABI_TUPLE } },
		{ "string", { .kind = ABI_BYTES } },
		{ "string,string", { .kind = ABI_STRING } },
	};
	str data;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b = buf_new(w.arena, 1024);

		assert_false(abi_encode(&w, str_c(cases[i].types), &cases[i].v, 1, &b));
		assert_err(&w, ERR_INVALID, "abi.value");
	}
	struct buf small = buf_new(w.arena, 31);
	assert_false(abi_encode(&w, STR("bool"), &(struct abi_value){ .kind = ABI_BOOL }, 1, &small));
	assert_err(&w, ERR_INVALID, "abi.value");
	assert_false(abi_call(&w, STR("transfer"), NULL, 0, &data));
	assert_err(&w, ERR_INVALID, "abi.types");
	assert_false(abi_call(&w, STR("()"), NULL, 0, &data));
	assert_err(&w, ERR_INVALID, "abi.types");
}

static str reverted(const char *hex)
{
	size_t n = strlen(hex) / 2;
	uint8_t *bytes = arena_alloc(w.arena, n);

	assert_true(hex_decode(str_c(hex), bytes, n));
	return abi_revert_text(&w, str_of(bytes, n));
}

static void reverts(void **state)
{
	(void)state;
	assert_str(reverted(""), "");
	assert_str(reverted("01"), "0x01");
	assert_str(reverted("f4b76a0e" FULL), "0xf4b76a0e");
	assert_str(reverted("4e487b71" W("00000011")), "Panic(0x11)");
	assert_str(reverted("4e487b71" FULL), "0x4e487b71");
	assert_str(reverted("08c379a0" W("00000020")
				   W("00000002") "6869"
						 "000000000000000000000000000000000000000000000000000000000000"),
		"hi");
	assert_str(reverted("08c379a0" W("00000020")
				   W("00000003") "610a62"
						 "0000000000000000000000000000000000000000000000000000000000"),
		"a?b");
	assert_str(reverted("08c379a0" W("00000020") FULL), "0x08c379a0");
	assert_int_equal(w.err.kind, ERR_NONE);
}

static void indexed(void **state)
{
	const struct abi_value text = { .kind = ABI_STRING, .bytes = STR("abc") };
	uint8_t topic[32], want[32];

	(void)state;
	assert_true(abi_indexed(&w, STR("string"), &text, topic));
	abi_topic(STR("abc"), want); /* the hash of its bytes, unpadded */
	assert_memory_equal(topic, want, 32);
	assert_false(abi_indexed(&w, STR("string,string"), &text, topic));
	assert_err(&w, ERR_INVALID, "abi.types");
	assert_false(abi_indexed(&w, STR("uint256"), &text, topic));
	assert_err(&w, ERR_INVALID, "abi.value");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unclean_words),
		TEST(offsets_and_lengths),
		TEST(amplification),
		TEST(changed_bytes),
		TEST(type_texts),
		TEST(wrong_values),
		TEST(reverts),
		TEST(indexed),
	};

	return cmocka_run_group_tests_name("abi", tests, NULL, NULL);
}
