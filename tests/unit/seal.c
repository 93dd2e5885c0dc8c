#include "crypto/seal.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "tests/unit/check.h"

#define TEXT "ghu_16C7e42F292c6912E7710c838347Ae178B4a"
#define ABOUT STR("hook/0190f5fe-7c00-7a00-8000-000000000001")

static const uint8_t first[32] = { 1 }, second[32] = { 2 }, third[32] = { 3 };
static struct work w;

static int begin(void **state)
{
	(void)state;
	work_init(&w);
	return 0;
}

static int end(void **state)
{
	(void)state;
	work_end(&w);
	return 0;
}

static void what_is_closed_opens(void **state)
{
	static const str texts[] = { STR(""), STR("x"), STR(TEXT), STR("\0\1\2") };
	struct seal *s = seal_of(first, NULL);
	str box, again, plain;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		box = seal_close(w.arena, s, ABOUT, texts[i]);
		again = seal_close(w.arena, s, ABOUT, texts[i]);
		assert_int_equal(box.n, texts[i].n + SEAL_OVERHEAD);
		assert_false(str_eq(box, again));
		assert_true(seal_open(&w, s, ABOUT, box, &plain));
		assert_true(str_eq(plain, texts[i]));
		assert_true(seal_is_current(s, box));
	}
	seal_free(&s);
	assert_null(s);
	seal_free(&s);
}

/* By libsodium's own functions, so that a box can be opened without this program. */
static void the_format_is_as_said(void **state)
{
	struct seal *s = seal_of(first, NULL);
	str box = seal_close(w.arena, s, ABOUT, STR(TEXT));
	const uint8_t *p = (const uint8_t *)box.p;
	uint8_t id[32], key[32], text[sizeof(TEXT)];

	(void)state;
	crypto_generichash(id, sizeof(id), first, 32, NULL, 0);
	crypto_generichash(key, sizeof(key), (const uint8_t *)ABOUT.p, ABOUT.n, first, 32);
	assert_int_equal(p[0], 1);
	assert_memory_equal(p + 1, id, 8);
	assert_int_equal(crypto_secretbox_open_easy(text, p + 33, box.n - 33, p + 9, key), 0);
	assert_memory_equal(text, TEXT, strlen(TEXT));
	seal_free(&s);
}

static void every_changed_byte_is_seen(void **state)
{
	struct seal *s = seal_of(first, NULL);
	str box = seal_close(w.arena, s, ABOUT, STR(TEXT)), plain;

	(void)state;
	for (size_t i = 0; i < box.n; i++) {
		char *changed = arena_cstr(w.arena, box);

		changed[i] ^= 1;
		assert_false(seal_open(&w, s, ABOUT, str_of(changed, box.n), &plain));
		assert_err(&w, ERR_INVALID, i >= 1 && i < 9 ? "seal.key_unknown" : "seal.broken");
	}
	for (size_t n = 0; n < box.n; n++) {
		assert_false(seal_open(&w, s, ABOUT, str_of(box.p, n), &plain));
		assert_err(&w, ERR_INVALID, "seal.broken");
	}
	seal_free(&s);
}

static void a_box_belongs_to_one_row(void **state)
{
	struct seal *s = seal_of(first, NULL);
	str box = seal_close(w.arena, s, ABOUT, STR(TEXT)), plain;

	(void)state;
	assert_false(seal_open(&w, s, STR("hook/0190f5fe-7c00-7a00-8000-000000000002"), box, &plain));
	assert_err(&w, ERR_INVALID, "seal.broken");
	seal_free(&s);
}

static void keys_follow_each_other(void **state)
{
	struct seal *before = seal_of(first, NULL), *during = seal_of(second, first), *after = seal_of(second, NULL),
		    *other = seal_of(third, NULL);
	str old = seal_close(w.arena, before, ABOUT, STR(TEXT)), new = seal_close(w.arena, during, ABOUT, STR(TEXT)),
	    plain;

	(void)state;
	assert_true(seal_open(&w, during, ABOUT, old, &plain));
	assert_true(seal_open(&w, during, ABOUT, new, &plain));
	assert_true(seal_open(&w, after, ABOUT, new, &plain));
	assert_false(seal_is_current(during, old));
	assert_true(seal_is_current(during, new));
	assert_false(seal_open(&w, after, ABOUT, old, &plain));
	assert_err(&w, ERR_INVALID, "seal.key_unknown");
	assert_false(seal_open(&w, other, ABOUT, new, &plain));
	assert_err(&w, ERR_INVALID, "seal.key_unknown");
	seal_free(&before);
	seal_free(&during);
	seal_free(&after);
	seal_free(&other);
}

static str key_file(char *path, char digit)
{
	char digits[64];
	int fd = mkstemp(path);

	memset(digits, digit, sizeof(digits));
	assert_true(fd >= 0);
	assert_int_equal(write(fd, digits, sizeof(digits)), sizeof(digits));
	close(fd);
	return str_c(path);
}

static void keys_come_from_files(void **state)
{
	char one[] = P_tmpdir "/patchwork-seal-XXXXXX", two[] = P_tmpdir "/patchwork-seal-XXXXXX";
	str file = key_file(one, '1'), other = key_file(two, '2'), plain;
	struct seal *s, *both;

	(void)state;
	assert_true(seal_load(&w, file, (str){ 0 }, &s));
	assert_true(seal_load(&w, other, file, &both));
	assert_true(seal_open(&w, both, ABOUT, seal_close(w.arena, s, ABOUT, STR(TEXT)), &plain));
	assert_str(plain, TEXT);
	seal_free(&s);
	seal_free(&both);
	assert_int_equal(chmod(two, 0644), 0);
	assert_false(seal_load(&w, file, other, &s));
	assert_err(&w, ERR_INVALID, "secret.mode");
	assert_null(s);
	unlink(one);
	unlink(two);
	assert_false(seal_load(&w, file, (str){ 0 }, &s));
	assert_err(&w, ERR_INVALID, "secret.unreadable");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_closed_opens, begin, end),
		cmocka_unit_test_setup_teardown(the_format_is_as_said, begin, end),
		cmocka_unit_test_setup_teardown(every_changed_byte_is_seen, begin, end),
		cmocka_unit_test_setup_teardown(a_box_belongs_to_one_row, begin, end),
		cmocka_unit_test_setup_teardown(keys_follow_each_other, begin, end),
		cmocka_unit_test_setup_teardown(keys_come_from_files, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
