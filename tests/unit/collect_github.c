#include "collect_github.h"

#include "crypto/digest.h"

static void evidence_of(struct github *g, struct work *w, const char *text, struct evidence *ev)
{
	g->calls++;
	ev->bytes = arena_str(w->arena, str_c(text));
	sha256(ev->bytes, ev->sha256);
	ev->url = STR("https://api.github.com/x");
}

bool github_repo_by_id(struct work *w, struct github *g, int64_t repo_id, struct github_repo *out, struct evidence *ev)
{
	assert_int_equal(repo_id, 10);
	*out = g->repo;
	evidence_of(g, w, "{\"default_branch\":\"main\",\"full_name\":\"octo/hello\",\"id\":10}", ev);
	return true;
}

bool github_repo_by_name(struct work *w, struct github *g, str full_name, struct github_repo *out, struct evidence *ev)
{
	assert_str(full_name, "octo/hello");
	*out = g->repo;
	evidence_of(g, w, "{}", ev);
	return true;
}

bool github_pull_get(
	struct work *w, struct github *g, int64_t repo_id, int32_t number, struct github_pull *out, struct evidence *ev)
{
	assert_true(repo_id == 10 && number == 4);
	*out = g->pull;
	out->repo_name = STR("octo/hello");
	evidence_of(g, w, g->pull_doc, ev);
	return true;
}

bool github_issue_get(struct work *w, struct github *g, int64_t repo_id, int32_t number, struct github_issue *out,
	struct evidence *ev)
{
	assert_true(repo_id == 10 && number == 3);
	*out = g->issue;
	evidence_of(g, w, g->issue_doc, ev);
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
	evidence_of(g, w, g->references, ev);
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
	evidence_of(g, w, "[]", ev);
	return true;
}

bool github_pull_commits(struct work *w, struct github *g, int64_t repo_id, int32_t number, const str **messages,
	size_t *n, struct evidence *ev)
{
	assert_true(repo_id == 10 && number == 4);
	*messages = g->messages;
	*n = g->n_messages;
	evidence_of(g, w, g->commits, ev);
	return true;
}

bool github_reachable(struct work *w, struct github *g, int64_t repo_id, str sha, str branch, enum github_reach *out,
	struct evidence *ev)
{
	assert_int_equal(repo_id, 10);
	assert_str(sha, SHA);
	assert_str(branch, str_eq(g->pull.base_ref, STR("stable")) ? "stable" : "main");
	*out = g->reach;
	if (g->status == NULL)
		return err_set(w, ERR_INVALID, "github.not_found", "404");
	evidence_of(g, w, g->status, ev);
	return true;
}

bool github_issue_history(struct work *w, struct github *g, str full_name, int32_t number, struct evidence *ev)
{
	assert_str(full_name, "octo/hello");
	assert_int_equal(number, 3);
	evidence_of(g, w, g->history, ev);
	return true;
}

bool github_editors(struct work *w, struct github *g, str full_name, int32_t number, struct evidence *ev)
{
	assert_str(full_name, "octo/hello");
	assert_int_equal(number, 4);
	g->editor_calls++;
	evidence_of(g, w, g->editors, ev);
	return true;
}

bool github_commits_since(
	struct work *w, struct github *g, int64_t repo_id, str branch, usec since, struct evidence *ev)
{
	assert_int_equal(repo_id, 10);
	assert_str(branch, str_eq(g->pull.base_ref, STR("stable")) ? "stable" : "main");
	assert_true(since == MERGED_AT - 3600 * USEC_S);
	if (g->since == NULL)
		return err_set(w, ERR_INVALID, "github.too_large", "a list of more than 30 pages");
	evidence_of(g, w, g->since, ev);
	return true;
}

static bool told(struct github *g, struct work *w, const char *text, bool *found, struct evidence *ev)
{
	*found = text != NULL;
	if (*found)
		evidence_of(g, w, text, ev);
	return true;
}

bool github_list_of(struct work *w, struct github *g, int64_t repo_id, str path, bool *found, struct evidence *ev)
{
	assert_int_equal(repo_id, 10);
	if (str_eq(path, STR("issues/4/comments?per_page=100")))
		return told(g, w, g->comments, found, ev);
	if (str_eq(path, STR("pulls/4/reviews?per_page=100")))
		return told(g, w, g->reviews, found, ev);
	assert_str(path, "pulls/4/files?per_page=100");
	return told(g, w, g->files, found, ev);
}

bool github_document_of(struct work *w, struct github *g, int64_t repo_id, str path, bool *found, struct evidence *ev)
{
	assert_int_equal(repo_id, 10);
	if (str_eq(path, STR("collaborators/rita/permission"))) {
		g->permissions++;
		return told(g, w, g->permission, found, ev);
	}
	if (str_eq(path, STR("git/commits/" PARENT)))
		return told(g, w, g->before, found, ev);
	if (str_eq(path, STR("commits/" SHA "/status?per_page=100")))
		return told(g, w, g->statuses, found, ev);
	assert_str(path, "commits/" SHA "/check-runs?per_page=100");
	return told(g, w, g->checks, found, ev);
}

struct work work;
struct github github;
struct outside outside = { .github = &github };

int start(void **state)
{
	(void)state;
	work_init(&work);
	work.attempt = 1;
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
		.pull_doc = OPEN_PULL,
		.issue_doc = ISSUE_DOC("closed", "\"completed\""),
		.history = HISTORY(CLOSED_BY(PULL_NODE("4"))),
		.references = REFERENCES(ISSUE_NODE),
		.commits = "[" COMMIT("7", "Round half to even") "]",
		.status = COMPARED("ahead"),
		.before = "{\"sha\":\"" PARENT "\",\"tree\":{\"sha\":\"before\"}}",
		.since = "[" COMMIT_OF("cc", SHA, "other", "Something else") "]",
		.comments = "[]",
		.editors = EDITORS(UNEDITED, UNEDITED, "0", ""),
		.reviews = "[" REVIEW("12", "rita", "APPROVED", "aa") "]",
		.files = "[" FILE_DOC("src/round.c", "@@ -1 +1 @@\\n-return 1;\\n+return 2;") "]",
		.statuses = STATUSES("pending", "0"),
		.checks = RUNS("{\"conclusion\":\"success\",\"status\":\"completed\"}"),
		.permission = "{\"permission\":\"write\",\"user\":{\"id\":12}}",
	};
	return 0;
}

int stop(void **state)
{
	(void)state;
	work_end(&work);
	return 0;
}

void merge(void)
{
	github.pull.merged = true;
	github.pull.state = STR("closed");
	github.pull.merge_sha = STR(SHA);
	github.pull.merged_at = MERGED_AT;
	github.pull.merged_by_id = 8;
	github.pull_doc = PULL_BY("8", "Fixes #3\\n/claim #3");
	github.closer = STR(SHA);
}
