#include "model/login.h"

#include "base/buf.h"
#include "crypto/secp.h"
#include "model/account.h"
#include "tests/unit/check.h"

#define HEAD                                                                                                           \
	"patchwork.example wants you to sign in with your Ethereum account:\n"                                         \
	"0xf1994385Bb0516B05586DE695724dBA1FF7b3AbB\n"
#define URI_TO_NONCE "URI: https://patchwork.example/login\nVersion: 1\nChain ID: 338\nNonce: a1B2c3D4e5\n"
#define ISSUED "Issued At: 2026-01-02T03:04:05Z"
#define WHOLE HEAD "\n\n" URI_TO_NONCE ISSUED

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

static bool parses(str text)
{
	struct login l;
	bool ok = login_parse(&w, text, &l);

	if (ok) /* whatever is taken is written again as it was, but for what text cannot keep: zeros before a number */
		assert_true(str_eq(login_text(&w, &l), text));
	else
		assert_err(&w, ERR_INVALID, "auth.message_malformed");
	return ok;
}

static void statements(void **state)
{
	struct login l;

	(void)state;
	assert_true(login_parse(&w, STR(HEAD "\n\n" URI_TO_NONCE ISSUED), &l));
	assert_null(l.statement.p);
	assert_true(login_parse(&w, STR(HEAD "\n\n\n" URI_TO_NONCE ISSUED), &l));
	assert_non_null(l.statement.p);
	assert_int_equal(l.statement.n, 0);
	assert_true(parses(STR(HEAD "\n\n\n" URI_TO_NONCE ISSUED)));
	assert_false(parses(STR(HEAD "\n" URI_TO_NONCE ISSUED)));
	assert_false(parses(STR(HEAD "\n\n\n\n" URI_TO_NONCE ISSUED)));
	assert_true(parses(STR(HEAD "\nURI: a statement that looks like a field\n\n" URI_TO_NONCE ISSUED)));
	assert_true(parses(STR(HEAD "\nall of -._~:/?#[]@!$&'()*+,;= and space\n\n" URI_TO_NONCE ISSUED)));
	assert_false(parses(STR(HEAD "\ntwo\nlines\n\n" URI_TO_NONCE ISSUED)));
	for (const char *p = "%\"<>\\^`{|}\x7f\t\r\x01\xc3"; *p != '\0'; p++) {
		str text = arena_printf(w.arena, HEAD "\na%cb\n\n" URI_TO_NONCE ISSUED, *p);

		assert_false(parses(text));
	}
}

static void domains(void **state)
{
	static const struct {
		const char *domain;
		bool ok;
	} cases[] = {
		{ "localhost", true },
		{ "localhost:3000", true },
		{ "127.0.0.1:1", true },
		{ "[::1]:3000", true },
		{ "[2001:db8::1.2.3.4]", true },
		{ "user:x@example.com", true },
		{ "a%20b", true },
		{ "h:", true },
		{ "[v1.x:y]", true },
		{ "https://example.com", true },
		{ "a+b-c.1://example.com", true },
		{ "", false },
		{ ":80", false },
		{ "a b", false },
		{ "a/b", false },
		{ "a:b", false },
		{ "[::1", false },
		{ "[::1]x", false },
		{ "[:::]", false },
		{ "[1.2.3.4]", false },
		{ "[v.x]", false },
		{ "a%2", false },
		{ "a%zz", false },
		{ "1a://example.com", false },
		{ "://example.com", false },
		{ "https://", false },
		{ "a@b@c", false },
		{ "\xc3\xa4.example", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		str text = arena_printf(w.arena, "%s%s", cases[i].domain, WHOLE + strlen("patchwork.example"));

		if (parses(text) != cases[i].ok)
			fail_msg("domain \"%s\"", cases[i].domain);
	}
}

static bool with_uri(const char *uri)
{
	return parses(
		arena_printf(w.arena, HEAD "\n\nURI: %s\nVersion: 1\nChain ID: 338\nNonce: a1B2c3D4e5\n" ISSUED, uri));
}

static void uris(void **state)
{
	static const char *const good[] = { "https://a/b?c=d/e?#f", "did:key:z6Mk", "ipfs://x", "file:///x",
		"a:", "a:/b", "https://[::1]:8/", "https://u:p@h:1/p;x=1,2", "urn:uuid:1-2", "https://h?q",
		"https://h#f", "a://" };
	static const char *const bad[] = { "", "/a", "a", "//a", ":a", "1a:b", "a:b c", "a:%", "a:%f", "https://h:x/",
		"a:b#c#d", "a:<b>", "https://[::1/", "https://[x]/", "a:\xc3\xa4", "a:[b]" };

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!with_uri(good[i]))
			fail_msg("refused \"%s\"", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (with_uri(bad[i]))
			fail_msg("took \"%s\"", bad[i]);
}

static void times(void **state)
{
	static const char *const good[] = { "2026-01-02T03:04:05Z", "2026-01-02t03:04:05z", "2024-02-29T00:00:00+23:59",
		"2026-01-02T03:04:05.1-05:30", "2026-01-02T03:04:05.123456789012345Z", "2016-12-31T23:59:60Z" };
	static const char *const bad[] = { "", "2026-01-02", "2026-01-02T03:04:05", "2026-01-02 03:04:05Z",
		"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-32T00:00:00Z",
		"2026-01-02T24:00:00Z", "2026-01-02T03:60:00Z", "2026-01-02T03:04:61Z", "2026-01-02T03:04:05.Z",
		"2026-01-02T03:04:05+24:00", "2026-01-02T03:04:05+01:60", "2026-01-02T03:04:05+0100",
		"2026-01-02T03:04:05Z ", "26-01-02T03:04:05Z", "2026-01-02T03:04:05.1234567890123456789",
		"2026-01-02T03:04:05.1234567890ZZZZZZZ" };
	struct login l;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++)
		if (!parses(arena_printf(w.arena, HEAD "\n\n" URI_TO_NONCE "Issued At: %s", good[i])))
			fail_msg("refused \"%s\"", good[i]);
	for (size_t i = 0; i < COUNT(bad); i++)
		if (parses(arena_printf(w.arena, HEAD "\n\n" URI_TO_NONCE "Issued At: %s", bad[i])))
			fail_msg("took \"%s\"", bad[i]);
	assert_true(
		login_parse(&w, STR(HEAD "\n\n" URI_TO_NONCE "Issued At: 1970-01-01T01:00:00.123456789999+01:00"), &l));
	assert_int_equal(l.issued, 123456);
}

static void numbers_and_nonces(void **state)
{
	struct login l;

	(void)state;
#define WITH(chain, nonce) STR(HEAD "\n\nURI: a:b\nVersion: 1\nChain ID: " chain "\nNonce: " nonce "\n" ISSUED)
	assert_true(parses(WITH("0", "abcdefgh")));
	assert_true(parses(WITH("18446744073709551615", "ABCDEFG0")));
	assert_false(parses(WITH("18446744073709551616", "abcdefgh")));
	assert_true(login_parse(&w, WITH("00338", "abcdefgh"), &l)); /* 1*DIGIT */
	assert_int_equal(l.chain_id, 338);
	assert_false(parses(WITH("", "abcdefgh")));
	assert_false(parses(WITH("-1", "abcdefgh")));
	assert_false(parses(WITH("1 ", "abcdefgh")));
	assert_false(parses(WITH("1", "abcdefg")));
	assert_false(parses(WITH("1", "abcdefg_")));
	assert_false(parses(WITH("1", "abcdefgh ")));
}

static void optional_fields(void **state)
{
	struct login l;

	(void)state;
	assert_true(parses(STR(WHOLE "\nRequest ID: ")));
	assert_true(parses(STR(WHOLE "\nRequest ID: a:@b%20")));
	assert_false(parses(STR(WHOLE "\nRequest ID: a/b")));
	assert_false(parses(STR(WHOLE "\nRequest ID: a b")));
	assert_true(parses(STR(WHOLE "\nResources:")));
	assert_false(parses(STR(WHOLE "\nResources: ")));
	assert_false(parses(STR(WHOLE "\nResources:\n- ")));
	assert_false(parses(STR(WHOLE "\nResources:\na:b")));
	assert_false(parses(STR(WHOLE "\nNot Before: 2026-01-02T03:04:05Z\nExpiration Time: 2026-01-02T03:04:05Z")));
	assert_false(parses(STR(WHOLE "\nRequest ID: a\nRequest ID: b")));
	assert_false(parses(STR(WHOLE "\n")));
	assert_false(parses(STR(WHOLE "\0")));
	assert_true(login_parse(&w, STR(WHOLE "\nResources:"), &l));
	assert_true(l.has_resources && l.n_resources == 0);
}

static void many_resources(void **state)
{
	struct buf b = buf_new(w.arena, 4096);

	(void)state;
	buf_add(&b, STR(WHOLE "\nResources:"));
	for (int i = 0; i < 16; i++)
		buf_add(&b, STR("\n- a:b"));
	assert_true(parses(buf_str(&b)));
	buf_add(&b, STR("\n- a:b"));
	assert_false(parses(buf_str(&b)));
}

/* Every prefix of a good text, and every one with a byte replaced, is refused or is another good text. */
static void cut_and_changed(void **state)
{
	static const char whole[] = WHOLE "\nRequest ID: r\nResources:\n- a:b";
	static const char others[] = { '\0', '\n', '\r', ' ', '-', ':', '5', 'a', 'Z', '\x80' };

	(void)state;
	for (size_t n = 0; n < strlen(WHOLE); n++)
		assert_false(parses(str_of(whole, n)));
	for (size_t i = 0; i < sizeof(whole) - 1; i++) {
		str copy = arena_str(w.arena, str_of(whole, sizeof(whole) - 1));

		for (size_t k = 0; k < sizeof(others); k++) {
			((char *)copy.p)[i] = others[k];
			(void)parses(copy);
		}
	}
	assert_false(parses((str){ NULL, 0 }));
}

static void checks(void **state)
{
	static const int64_t chains[] = { 25, 338, -1 };
	struct login_expected e = { STR("patchwork.example"), STR("a1B2c3D4e5"), chains, 3, { NULL, 0 },
		STR("https://patchwork.example/"), 0 };
	struct login l;

	(void)state;
	assert_true(login_parse(&w, STR(WHOLE), &l));
	e.now = l.issued;
	assert_true(login_check(&w, &l, &e));
	e.uri_prefix = STR("https://patchwork.example/login/");
	assert_false(login_check(&w, &l, &e));
	assert_err(&w, ERR_INVALID, "auth.uri");
	e.uri_prefix = (str){ NULL, 0 };
	e.domain = STR("patchwork.example:443");
	assert_false(login_check(&w, &l, &e));
	assert_err(&w, ERR_INVALID, "auth.domain");
	e.domain = STR("patchwork.example");
	e.nonce = STR("a1B2c3D4e6");
	assert_false(login_check(&w, &l, &e));
	assert_err(&w, ERR_INVALID, "auth.nonce");
	e.nonce = STR("a1B2c3D4e5");
	e.n_chain_ids = 1;
	assert_false(login_check(&w, &l, &e));
	assert_err(&w, ERR_INVALID, "auth.chain");
	l.chain_id = UINT64_MAX; /* is not chain -1 */
	e.n_chain_ids = 3;
	assert_false(login_check(&w, &l, &e));
	assert_err(&w, ERR_INVALID, "auth.chain");
}

static void f28_windows(void **state)
{
	static const int64_t chain = 338;
	struct login_expected e = { STR("patchwork.example"), STR("a1B2c3D4e5"), &chain, 1, { NULL, 0 }, { NULL, 0 },
		0 };
	struct login l;

	(void)state;
	assert_true(login_parse(
		&w, STR(WHOLE "\nExpiration Time: 2026-01-02T03:05:05Z\nNot Before: 2026-01-02T03:04:30Z"), &l));
	e.now = l.before - 1;
	assert_false(login_check(&w, &l, &e));
	assert_err(&w, ERR_INVALID, "auth.not_before");
	e.now = l.before;
	assert_true(login_check(&w, &l, &e));
	e.now = l.expires - 1;
	assert_true(login_check(&w, &l, &e));
	e.now = l.expires;
	assert_false(login_check(&w, &l, &e));
	assert_err(&w, ERR_INVALID, "auth.expired");
}

static void signatures(void **state)
{
	uint8_t key[32] = { 1 }, other[32] = { 2 }, digest[32], sig[65];
	struct login l;

	(void)state;
	assert_true(login_parse(&w, STR(WHOLE), &l));
	assert_true(secp_address(key, l.address));
	str text = login_text(&w, &l);
	secp_personal_digest(text, digest);
	assert_true(secp_sign(key, digest, sig));
	assert_true(login_verify(&w, text, &l, str_of(sig, 65)));
	assert_false(login_verify(&w, text, &l, str_of(sig, 64)));
	assert_err(&w, ERR_INVALID, "auth.signature");
	assert_false(login_verify(&w, STR(WHOLE "x"), &l, str_of(sig, 65)));
	assert_err(&w, ERR_INVALID, "auth.signature");
	assert_true(secp_sign(other, digest, sig));
	assert_false(login_verify(&w, text, &l, str_of(sig, 65)));
	assert_err(&w, ERR_INVALID, "auth.signature");
}

static void addresses(void **state)
{
	uint8_t address[20] = { 0 };

	(void)state;
	/* A message needs the EIP-55 case, though elsewhere all lower case will do. */
	assert_true(address_parse(STR("0xf1994385bb0516b05586de695724dba1ff7b3abb"), address));
	str text = arena_printf(w.arena,
		"patchwork.example wants you to sign in with your Ethereum account:\n"
		"0xf1994385bb0516b05586de695724dba1ff7b3abb\n\n\n" URI_TO_NONCE ISSUED);
	assert_false(parses(text));
	assert_str(account_caip10(w.arena, 338, address), "eip155:338:0xf1994385Bb0516B05586DE695724dBA1FF7b3AbB");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(statements),
		TEST(domains),
		TEST(uris),
		TEST(times),
		TEST(numbers_and_nonces),
		TEST(optional_fields),
		TEST(many_resources),
		TEST(cut_and_changed),
		TEST(checks),
		TEST(f28_windows),
		TEST(signatures),
		TEST(addresses),
	};

	return cmocka_run_group_tests_name("login", tests, NULL, NULL);
}
