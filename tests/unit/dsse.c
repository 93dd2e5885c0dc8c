#include "wire/dsse.h"

#include "base/hex.h"
#include "crypto/ed25519.h"
#include "tests/unit/check.h"

static const uint8_t seed[32] = { 4, 2 };
static struct work w;
static uint8_t pub[32];

static int setup(void **state)
{
	(void)state;
	work_init(&w);
	ed25519_public(seed, pub);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	work_end(&w);
	return 0;
}

/* The example of the protocol's text */
static void pae(void **state)
{
	(void)state;
	assert_str(dsse_pae(&w, STR("http://example.com/HelloWorld"), STR("hello world")),
		"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
	assert_str(dsse_pae(&w, STR(""), STR("")), "DSSEv1 0  0 ");
}

static void there_and_back(void **state)
{
	str envelope = dsse_sign(&w, DSSE_INTOTO, STR("{\"a\":1}"), STR("key-1"), seed);
	struct dsse d;

	(void)state;
	assert_true(dsse_parse(&w, envelope, &d));
	assert_str(d.payload_type, "application/vnd.in-toto+json");
	assert_str(d.payload, "{\"a\":1}");
	assert_str(d.keyid, "key-1");
	assert_true(dsse_verify(&w, &d, pub));
	pub[0] ^= 1;
	assert_false(dsse_verify(&w, &d, pub));
	assert_err(&w, ERR_INVALID, "proof.signature");
	assert_true(dsse_parse(&w, dsse_sign(&w, DSSE_INTOTO, STR(""), STR(""), seed), &d));
	assert_int_equal(d.payload.n, 0);
}

/* The type is signed with the payload: the same bytes under another type are another statement. */
static void types_are_signed(void **state)
{
	struct dsse d;

	(void)state;
	assert_true(dsse_parse(&w, dsse_sign(&w, DSSE_INTOTO, STR("x"), STR("k"), seed), &d));
	d.payload_type = STR("application/json");
	assert_false(dsse_verify(&w, &d, pub));
	assert_err(&w, ERR_INVALID, "proof.signature");
}

/* Any byte replaced by any other: the envelope no longer parses, or no longer verifies, or only the hint of which key to
 * try has changed, which nothing protects and nothing relies on. */
static void every_byte(void **state)
{
	str envelope = dsse_sign(&w, DSSE_INTOTO, STR("{\"merged\":true}"), STR("key-1"), seed);
	unsigned hints = 0;

	(void)state;
	for (size_t i = 0; i < envelope.n; i++)
		for (int byte = 0; byte < 256; byte++) {
			struct arena_mark mark = arena_mark(w.arena);
			str copy = arena_str(w.arena, envelope);
			struct dsse d;

			((char *)copy.p)[i] = (char)byte;
			if (byte != (uint8_t)envelope.p[i] && dsse_parse(&w, copy, &d) && dsse_verify(&w, &d, pub)) {
				assert_false(str_eq(d.keyid, STR("key-1")));
				assert_str(d.payload, "{\"merged\":true}");
				hints++;
			}
			err_clear(&w);
			arena_rewind(w.arena, mark);
		}
	assert_true(hints > 0 && hints <= 5 * 255);
}

static void cut_short(void **state)
{
	str envelope = dsse_sign(&w, DSSE_INTOTO, STR("payload"), STR("k"), seed);
	struct dsse d;

	(void)state;
	for (size_t n = 0; n < envelope.n; n++) {
		assert_false(dsse_parse(&w, str_of(envelope.p, n), &d));
		assert_err(&w, ERR_INVALID, "proof.envelope");
	}
}

static void malformed(void **state)
{
#define SIG88 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="
#define ONE "[{\"keyid\":\"k\",\"sig\":\"" SIG88 "\"}]"
	static const char *const bad[] = {
		"{}",
		"[]",
		"{\"payload\":\"\",\"payloadType\":\"t\"}",
		"{\"payload\":\"\",\"signatures\":" ONE "}",
		"{\"payloadType\":\"t\",\"signatures\":" ONE "}",
		"{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":" ONE "}",
		"{\"payload\":1,\"payloadType\":\"t\",\"signatures\":" ONE "}",
		"{\"payload\":\"YQ\",\"payloadType\":\"t\",\"signatures\":" ONE "}",
		"{\"payload\":\"YR==\",\"payloadType\":\"t\",\"signatures\":" ONE "}",
		"{\"payload\":\"Y Q=\",\"payloadType\":\"t\",\"signatures\":" ONE "}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[]}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":{}}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[1]}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"keyid\":\"k\"}]}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"keyid\":\"k\",\"sig\":\"YWFh\"}]}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":[{\"sig\":\"" SIG88 "\"},{\"sig\":\"" SIG88
		"\"}]}",
		"{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":" ONE ",\"extra\":1}",
		"{\"payload\":\"\",\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":" ONE "}",
	};
	struct dsse d;

	(void)state;
	assert_true(dsse_parse(&w, STR("{\"payload\":\"\",\"payloadType\":\"t\",\"signatures\":" ONE "}"), &d));
	assert_false(dsse_verify(&w, &d, pub));
	assert_err(&w, ERR_INVALID, "proof.signature");
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (dsse_parse(&w, str_c(bad[i]), &d))
			fail_msg("took %s", bad[i]);
		assert_err(&w, ERR_INVALID, "proof.envelope");
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(pae),
		TEST(there_and_back),
		TEST(types_are_signed),
		TEST(every_byte),
		TEST(cut_short),
		TEST(malformed),
	};

	return cmocka_run_group_tests_name("S15 dsse", tests, NULL, NULL);
}
