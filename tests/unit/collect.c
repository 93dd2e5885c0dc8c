/* What sync and verify read from GitHub. GitHub here is a table of answers behind the functions of outside/github.h. */
#include "check.h"

#include "crypto/digest.h"
#include "outside/github.h"
#include "stages/sync/sync.h"
#include "stages/verify/verify.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"

struct github {
	struct github_repo repo;
	struct github_pull pull;
	struct github_issue issue;
	struct github_closing closing[4];
	size_t n_closing;
	str messages[4];
	size_t n_messages;
	str closer;
	enum github_reach reach;
	int calls, closer_calls;
};

static void evidence_of(struct github *g, struct work *w, struct evidence *ev)
{
	ev->bytes = arena_printf(w->arena, "{\"n\":%d}", ++g->calls);
	sha256(ev->bytes, ev->sha256);
	ev->url = STR("https://api.github.com/x");
}

bool github_repo_by_id(struct work *w, struct github *g, int64_t repo_id, struct github_repo *out, struct evidence *ev)
{
	assert_int_equal(repo_id, 10);
	*out = g->repo;
	evidence_of(g, w, ev);
	return true;
}

bool github_repo_by_name(struct work *w, struct github *g, str full_name, struct github_repo *out, struct evidence *ev)
{
	assert_str(full_name, "octo/hello");
	*out = g->repo;
	evidence_of(g, w, ev);
	return true;
}

bool github_pull_get(
	struct work *w, struct github *g, int64_t repo_id, int32_t number, struct github_pull *out, struct evidence *ev)
{
	assert_true(repo_id == 10 && number == 4);
	*out = g->pull;
	out->repo_name = STR("octo/hello");
	evidence_of(g, w, ev);
	return true;
}

bool github_issue_get(struct work *w, struct github *g, int64_t repo_id, int32_t number, struct github_issue *out,
	struct evidence *ev)
{
	assert_true(repo_id == 10 && number == 3);
	*out = g->issue;
	evidence_of(g, w, ev);
	return true;
}

bool github_issues_changed(struct work *w, struct github *g, int64_t repo_id, usec since, str at,
	const struct github_issue **out, size_t *n, str *next)
{
	(void)w, (void)repo_id, (void)since, (void)at, (void)next;
	*out = &g->issue;
	*n = 0;
	return false;
}

bool github_closing_issues(struct work *w, struct github *g, str full_name, int32_t number,
	const struct github_closing **out, size_t *n, struct evidence *ev)
{
	assert_str(full_name, "octo/hello");
	assert_int_equal(number, 4);
	*out = g->closing;
	*n = g->n_closing;
	evidence_of(g, w, ev);
	return true;
}

bool github_issue_closer(struct work *w, struct github *g, int64_t repo_id, int32_t number, str *commit_sha,
	bool *found, struct evidence *ev)
{
	assert_int_equal(repo_id, 10);
	assert_true(number == 3 || number == 6);
	g->closer_calls++;
	*commit_sha = g->closer;
	*found = g->closer.n > 0;
	evidence_of(g, w, ev);
	return true;
}

bool github_pull_commits(struct work *w, struct github *g, int64_t repo_id, int32_t number, const str **messages,
	size_t *n, struct evidence *ev)
{
	assert_true(repo_id == 10 && number == 4);
	*messages = g->messages;
	*n = g->n_messages;
	evidence_of(g, w, ev);
	return true;
}

bool github_reachable(struct work *w, struct github *g, int64_t repo_id, str sha, str branch, enum github_reach *out,
	struct evidence *ev)
{
	assert_int_equal(repo_id, 10);
	assert_str(sha, SHA);
	assert_str(branch, "main");
	*out = g->reach;
	evidence_of(g, w, ev);
	return true;
}

static struct work w;
static struct github github;
static struct outside outside = { .github = &github };

static int start(void **state)
{
	(void)state;
	work_init(&w);
	w.attempt = 1;
	github = (struct github){
		.repo = { 10, STR("octo/hello"), STR("main"), false, false },
		.pull = { .id = 44,
			.author_id = 7,
			.repo_id = 10,
			.number = 4,
			.body = STR("Fixes #3\n/claim #3, #5"),
			.author_type = STR("User"),
			.state = STR("open"),
			.base_ref = STR("main"),
			.head_sha = STR("aa") },
		.issue = { .id = 33, .number = 3, .state = STR("closed"), .state_reason = STR("completed") },
		.closing = { { 33, 10, 3 }, { 77, 11, 3 } },
		.n_closing = 2,
		.messages = { STR("resolve octo/Hello#8\n\nfixes other/hello#9"), STR("nothing") },
		.n_messages = 2,
		.reach = GITHUB_REACHABLE,
	};
	return 0;
}

static int stop(void **state)
{
	(void)state;
	work_end(&w);
	return 0;
}

static void merge(void)
{
	github.pull.merged = true;
	github.pull.state = STR("closed");
	github.pull.merge_sha = STR(SHA);
	github.pull.merged_at = clock_now() - 1000 * USEC_S;
	github.closer = STR(SHA);
}

static struct pull_sync fetched(const char *text)
{
	struct pull_sync p = { .repo_id = 10, .full_name = STR("octo/hello"), .number = 4, .text = str_c(text) };

	assert_true(pull_fetch(&w, &github, &p));
	return p;
}

static void assert_links(const struct pull_sync *p, const char *want)
{
	struct buf b = buf_new(w.arena, 4096);

	for (size_t i = 0; i < p->n_links; i++)
		buf_printf(&b, "%s%d:%d:" STR_FMT, i > 0 ? " " : "", p->links[i].number, p->links[i].level,
			STR_ARG(p->links[i].source));
	assert_str(buf_str(&b), want);
}

/* Open: what stands there now counts; the other repository's issue does not. */
static void an_open_pull_request(void **state)
{
	struct pull_sync p = fetched(NULL);

	(void)state;
	assert_links(&p, "3:5:closing_reference 8:2:commit 3:4:claim 5:4:claim");
	assert_int_equal(p.links[0].issue_uid, 33);
	assert_int_equal(github.closer_calls, 0);
}

static void a_merged_one_whose_text_was_signed(void **state)
{
	struct pull_sync p;

	(void)state;
	merge();
	p = fetched("fixes #3");
	assert_links(&p, "3:5:closing_reference 8:2:commit");
	assert_int_equal(github.closer_calls, 0);
}

/* The text is not known as of the merge: GitHub's own word on what closed the issue decides. */
static void a_merged_one_seen_too_late(void **state)
{
	struct pull_sync p;

	(void)state;
	merge();
	p = fetched(NULL);
	assert_links(&p, "3:5:closer 8:2:commit");
	github.closer = STR("ffffffffffffffffffffffffffffffffffffffff");
	p = fetched(NULL);
	assert_links(&p, "3:1:late_reference 8:2:commit");
	github.closer = (str){ NULL, 0 };
	p = fetched("unrelated");
	assert_links(&p, "3:1:late_reference 8:2:commit");
}

static struct merge_task merging(void)
{
	return (struct merge_task){
		.pull_number = 4,
		.facts = { .repo_id = 10, .issue_number = 3, .claimant_uid = 7, .author_type = STR("User") },
	};
}

static void evidence_is_complete(void **state)
{
	struct merge_task t = merging();

	(void)state;
	merge();
	assert_true(merge_effect(&w, &outside, &t));
	assert_int_equal(t.verdict.result, CHECK_PASS);
	assert_int_equal(t.n_sources, 8); /* ours, repository, pull, issue, closer, references, commits, comparison */
	assert_true(t.facts.reference && t.facts.claim && !t.facts.commit && t.facts.reachable);
	assert_int_equal(t.facts.issue_id, 33);
	assert_str(t.facts.merge_sha, SHA);
	for (size_t i = 1; i < t.n_sources; i++)
		assert_true(memcmp(t.sources[i - 1].sha256, t.sources[i].sha256, 32) < 0);
}

static void what_is_not_merged_is_waited_for(void **state)
{
	struct merge_task t = merging();

	(void)state;
	github.pull.merge_sha = STR(SHA); /* a test commit */
	assert_false(merge_effect(&w, &outside, &t));
	assert_true(w.err.snooze);
	assert_err(&w, ERR_RETRY, "verify.not_merged");
	assert_null(t.facts.merge_sha.p);
}

/* GitHub closes the issue a little after the merge; later on, it is for a person to say. */
static void an_open_issue_is_waited_for_a_while(void **state)
{
	struct merge_task t = merging();

	(void)state;
	merge();
	github.issue.state = STR("open");
	github.pull.merged_at = clock_now() - 60 * USEC_S;
	assert_false(merge_effect(&w, &outside, &t));
	assert_true(w.err.snooze);
	assert_err(&w, ERR_RETRY, "verify.issue_open");
	github.pull.merged_at = clock_now() - 700 * USEC_S;
	t = merging();
	assert_true(merge_effect(&w, &outside, &t));
	assert_int_equal(t.verdict.result, CHECK_REVIEW);
}

static void an_unlinked_author_costs_no_request(void **state)
{
	struct merge_task t = merging();

	(void)state;
	merge();
	t.facts.claimant_uid = 0;
	assert_false(merge_effect(&w, &outside, &t));
	assert_err(&w, ERR_RETRY, "verify.author_unlinked");
	assert_int_equal(github.calls, 0);
	t.facts.author_type = STR("Bot"); /* will never link one: decided */
	github.pull.author_type = STR("Bot");
	assert_true(merge_effect(&w, &outside, &t));
	assert_string_equal(t.verdict.decided->code, "verify.author_not_user");
}

static void projects_and_issues(void **state)
{
	struct project_task p = { .full_name = STR("octo/hello") };
	struct issue_task i = { .repo_id = 10, .number = 3 };

	(void)state;
	assert_true(project_effect(&w, &outside, &p));
	assert_int_equal(p.repo.id, 10);
	p = (struct project_task){ .known = true, .repo_id = 10 };
	assert_true(project_effect(&w, &outside, &p));
	assert_true(issue_effect(&w, &outside, &i));
	github.issue.is_pull = true;
	assert_false(issue_effect(&w, &outside, &i));
	assert_err(&w, ERR_INVALID, "sync.issue_is_pull");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_open_pull_request, start, stop),
		cmocka_unit_test_setup_teardown(a_merged_one_whose_text_was_signed, start, stop),
		cmocka_unit_test_setup_teardown(a_merged_one_seen_too_late, start, stop),
		cmocka_unit_test_setup_teardown(evidence_is_complete, start, stop),
		cmocka_unit_test_setup_teardown(what_is_not_merged_is_waited_for, start, stop),
		cmocka_unit_test_setup_teardown(an_open_issue_is_waited_for_a_while, start, stop),
		cmocka_unit_test_setup_teardown(an_unlinked_author_costs_no_request, start, stop),
		cmocka_unit_test_setup_teardown(projects_and_issues, start, stop),
	};

	return cmocka_run_group_tests_name("collect", tests, NULL, NULL);
}
