#include "check.h"

#include <sys/stat.h>

#include "base/hex.h"
#include "base/json.h"
#include "outside/signer.h"

static struct work w;
static char path[] = "/tmp/signer-test-XXXXXX";

static int begin(void **state)
{
	(void)state;
	strcpy(path + strlen(path) - 6, "XXXXXX");
	close(mkstemp(path));
	work_init(&w);
	return 0;
}

static int end(void **state)
{
	(void)state;
	unlink(path);
	work_end(&w);
	return 0;
}

static void write_key(const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

/* The first development account of hardhat and anvil, whose key and address are published. */
#define KEY "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
#define ADDRESS "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"

static void address_of_a_known_key(void **state)
{
	uint8_t address[20], want[20];
	struct signer *s;

	(void)state;
	write_key(KEY "\n", 0600);
	assert_true(signer_load(&w, path, &s));
	signer_address(s, address);
	assert_true(hex_decode(STR(ADDRESS), want, 20));
	assert_memory_equal(address, want, 20);
	signer_free(&s);
	assert_null(s);
}

static void the_same_transaction_is_the_same_bytes(void **state)
{
	struct evm_tx tx = { .chain_id = 338, .nonce = 7, .gas = 90000, .data = STR("\x85\xa9\x54\x9a") };
	uint8_t key[32];
	struct evm_signed a, b, direct;
	struct signer *s;

	(void)state;
	tx.max_fee = u256_of(5000);
	tx.max_priority_fee = u256_of(1);
	write_key("0x" KEY, 0600);
	assert_true(signer_load(&w, path, &s));
	assert_true(signer_sign(&w, s, &tx, &a) && signer_sign(&w, s, &tx, &b));
	signer_free(&s);
	assert_true(hex_decode(STR(KEY), key, 32));
	assert_true(evm_tx_sign(&w, &tx, key, &direct));
	assert_true(str_eq(a.raw, b.raw) && str_eq(a.raw, direct.raw));
	assert_memory_equal(a.hash, direct.hash, 32);
}

static void bad_files(void **state)
{
	static const char *const bad[] = {
		"", "ac09", KEY "00", "0000000000000000000000000000000000000000000000000000000000000000",
		"fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141", /* the group's order */
	};
	struct signer *s;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		write_key(bad[i], 0600);
		assert_false(signer_load(&w, path, &s));
		assert_null(strstr(w.err.text, "ffff"));
		assert_err(&w, ERR_INVALID, "secret.format");
	}
	write_key(KEY, 0644);
	assert_false(signer_load(&w, path, &s));
	assert_err(&w, ERR_INVALID, "secret.mode");
	unlink(path);
	assert_false(signer_load(&w, path, &s));
	assert_err(&w, ERR_INVALID, "secret.unreadable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(address_of_a_known_key, begin, end),
		cmocka_unit_test_setup_teardown(the_same_transaction_is_the_same_bytes, begin, end),
		cmocka_unit_test_setup_teardown(bad_files, begin, end),
	};

	return cmocka_run_group_tests_name("signer", tests, NULL, NULL);
}
