#include "wire/note.h"

#include "check.h"
#include "crypto/ed25519.h"
#include "ops/audit.h"

#define NAME STR("example/audit")

static const uint8_t seed[32] = { 7 };
static uint8_t pub[32];
static struct work w;

static int start(void **state)
{
	(void)state;
	work_init(&w);
	ed25519_public(seed, pub);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	work_end(&w);
	return 0;
}

static void what_is_signed_is_opened(void **state)
{
	str text;

	(void)state;
	assert_true(note_open(&w, note_sign(&w, STR("one\ntwo\n"), NAME, seed), NAME, pub, &text));
	assert_str(text, "one\ntwo\n");
}

static void what_is_no_note_is_malformed(void **state)
{
	char *long_one = arena_alloc(w.arena, NOTE_MAX + 1);
	const str bad[] = { STR(""), STR("one\n"), STR("one\n\n\xe2\x80\x94 x"), STR("\xff\n\n\n"),
		str_of(memset(long_one, '\n', NOTE_MAX + 1), NOTE_MAX + 1) };
	str text;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(note_open(&w, bad[i], NAME, pub, &text));
		assert_err(&w, ERR_INVALID, "note.malformed");
	}
}

static void by_name_and_key(void **state)
{
	str note = note_sign(&w, STR("one\n"), NAME, seed), other = arena_str(w.arena, note), text;
	uint8_t stranger[32];

	(void)state;
	ed25519_public((const uint8_t[32]){ 8 }, stranger);
	assert_false(note_open(&w, note, NAME, stranger, &text));
	assert_err(&w, ERR_INVALID, "note.signature");
	assert_false(note_open(&w, note, STR("example/other"), pub, &text));
	assert_err(&w, ERR_INVALID, "note.signature");
	((char *)other.p)[0] ^= 1;
	assert_false(note_open(&w, other, NAME, pub, &text));
	assert_err(&w, ERR_INVALID, "note.signature");
}

/* Signed by the right key, and no checkpoint of this log. */
static void a_checkpoint_has_its_lines(void **state)
{
	static const char *const texts[] = { "one\n", "example/audit\n0\nAAAA\n", "example/audit\n1\nAAAA\n",
		"example/other\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n" };
	struct audit_keys keys = { .at = pub, .n = 1 };
	struct audit_checkpoint c;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_false(audit_note_open(&w, note_sign(&w, str_c(texts[i]), NAME, seed), NAME, &keys, &c));
		assert_err(&w, ERR_INVALID, "note.malformed");
	}
	assert_true(audit_note_open(&w,
		note_sign(&w, STR("example/audit\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"), NAME, seed),
		NAME, &keys, &c));
	assert_int_equal(c.size, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_signed_is_opened, start, stop),
		cmocka_unit_test_setup_teardown(what_is_no_note_is_malformed, start, stop),
		cmocka_unit_test_setup_teardown(by_name_and_key, start, stop),
		cmocka_unit_test_setup_teardown(a_checkpoint_has_its_lines, start, stop),
	};

	return cmocka_run_group_tests_name("note", tests, NULL, NULL);
}
