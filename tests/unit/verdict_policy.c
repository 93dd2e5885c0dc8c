/* The verdict under a policy, and its text: what a project asks for, and the bytes that are kept. */
#include "crypto/digest.h"
#include "verdict_facts.h"

static void V3_obeys_policy(void **state)
{
	static const str branches[] = { { "stable", 6 } };
	struct policy p = policy_merge;
	struct facts f = good;
	struct verdict v;

	(void)state;
	p.branches = branches;
	p.n_branches = 1;
	p.level = 2;
	listed_base(&f);
	verdict_of(&f, &p, &v);
	assert_int_equal(v.result, CHECK_PASS);
	commit_alone(&f);
	verdict_of(&f, &p, &v);
	assert_int_equal(v.result, CHECK_PASS);
	late_claim(&f);
	verdict_of(&f, &p, &v);
	assert_int_equal(v.result, CHECK_REVIEW);
}

/* What would only be told stops for a person where the project asks for it, and there alone. */
static void P10_what_a_project_requires(void **state)
{
	static const struct {
		int check;
		void (*change)(struct facts *f);
		const char *code;
	} table[] = {
		{ 8, helped_by_nobody_known, "verify.co_authors" },
		{ 11, no_review, "verify.not_approved" },
		{ 12, red, "verify.ci_red" },
		{ 13, whitespace, "verify.diff_whitespace" },
		{ 13, uncounted, "verify.diff_uncounted" },
	};
	struct verdict v;

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct policy merge = policy_merge, hold = policy_hold;
		struct facts f = good;

		table[i].change(&f);
		verdict_of(&f, &merge, &v);
		assert_int_equal(v.result, CHECK_PASS);
		merge.required = hold.required = UINT32_C(1) << table[i].check;
		verdict_of(&f, &merge, &v);
		assert_int_equal(v.result, CHECK_REVIEW);
		assert_string_equal(v.decided->code, table[i].code);
		verdict_of(&f, &hold, &v);
		assert_int_equal(v.result, CHECK_PASS);
		verdict_of(&good, &merge, &v);
		assert_int_equal(v.result, CHECK_PASS);
	}
}

/* An approval by somebody who may not write is none that a project asks for. */
static void P10_a_required_review_is_of_somebody_who_may_write(void **state)
{
	struct policy p = policy_merge;
	struct facts f = good;
	struct verdict v;

	(void)state;
	f.approved = false;
	verdict_of(&f, &p, &v);
	assert_int_equal(v.result, CHECK_PASS);
	p.required = UINT32_C(1) << 11;
	verdict_of(&f, &p, &v);
	assert_string_equal(v.decided->code, "verify.not_approved");
}

/* The document is the file, byte for byte; it may ask for more, not for less. */
static void P10_a_file_changes_the_policy(void **state)
{
	struct source s = { .role = STR("policy"),
		.bytes = STR(
			"{\"version\": 1, \"evidence\": 4, \"branches\": [\"stable\"], \"require\": [\"checks\", \"review\"]}"),
		.url = STR("u") };
	struct policy p;
	struct work w;
	str text;

	(void)state;
	work_init(&w);
	assert_true(policy_of(&w, &policy_merge, NULL, 0, &p) && p.project.p == NULL && p.required == 0);
	assert_true(policy_of(&w, &policy_merge, &s, 1, &p) && policy_text(&w, &p, &text));
	assert_str(text,
		"{\"branches\":[\"stable\"],\"deciding\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17],\"level\":4,"
		"\"name\":\"merge\",\"project\":\"26c5324645dfd2ed5aac09cb7ac5077147c57f2c539ee66d1293a330b96a595a\","
		"\"required\":[11,12],\"skew_seconds\":120,\"version\":3}");
	s.bytes = STR("{\"version\": 1, \"paths\": [\"src/**\", \"!*.md\"]}");
	assert_true(policy_of(&w, &policy_hold, &s, 1, &p) && policy_text(&w, &p, &text));
	assert_str(text,
		"{\"branches\":[],\"deciding\":[1,2,4,14,15],\"level\":3,\"name\":\"hold\",\"paths\":[\"src/**\",\"!*.md\"],"
		"\"project\":\"5af27b26f967393031b21e7097cecfdeeb44853d7faae74462e8de2de1b69430\","
		"\"required\":[],\"skew_seconds\":120,\"version\":3}");
	s.bytes = STR("{\"version\": 1, \"evidence\": 1}");
	assert_false(policy_of(&w, &policy_merge, &s, 1, &p));
	assert_string_equal(w.err.code, "policy.value");
	work_end(&w);
}

/* All that was found is told, best first. */
static void S3_tells_every_tie(void **state)
{
	struct tie ties[TIES_MAX];
	struct facts f = good;

	(void)state;
	f.claim = f.claim_seen = f.linked = f.commit = true;
	assert_int_equal(verdict_ties(&f, ties), 5);
	assert_string_equal(ties[0].source, "closer");
	assert_string_equal(ties[1].source, "closing_reference");
	assert_string_equal(ties[2].source, "claim");
	assert_string_equal(ties[3].source, "linked");
	assert_string_equal(ties[4].source, "commit");
	assert_int_equal(ties[4].level, 2);
	f.awarded = true;
	assert_int_equal(verdict_ties(&f, ties), 6);
	assert_string_equal(ties[5].source, "award");
	assert_int_equal(ties[5].level, 0);
}

static struct source source_of(const char *bytes)
{
	struct source s = { .role = STR("r"), .bytes = str_c(bytes), .url = str_c("x") };

	sha256(s.bytes, s.sha256);
	return s;
}

/* The root does not depend on the order in which things were read, nor on reading one twice. */
static void sorts_evidence(void **state)
{
	struct source a[] = { source_of("1"), source_of("2"), source_of("3"), source_of("2") };
	struct source b[] = { source_of("3"), source_of("2"), source_of("1") };
	uint8_t root_a[32], root_b[32];

	(void)state;
	evidence_sort(a, COUNT(a), root_a);
	evidence_sort(b, COUNT(b), root_b);
	assert_memory_equal(root_a, root_b, 32);
	for (size_t i = 1; i < COUNT(a); i++)
		assert_true(memcmp(a[i - 1].sha256, a[i].sha256, 32) <= 0);
}

/* The same facts, the same bytes; another fact, other bytes. */
static void same_bytes(void **state)
{
	struct facts f = good;
	struct source s = source_of("1");
	struct verdict v;
	struct work w;
	str one, two, three;
	size_t at;

	(void)state;
	work_init(&w);
	verdict_of(&f, &policy_merge, &v);
	assert_true(verdict_text(&w, &v, &f, &policy_merge, &s, 1, &one));
	assert_true(verdict_text(&w, &v, &f, &policy_merge, &s, 1, &two));
	assert_true(str_eq(one, two));
	unreachable(&f);
	verdict_of(&f, &policy_merge, &v);
	assert_true(verdict_text(&w, &v, &f, &policy_merge, &s, 1, &three));
	assert_false(str_eq(one, three));
	assert_false(str_find(one, STR("award"), &at));
	awarded(&f);
	verdict_of(&f, &policy_merge, &v);
	assert_true(verdict_text(&w, &v, &f, &policy_merge, &s, 1, &three));
	assert_true(str_find(three, STR("{\"award\":{\"actor_uid\":8,\"comment_id\":500},"), &at) && at == 0);
	assert_true(str_find(three, STR("\"ties\":[{\"level\":0,\"source\":\"award\"}]"), &at)); /* S3 */
	assert_true(str_starts(one,
		STR("{\"checks\":[{\"code\":null,\"detail\":null,\"id\":\"V1\",\"result\":\"pass\",\"severity\":null}")));
	work_end(&w);
}

static void policy_bytes(void **state)
{
	struct work w;
	str text;

	(void)state;
	work_init(&w);
	assert_true(policy_text(&w, &policy_merge, &text));
	assert_str(text,
		"{\"branches\":[],\"deciding\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17],\"level\":3,"
		"\"name\":\"merge\",\"skew_seconds\":120,\"version\":3}");
	assert_true(policy_text(&w, &policy_hold, &text));
	assert_str(text,
		"{\"branches\":[],\"deciding\":[1,2,4,14,15],\"level\":3,\"name\":\"hold\",\"skew_seconds\":120,"
		"\"version\":3}");
	work_end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(V3_obeys_policy),
		cmocka_unit_test(P10_what_a_project_requires),
		cmocka_unit_test(P10_a_required_review_is_of_somebody_who_may_write),
		cmocka_unit_test(P10_a_file_changes_the_policy),
		cmocka_unit_test(S3_tells_every_tie),
		cmocka_unit_test(sorts_evidence),
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(policy_bytes),
	};

	return cmocka_run_group_tests_name("verdict_policy", tests, NULL, NULL);
}
