/* The statement of a proof, byte by byte. */
#include "check.h"

#include "base/json.h"
#include "crypto/digest.h"
#include "stages/prove/statement.h"
#include "stages/verify/verdict.h"
#include "wire/cid.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"

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

static str verdict_bytes(int64_t merger)
{
	struct facts f = {
		.repo_id = 10,
		.claimant_uid = 7,
		.issue_number = 3,
		.reference_seen = true,
		.issue_id = 33,
		.pull_id = 44,
		.pull_repo_id = 10,
		.author_uid = 7,
		.merger_uid = merger,
		.pull_number = 4,
		.default_branch = STR("main"),
		.issue_state = STR("closed"),
		.issue_reason = STR("completed"),
		.base = STR("main"),
		.head_sha = STR("89abcdef0123456789abcdef0123456789abcdef"),
		.merge_sha = STR(SHA),
		.author_type = STR("User"),
		.closer = CLOSER_OURS,
		.merged = true,
		.merged_at = 1700000000 * USEC_S,
		.reference = true,
		.reachable = true,
	};
	struct verdict v;
	str out;

	verdict_of(&f, &policy_merge, &v);
	assert_true(verdict_text(&w, &v, &f, &policy_merge, NULL, 0, &out));
	return out;
}

static struct statement sample(str verdict)
{
	static const uint8_t hash[32] = { 0xab };
	static str evidence[1];
	struct statement s = {
		.verdict = verdict,
		.evidence = evidence,
		.n_evidence = 1,
		.chain = STR("eip155:338"),
		.asset = STR("eip155:338/erc20:0x0000000000000000000000000000000000000001"),
		.deposits = STR("[{\"tx\": \"0xd1\", \"amount\": \"7\", \"log_index\": 2}]"),
	};

	evidence[0] = str_of(hash, 32);
	s.policy_sha256[31] = 1;
	assert_true(u256_parse(
		STR("115792089237316195423570985008687907853269984665640564039457584007913129639935"), &s.amount));
	assert_true(uuid_parse(STR("018f0000-0000-7000-8000-000000000001"), &s.bounty));
	return s;
}

static void says_all(void **state)
{
	struct statement s = sample(verdict_bytes(8));
	const cJSON *tree;
	int64_t id;
	str text, again;

	(void)state;
	assert_true(statement_text(&w, &s, &text));
	assert_true(json_parse(&w, text, &tree));
	assert_true(json_canonical(&w, tree, &again));
	assert_true(str_eq(text, again));
	assert_str(json_get_str(tree, "_type"), "https://in-toto.io/Statement/v1");
	assert_str(json_get_str(tree, "predicateType"), "https://patchwork.dev/attestation/contribution/v2");
	assert_str(json_get_str(cJSON_GetArrayItem(json_get(tree, "subject"), 0), "digest.gitCommit"), SHA);
	assert_true(json_get_i64(tree, "predicate.repository.id", &id) && id == 10);
	assert_true(json_get_i64(tree, "predicate.issue.id", &id) && id == 33);
	assert_true(json_get_i64(tree, "predicate.issue.number", &id) && id == 3);
	assert_true(json_get_i64(tree, "predicate.pull.id", &id) && id == 44);
	assert_true(json_get_i64(tree, "predicate.author.id", &id) && id == 7);
	assert_true(json_get_i64(tree, "predicate.merger.id", &id) && id == 8);
	assert_str(json_get_str(tree, "predicate.pull.merged_at"), "2023-11-14T22:13:20Z");
	assert_str(json_get_str(tree, "predicate.bounty.amount"),
		"115792089237316195423570985008687907853269984665640564039457584007913129639935");
	assert_int_equal(cJSON_GetArraySize(json_get(tree, "predicate.verdict.checks")), VERDICT_CHECKS);
	assert_true(json_get_i64(cJSON_GetArrayItem(json_get(tree, "predicate.split"), 0), "bp", &id) && id == 10000);
}

static void exact(void **state)
{
	struct statement s = sample(verdict_bytes(0));
	str text;

	(void)state;
	assert_true(statement_text(&w, &s, &text));
	assert_true(str_starts(text,
		STR("{\"_type\":\"https://in-toto.io/Statement/v1\",\"predicate\":{\"author\":{\"id\":7},\"bounty\":{\"amount\":"
		    "\"115792089237316195423570985008687907853269984665640564039457584007913129639935\",\"asset\":"
		    "\"eip155:338/erc20:0x0000000000000000000000000000000000000001\",\"chain\":\"eip155:338\",\"deposits\":[{\"amount\":\"7\","
		    "\"log_index\":2,\"tx\":\"0xd1\"}],\"id\":"
		    "\"018f0000-0000-7000-8000-000000000001\"},\"issue\":{\"id\":33,\"number\":3},\"merger\":null,\"pull\":{\"base\":"
		    "\"main\",\"head_sha\":\"89abcdef0123456789abcdef0123456789abcdef\",\"id\":44,\"merge_sha\":\"" SHA
		    "\",\"merged_at\":\"2023-11-14T22:13:20Z\",\"number\":4},\"repository\":{\"id\":10},\"split\":[{\"author_id\":7,"
		    "\"bp\":10000}],\"verdict\":{\"checks\":[")));
	assert_true(str_ends(text,
		STR("}},\"predicateType\":\"https://patchwork.dev/attestation/contribution/v2\",\"subject\":"
		    "[{\"digest\":{\"gitCommit\":\"" SHA
		    "\"},\"name\":\"https://api.github.com/repositories/10\"}]}")));
}

static void same_bytes(void **state)
{
	struct statement s = sample(verdict_bytes(8));
	str one, two;

	(void)state;
	assert_true(statement_text(&w, &s, &one));
	clock_sleep(2 * USEC_MS);
	assert_true(statement_text(&w, &s, &two));
	assert_true(str_eq(one, two));
	assert_true(str_eq(cid_raw_text(w.arena, one), cid_raw_text(w.arena, two)));
	s.policy_sha256[0] = 1;
	assert_true(statement_text(&w, &s, &two));
	assert_false(str_eq(one, two));
}

static void refuses(void **state)
{
	struct statement s = sample(STR("{\"rows\":{}}"));
	str *many = arena_array(w.arena, 8192, sizeof(*many)), text;

	(void)state;
	assert_false(statement_text(&w, &s, &text));
	assert_err(&w, ERR_BUG, "prove.verdict_incomplete");
	s = sample(verdict_bytes(8));
	for (size_t i = 0; i < 8192; i++)
		many[i] = s.evidence[0];
	s.evidence = many;
	s.n_evidence = 8192;
	assert_false(statement_text(&w, &s, &text));
	assert_err(&w, ERR_INVALID, "proof.too_large");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(says_all, start, stop),
		cmocka_unit_test_setup_teardown(exact, start, stop),
		cmocka_unit_test_setup_teardown(same_bytes, start, stop),
		cmocka_unit_test_setup_teardown(refuses, start, stop),
	};

	return cmocka_run_group_tests_name("statement", tests, NULL, NULL);
}
