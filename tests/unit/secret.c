#include "crypto/secret.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/check.h"

#define DIGITS "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static char path[] = P_tmpdir "/patchwork-secret-XXXXXX";

static void write_file(const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_TRUNC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	return fd < 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void loads(void **state)
{
	static const char *const texts[] = { DIGITS, DIGITS "\n", "0x" DIGITS, "0x" DIGITS "\n" };
	struct secret *s = NULL;
	struct work w;

	(void)state;
	work_init(&w);
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_file(texts[i], i % 2 == 0 ? 0600 : 0400);
		assert_true(secret_load_hex32(&w, path, &s));
		assert_int_equal(secret_bytes(s).n, 32);
		for (int k = 0; k < 32; k++)
			assert_int_equal(secret_bytes(s).p[k], k);
		secret_free(&s);
		assert_null(s);
	}
	secret_free(&s);
	work_end(&w);
}

static void readable_by_others(void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0620, 0602, 0610, 0601, 0644, 0666 };
	struct secret *s = NULL;
	struct work w;

	(void)state;
	work_init(&w);
	for (size_t i = 0; i < COUNT(modes); i++) {
		write_file(DIGITS, modes[i]);
		assert_false(secret_load_hex32(&w, path, &s));
		assert_err(&w, ERR_INVALID, "secret.mode");
	}
	assert_false(secret_load_hex32(&w, P_tmpdir, &s));
	assert_err(&w, ERR_INVALID, "secret.mode"); /* a folder */
	assert_null(s);
	work_end(&w);
}

static void not_there(void **state)
{
	struct secret *s = NULL;
	struct work w;

	(void)state;
	work_init(&w);
	assert_false(secret_load_hex32(&w, P_tmpdir "/patchwork-no-such-folder/key", &s));
	assert_err(&w, ERR_INVALID, "secret.unreadable");
	work_end(&w);
}

/* Neither the error nor anything in it shows what was in the file. */
static void other_forms(void **state)
{
	static const char *const texts[] = { "", "\n", "0x", DIGITS "\n\n", DIGITS "0", DIGITS "00", " " DIGITS,
		"0x" DIGITS "ab\n", "zz0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f" };
	struct secret *s = NULL;
	struct work w;

	(void)state;
	work_init(&w);
	for (size_t i = 0; i < COUNT(texts); i++) {
		write_file(texts[i], 0600);
		assert_false(secret_load_hex32(&w, path, &s));
		assert_null(strstr(w.err.text, "0405060708"));
		assert_err(&w, ERR_INVALID, "secret.format");
	}
	work_end(&w);
}

static void scribble(void *s)
{
	signal(SIGSEGV, SIG_DFL); /* cmocka would catch it */
	((char *)(uintptr_t)secret_bytes(s).p)[0] = 1;
}

/* The pages are read-only: a stray write ends the process instead of changing a key. */
static void protected(void **state)
{
	struct secret *s = secret_of(STR("key bytes"));
	char text[4096];

	(void)state;
	assert_str(secret_bytes(s), "key bytes");
	int status = in_child(scribble, s, text, sizeof(text));
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	assert_str(secret_bytes(s), "key bytes");
	secret_free(&s);
	s = secret_of((str){ NULL, 0 });
	assert_int_equal(secret_bytes(s).n, 0);
	secret_free(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads),
		cmocka_unit_test(readable_by_others),
		cmocka_unit_test(not_there),
		cmocka_unit_test(other_forms),
		cmocka_unit_test(protected),
	};

	return cmocka_run_group_tests_name("secret", tests, make_file, remove_file);
}
