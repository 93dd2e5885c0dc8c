/* Verdicts that cannot be made again from what was kept say why. That they can be is asked of real rows (tests/replay). */
#include "check.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "stages/verify/replay.h"

static struct work w;

static int start(void **state)
{
	(void)state;
	work_init(&w);
	return 0;
}

static int stop(void **state)
{
	(void)state;
	work_end(&w);
	return 0;
}

/* What the merge policy hashes to. */
static str policy_hash(void)
{
	uint8_t *hash = arena_alloc(w.arena, 32);
	str text;

	assert_true(policy_text(&w, &policy_merge, &text));
	sha256(text, hash);
	return str_of(hash, 32);
}

static void assert_no_replay(struct kept k, const char *code)
{
	str out, difference;

	k.kind = STR("merge");
	if (k.evidence_root.p == NULL)
		k.evidence_root = arena_str(w.arena, policy_hash()); /* some hash that no documents have */
	assert_false(verdict_replay(&w, &k, &out, &difference));
	assert_err(&w, ERR_INVALID, code);
}

static void an_earlier_version_is_not_made_again(void **state)
{
	(void)state;
	assert_no_replay((struct kept){ .body = STR("{\"version\":2}") }, "verify.replay_version");
	assert_no_replay((struct kept){ .body = STR("{}") }, "verify.replay_version");
}

static void another_policy_is_not_guessed(void **state)
{
	(void)state;
	assert_no_replay((struct kept){ .body = STR("{\"version\":3,\"evidence\":[]}"),
				 .policy_sha256 = STR("0123456789abcdef0123456789abcdef") },
		"verify.policy_unknown");
}

static void documents_are_those_that_were_judged(void **state)
{
	uint8_t hash[32];
	str one, text = STR("{}");
	struct kept k;

	(void)state;
	sha256(text, hash);
	one = str_of(hash, 32);
	k = (struct kept){ .policy_sha256 = policy_hash(), .hashes = &one, .documents = &text, .n = 1 };
	k.body = arena_printf(w.arena,
		"{\"version\":3,\"evidence\":[{\"role\":\"other\",\"url\":\"u\",\"sha256\":\"" STR_FMT "\"}]}",
		STR_ARG(hex_str(w.arena, one)));
	assert_no_replay(k, "verify.evidence_changed"); /* another root than was judged */
	text = STR("{ }");
	assert_no_replay(k, "verify.evidence_changed");
	k.n = 0;
	assert_no_replay(k, "verify.evidence_incomplete");
}

static void a_policy_has_a_ceiling(void **state)
{
	struct policy p = policy_merge;
	char *name = arena_alloc(w.arena, 2 << 20);
	str branch = str_of(memset(name, 'b', 2 << 20), 2 << 20), text;

	(void)state;
	p.branches = &branch;
	p.n_branches = 1;
	assert_false(policy_text(&w, &p, &text));
	assert_err(&w, ERR_INVALID, "verify.too_large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_earlier_version_is_not_made_again, start, stop),
		cmocka_unit_test_setup_teardown(another_policy_is_not_guessed, start, stop),
		cmocka_unit_test_setup_teardown(documents_are_those_that_were_judged, start, stop),
		cmocka_unit_test_setup_teardown(a_policy_has_a_ceiling, start, stop),
	};

	return cmocka_run_group_tests_name("replay", tests, NULL, NULL);
}
