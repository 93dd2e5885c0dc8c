#include "crypto/seal.h"

#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

#include "base/hex.h"
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

/* NaCl's published example (tests/secretbox.c): the box that libsodium makes is the one that everybody else's makes. */
static void the_primitive_is_as_published(void **state)
{
	uint8_t k[32], nonce[24], plain[131], box[147], want[147];

	(void)state;
	assert_true(hex_decode(STR("1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389"), k, sizeof(k)));
	assert_true(hex_decode(STR("69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37"), nonce, sizeof(nonce)));
	assert_true(hex_decode(STR("be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc"
				   "e5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31"
				   "0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde"
				   "048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f93776384864"
				   "5e0705"),
		plain, sizeof(plain)));
	assert_true(hex_decode(STR("f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce"
				   "48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972"
				   "71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae"
				   "90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3"
				   "7973f622a43d14a6599b1f654cb45a74e355a5"),
		want, sizeof(want)));
	crypto_secretbox_easy(box, plain, sizeof(plain), nonce, k);
	assert_memory_equal(box, want, sizeof(want));
}

/* Made without libsodium, by a program of Salsa20's and Poly1305's definitions and hashlib's BLAKE2b. */
static void a_box_of_another_program_opens(void **state)
{
	struct seal *s = seal_of(first, NULL);
	str box, plain;

	(void)state;
	assert_true(hex_0x_decode(w.arena,
		STR("0x01afbc1c053c2f278e000102030405060708090a0b0c0d0e0f101112131415161757fa6fea809e155283c95ed3491b0e37f5f5189d3d"
		    "fcaccef74fa21dd709783e867ed0aedeb9ab3f88239542d0335980dfa36a9073d953d5"),
		&box));
	assert_true(seal_open(&w, s, ABOUT, box, &plain));
	assert_str(plain, TEXT);
	assert_str(seal_key_id(w.arena, s), "afbc1c053c2f278e");
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
		cmocka_unit_test_setup_teardown(the_primitive_is_as_published, begin, end),
		cmocka_unit_test_setup_teardown(a_box_of_another_program_opens, begin, end),
		cmocka_unit_test_setup_teardown(every_changed_byte_is_seen, begin, end),
		cmocka_unit_test_setup_teardown(a_box_belongs_to_one_row, begin, end),
		cmocka_unit_test_setup_teardown(keys_follow_each_other, begin, end),
		cmocka_unit_test_setup_teardown(keys_come_from_files, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
