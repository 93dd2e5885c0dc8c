/* What sync and verify read from GitHub. GitHub here is a table of answers behind the functions of outside/github.h. */
#include "check.h"

#include "crypto/digest.h"
#include "outside/github.h"
#include "stages/sync/sync.h"
#include "stages/verify/verify.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define MERGED_AT (1767323045 * USEC_S) /* 2026-01-02T03:04:05Z */

/* A pull request that Mia (8) merged, by Alice (7), with this body, merger and title. */
#define PULL_BY(merger, body) PULL_BY_A("User", merger, body)
#define PULL_BY_A(type, merger, body)                                                                                  \
	"{\"base\":{\"ref\":\"main\",\"repo\":{\"id\":10}},\"body\":\"" body "\","                                     \
	"\"created_at\":\"2026-01-01T00:00:00Z\",\"head\":{\"sha\":\"aa\"},\"id\":44,\"merge_commit_sha\":\"" SHA      \
	"\","                                                                                                          \
	"\"merged\":true,\"merged_at\":\"2026-01-02T03:04:05Z\",\"merged_by\":{\"id\":" merger ",\"type\":\"" type     \
	"\"},\"number\":4,"                                                                                            \
	"\"title\":\"Round\",\"user\":{\"id\":7,\"type\":\"User\"}}"
#define OPEN_PULL                                                                                                      \
	"{\"base\":{\"ref\":\"main\",\"repo\":{\"id\":10}},\"body\":null,\"created_at\":\"2026-01-01T00:00:00Z\","     \
	"\"head\":{\"sha\":\"aa\"},\"id\":44,\"merge_commit_sha\":\"" SHA "\",\"merged\":false,\"merged_at\":null,"    \
	"\"merged_by\":null,\"number\":4,\"title\":\"Round\",\"user\":{\"id\":7,\"type\":\"User\"}}"
#define ISSUE_DOC(state, reason) "{\"id\":33,\"number\":3,\"state\":\"" state "\",\"state_reason\":" reason "}"
#define HISTORY(events)                                                                                                \
	"{\"repository\":{\"issue\":{\"number\":3,\"timelineItems\":{\"nodes\":[" events "]}},\"nameWithOwner\":"      \
	"\"octo/hello\"}}"
#define PULL_NODE(number) "{\"__typename\":\"PullRequest\",\"number\":" number ",\"repository\":{\"databaseId\":10}}"
#define CLOSED_BY(closer)                                                                                              \
	"{\"__typename\":\"ClosedEvent\",\"closer\":" closer ",\"createdAt\":\"2026-01-02T03:04:06Z\"}"
#define CONNECTED(actor, at)                                                                                           \
	"{\"__typename\":\"ConnectedEvent\",\"actor\":{\"__typename\":\"User\",\"databaseId\":" actor                  \
	"},\"createdAt\":\"" at "\",\"source\":" PULL_NODE("4") ",\"subject\":{\"__typename\":\"Issue\"}}"
#define REFERENCES(nodes) "[{\"repository\":{\"pullRequest\":{\"closingIssuesReferences\":{\"nodes\":[" nodes "]}}}}]"
#define ISSUE_NODE "{\"fullDatabaseId\":\"33\",\"number\":3,\"repository\":{\"databaseId\":10}}"
#define COMMIT(author, message)                                                                                        \
	"{\"author\":{\"id\":" author "},\"commit\":{\"message\":\"" message "\"},\"sha\":\"cc\"}"
#define PARENT "1111111111111111111111111111111111111111"
#define COMMIT_OF(sha, parent, tree, message)                                                                          \
	"{\"author\":{\"id\":9},\"commit\":{\"message\":\"" message "\",\"tree\":{\"sha\":\"" tree                     \
	"\"}},\"parents\":[{\"sha\":\"" parent "\"}],\"sha\":\"" sha "\"}"
#define COMPARED(status) "{\"base_commit\":" COMMIT_OF(SHA, PARENT, "after", "Round") ",\"status\":\"" status "\"}"
#define STATUSES(state, total) "{\"sha\":\"" SHA "\",\"state\":\"" state "\",\"statuses\":[],\"total_count\":" total "}"
#define REVIEW(uid, login, state, commit)                                                                              \
	"{\"commit_id\":\"" commit "\",\"state\":\"" state                                                             \
	"\",\"submitted_at\":\"2026-01-02T00:00:00Z\",\"user\":{\"id\":" uid ",\"login\":\"" login                     \
	"\",\"type\":\"User\"}}"
#define COMMENT(uid, body, edited)                                                                                     \
	"{\"body\":\"" body "\",\"created_at\":\"2026-01-01T12:00:00Z\",\"updated_at\":\"" edited                      \
	"\",\"user\":{\"id\":" uid "}}"
#define FILE_DOC(name, patch) "{\"filename\":\"" name "\",\"patch\":\"" patch "\"}"
#define RUNS_OF(runs, total) "{\"check_runs\":[" runs "],\"total_count\":" total "}"
#define RUNS(runs) RUNS_OF(runs, "0")

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
	int calls, closer_calls, permissions;
	/* documents, as GitHub's canonical text; NULL = there is none for us */
	const char *pull_doc, *issue_doc, *history, *references, *commits, *status, *since, *comments, *reviews, *files,
		*checks, *statuses, *before, *permission;
};

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
		.pull_doc = OPEN_PULL,
		.issue_doc = ISSUE_DOC("closed", "\"completed\""),
		.history = HISTORY(CLOSED_BY(PULL_NODE("4"))),
		.references = REFERENCES(ISSUE_NODE),
		.commits = "[" COMMIT("7", "Round half to even") "]",
		.status = COMPARED("ahead"),
		.before = "{\"sha\":\"" PARENT "\",\"tree\":{\"sha\":\"before\"}}",
		.since = "[" COMMIT_OF("cc", SHA, "other", "Something else") "]",
		.comments = "[]",
		.reviews = "[" REVIEW("12", "rita", "APPROVED", "aa") "]",
		.files = "[" FILE_DOC("src/round.c", "@@ -1 +1 @@\\n-return 1;\\n+return 2;") "]",
		.statuses = STATUSES("pending", "0"),
		.checks = RUNS("{\"conclusion\":\"success\",\"status\":\"completed\"}"),
		.permission = "{\"permission\":\"write\",\"user\":{\"id\":12}}",
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
	github.pull.merged_at = MERGED_AT;
	github.pull.merged_by_id = 8;
	github.pull_doc = PULL_BY("8", "Fixes #3\\n/claim #3");
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

/* The sync reads the author's comments: those of the merge or before count (S6, F41). */
static void claims_in_comments(void **state)
{
	struct pull_sync p;

	(void)state;
	github.pull.body = (str){ NULL, 0 };
	github.n_closing = github.n_messages = 0;
	github.comments = "[" COMMENT("7", "/claim #3", "2026-01-01T12:00:00Z") "," COMMENT(
		"9", "/claim #5", "2026-01-01T12:00:00Z") "]";
	p = fetched(NULL);
	assert_links(&p, "3:4:claim_comment");
	merge();
	p = fetched(NULL);
	assert_links(&p, "3:4:claim_comment");
	github.comments = "[" COMMENT("7", "/claim #3", "2026-01-02T03:04:06Z") "]";
	p = fetched(NULL);
	assert_links(&p, "3:1:late_claim");
}

static struct merge_task merging(void)
{
	static const int64_t kin[] = { 7 };
	static const int32_t rivals[] = { 5 };

	return (struct merge_task){
		.pull_number = 4,
		.facts = { .repo_id = 10,
			.issue_number = 3,
			.claimant_uid = 7,
			.kin = kin,
			.n_kin = 1,
			.rivals = rivals,
			.n_rivals = 1,
			.deadline = MERGED_AT + USEC_S,
			.author_type = STR("User") },
	};
}

/* The project's file is among the evidence as it was in force; it asks for reviews, so whoever merged it, permissions are asked for. */
static void P10_the_policy_is_evidence(void **state)
{
	struct merge_task t = merging();

	(void)state;
	merge();
	t.policy_file = STR("{\"version\": 1, \"require\": [\"review\"]}");
	t.policy_url = STR("u");
	assert_true(merge_effect(&w, &outside, &t));
	assert_int_equal(t.n_sources, 17);
	assert_int_equal(github.permissions, 1);
	assert_int_equal(t.verdict.result, CHECK_PASS);
	assert_int_equal(t.policy.required, 1 << 11);
	github.permission = "{\"permission\":\"read\",\"user\":{\"id\":12}}";
	t = merging();
	t.policy_file = STR("{\"version\": 1, \"require\": [\"review\"]}");
	t.policy_url = STR("u");
	assert_true(merge_effect(&w, &outside, &t));
	assert_string_equal(t.verdict.decided->code, "verify.not_approved");
	t = merging();
	t.policy_file = STR("{\"version\": 9}");
	assert_false(merge_effect(&w, &outside, &t));
	assert_err(&w, ERR_INVALID, "policy.version");
}

static void evidence_is_complete(void **state)
{
	struct merge_task t = merging();

	(void)state;
	merge();
	assert_true(merge_effect(&w, &outside, &t));
	assert_int_equal(t.verdict.result, CHECK_PASS);
	assert_int_equal(t.n_sources, 15);
	assert_int_equal(github.permissions, 0);
	assert_true(t.facts.reference && t.facts.claim && !t.facts.commit && t.facts.reachable);
	assert_int_equal(t.facts.issue_id, 33);
	assert_str(t.facts.merge_sha, SHA);
	for (size_t i = 1; i < t.n_sources; i++)
		assert_true(memcmp(t.sources[i - 1].sha256, t.sources[i].sha256, 32) <= 0);
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
	github.issue_doc = ISSUE_DOC("open", "null");
	t.facts.told_at = clock_now();
	assert_true(merge_effect(&w, &outside, &t)); /* merged long ago */
	assert_int_equal(t.verdict.result, CHECK_REVIEW);
	assert_string_equal(t.verdict.decided->code, "verify.issue_open");
}

/* One document changed, and what the verdict says of it. */
#define MEMBER(member) offsetof(struct github, member)
static struct fixture {
	const char *name; /* begins with the row that it is about */
	size_t member;
	const char *document;
	const char *code; /* of that check; NULL = it passes */
	int level;
} fixtures[] = {
	{ "V6 closed by this pull request", MEMBER(history), HISTORY(CLOSED_BY(PULL_NODE("4"))), NULL, 5 },
	{ "V6 closed by the merge commit", MEMBER(history),
		HISTORY(CLOSED_BY(
			"{\"__typename\":\"Commit\",\"associatedPullRequests\":{\"nodes\":[]},\"oid\":\"" SHA "\"}")),
		NULL, 5 },
	{ "V6 closed by a rebased commit of it (S4)", MEMBER(history),
		HISTORY(CLOSED_BY("{\"__typename\":\"Commit\",\"associatedPullRequests\":{\"nodes\":[" PULL_NODE(
			"4") "]},"
			     "\"oid\":\"dd\"}")),
		NULL, 5 },
	{ "V6 closed by a rival", MEMBER(history), HISTORY(CLOSED_BY(PULL_NODE("5"))), "verify.closed_by_rival", 1 },
	{ "V6 closed by another", MEMBER(history), HISTORY(CLOSED_BY(PULL_NODE("6"))), "verify.closer", 1 },
	{ "V6 the last to close counts", MEMBER(history),
		HISTORY(CLOSED_BY(PULL_NODE("5")) "," CLOSED_BY(PULL_NODE("4"))), NULL, 5 },
	{ "V6 closed by hand", MEMBER(history), HISTORY(CLOSED_BY("null")), "verify.evidence", 1 },
	{ "V6 linked by another before the merge (S3)", MEMBER(history),
		HISTORY(CLOSED_BY("null") "," CONNECTED("8", "2026-01-02T00:00:00Z")), NULL, 3 },
	{ "V6 linked by the author", MEMBER(history),
		HISTORY(CLOSED_BY("null") "," CONNECTED("7", "2026-01-02T00:00:00Z")), "verify.evidence", 1 },
	{ "V6 linked after the merge", MEMBER(history),
		HISTORY(CLOSED_BY("null") "," CONNECTED("8", "2026-01-03T00:00:00Z")), "verify.evidence", 1 },
	{ "V5 diverged", MEMBER(status), COMPARED("diverged"), "verify.unreachable", 5 },
	{ "V5 not found by GitHub", MEMBER(status), NULL, "verify.reach_unknown", 5 },
	{ "V15 not found by GitHub", MEMBER(status), NULL, "verify.reach_unknown", 5 },
	{ "V8 trailer with a noreply address (S8)", MEMBER(commits),
		"[" COMMIT("7", "Round\\n\\nCo-authored-by: Bo <12+bo@users.noreply.github.com>") "]",
		"verify.co_authors", 5 },
	{ "V8 trailer with any address (S8)", MEMBER(commits),
		"[" COMMIT("7", "Round\\n\\nco-authored-by: Bo <bo@example.org>") "]", "verify.co_authors", 5 },
	{ "V8 commit of another account (S8)", MEMBER(commits), "[" COMMIT("12", "Round") "]", "verify.co_authors", 5 },
	{ "V8 trailer that names the author", MEMBER(commits),
		"[" COMMIT("7", "Round\\n\\nCo-authored-by: A <7+alice@users.noreply.github.com>") "]", NULL, 5 },
	{ "V9 merged by the author, approved by a writer (S7)", MEMBER(pull_doc), PULL_BY("7", ""), NULL, 5 },
	{ "V9 merged by a bot, approved by a writer", MEMBER(pull_doc), PULL_BY_A("Bot", "99", ""), NULL, 5 },
	{ "V11 approved an earlier head", MEMBER(reviews), "[" REVIEW("12", "rita", "APPROVED", "bb") "]",
		"verify.review_stale", 5 },
	{ "V11 dismissed", MEMBER(reviews),
		"[" REVIEW("12", "rita", "APPROVED", "aa") "," REVIEW("12", "rita", "DISMISSED", "aa") "]",
		"verify.review_stale", 5 },
	{ "V11 approved by the author", MEMBER(reviews), "[" REVIEW("7", "alice", "APPROVED", "aa") "]",
		"verify.not_reviewed", 5 },
	{ "V11 reviews unreadable", MEMBER(reviews), NULL, "verify.not_reviewed", 5 },
	{ "V12 red", MEMBER(checks),
		RUNS("{\"conclusion\":\"success\",\"status\":\"completed\"},{\"conclusion\":\"failure\",\"status\":\"completed\"}"),
		"verify.ci_red", 5 },
	{ "V12 running", MEMBER(checks), RUNS("{\"conclusion\":null,\"status\":\"in_progress\"}"), "verify.ci_pending",
		5 },
	{ "V12 none", MEMBER(checks), RUNS(""), NULL, 5 },
	{ "V12 not for us", MEMBER(checks), NULL, "verify.ci_unknown", 5 },
	{ "V12 more than a page", MEMBER(checks),
		RUNS_OF("{\"conclusion\":\"success\",\"status\":\"completed\"}", "101"), "verify.ci_unknown", 5 },
	{ "V12 a red status", MEMBER(statuses), STATUSES("failure", "1"), "verify.ci_red", 5 },
	{ "V12 a status that waits", MEMBER(statuses), STATUSES("pending", "1"), "verify.ci_pending", 5 },
	{ "V12 a green status", MEMBER(statuses), STATUSES("success", "1"), NULL, 5 },
	{ "V12 statuses not for us", MEMBER(statuses), NULL, "verify.ci_unknown", 5 },
	{ "V13 empty", MEMBER(files), "[]", "verify.diff_empty", 5 },
	{ "V13 white space", MEMBER(files), "[" FILE_DOC("a.c", "@@ -1 +1 @@\\n-a  b\\n+\\ta b ") "]",
		"verify.diff_whitespace", 5 },
	{ "V13 generated", MEMBER(files),
		"[" FILE_DOC("web/package-lock.json", "@@\\n+x") "," FILE_DOC("dist/a.js", "@@\\n+y") "]",
		"verify.diff_generated", 5 },
	{ "V13 white space and generated", MEMBER(files),
		"[" FILE_DOC("a.c", "@@ -1 +1 @@\\n-a\\n+ a") "," FILE_DOC("dist/a.js", "@@\\n+y") "]",
		"verify.diff_generated", 5 },
	{ "V13 a binary file", MEMBER(files), "[{\"filename\":\"logo.png\"}]", NULL, 5 },
	{ "V14 reverted by its commit (S10)", MEMBER(since),
		"[" COMMIT("8", "Undo\\n\\nThis reverts commit " SHA ".") "]", "verify.reverted", 5 },
	{ "V14 reverted by a pull request's title (S10)", MEMBER(since),
		"[" COMMIT("8", "Revert \\\"Round (#4)\\\" (#9)") "]", "verify.reverted", 5 },
	{ "V14 reverted by number (S10)", MEMBER(since), "[" COMMIT("8", "Back\\n\\nReverts #4") "]", "verify.reverted",
		5 },
	{ "V14 another number", MEMBER(since), "[" COMMIT("8", "Back\\n\\nReverts #41") "]", NULL, 5 },
	{ "V14 reverted by name and number (S10)", MEMBER(since),
		"[" COMMIT("8", "Back\\n\\nReverts Octo/hello#4.") "]", "verify.reverted", 5 },
	{ "V14 another repository's number", MEMBER(since), "[" COMMIT("8", "Reverts other/hello#4") "]", NULL, 5 },
	{ "V14 reverted by a branch's name (S10)", MEMBER(since),
		"[" COMMIT("8", "Merge pull request #9 from octo/revert-4-round") "]", "verify.reverted", 5 },
	{ "V14 reverted by the title in a merge (S10)", MEMBER(since),
		"[" COMMIT("8", "Merge pull request #9 from octo/x\\n\\nRevert \\\"Round\\\"") "]", "verify.reverted",
		5 },
	{ "V14 a title that begins alike", MEMBER(since), "[" COMMIT("8", "Revert \\\"Round robin\\\"") "]", NULL, 5 },
	{ "V14 the files are what they were before (S10, F42)", MEMBER(since),
		"[" COMMIT_OF("dd", "cc", "more", "Go on") "," COMMIT_OF("cc", SHA, "before", "Sorry") "]",
		"verify.reverted", 5 },
	{ "V14 older commits of the same hour", MEMBER(since),
		"[" COMMIT_OF(SHA, PARENT, "after", "Round") "," COMMIT_OF(PARENT, "00", "before",
			"Reverts #4") "," COMMIT_OF("00", "01", "before", "Revert \\\"Round\\\"") "]",
		NULL, 5 },
	{ "V14 more commits than are read", MEMBER(since), NULL, "verify.since_unknown", 5 },
};

static void documents_say(void **state)
{
	const struct fixture *x = *state;
	struct merge_task t = merging();
	const struct check *c;

	start(NULL);
	merge();
	*(const char **)(void *)((char *)&github + x->member) = x->document;
	assert_true(merge_effect(&w, &outside, &t));
	c = &t.verdict.checks[atoi(x->name + 1) - 1];
	if (!str_eq(str_c(c->code), str_c(x->code)) || t.verdict.level != x->level)
		fail_msg("%s %s, level %d", check_result_name(c->result), c->code, t.verdict.level);
	stop(NULL);
}

/* Whoever approves must be somebody else, with write permission, and not of the author's kin. */
static void V9_asks_for_permission(void **state)
{
	static const int64_t kin[] = { 7, 12 };
	struct merge_task t = merging();

	(void)state;
	merge();
	github.pull_doc = PULL_BY("7", "");
	github.pull.merged_by_id = 7;
	assert_true(merge_effect(&w, &outside, &t));
	assert_int_equal(github.permissions, 1);
	assert_true(t.facts.approved);
	github.permission = "{\"permission\":\"read\",\"user\":{\"id\":12}}";
	t = merging();
	assert_true(merge_effect(&w, &outside, &t));
	assert_string_equal(t.verdict.decided->code, "verify.self_merge");
	github.permission = "{\"permission\":\"admin\",\"user\":{\"id\":12}}";
	t = merging();
	t.facts.kin = kin;
	t.facts.n_kin = 2;
	assert_true(merge_effect(&w, &outside, &t));
	assert_string_equal(t.verdict.decided->code, "verify.self_merge");
}

/* A claim in a comment, as old as the merge by GitHub's times, is evidence of level 4 however late it is read (S3, S6). */
static void V6_reads_comments(void **state)
{
	static const struct {
		const char *comment;
		int level;
	} table[] = {
		{ COMMENT("7", "/claim #3", "2026-01-02T03:04:05Z"), 4 },
		{ COMMENT("7", "/claim #3", "2026-01-02T03:04:06Z"), 1 }, /* edited after the merge */
		{ COMMENT("9", "/claim #3", "2026-01-01T12:00:00Z"), 0 }, /* not the author's */
		{ COMMENT("7", "/claim #4", "2026-01-01T12:00:00Z"), 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct merge_task t = merging();
		str list = arena_printf(w.arena, "[%s]", table[i].comment);

		merge();
		github.pull_doc = PULL_BY("8", "");
		github.references = REFERENCES("");
		github.history = HISTORY(CLOSED_BY("null"));
		github.comments = arena_cstr(w.arena, list);
		assert_true(merge_effect(&w, &outside, &t));
		assert_int_equal(t.verdict.level, table[i].level);
	}
}

#define AWARD_DOC(uid, permission, pull)                                                                               \
	"{\"actor_login\":\"mia\",\"actor_uid\":" uid ",\"body_sha256\":\"aa\",\"comment_id\":500,\"issue_number\":3," \
	"\"ordinal\":1,\"permission\":\"" permission "\",\"pull_number\":" pull                                        \
	",\"reason\":\"it solved it\",\"repo_id\":10}"

/* An award is a document of the verdict, and counts for what it was said about, by who might say it (S3, V9). */
static void V6_reads_an_award(void **state)
{
	static const struct {
		const char *document, *code;
		size_t ties;
	} table[] = {
		{ AWARD_DOC("8", "write", "4"), "verify.awarded", 1 },
		{ AWARD_DOC("7", "admin", "4"), "verify.award_own", 1 }, /* the author */
		{ AWARD_DOC("8", "write", "5"), "verify.evidence", 0 },  /* another pull request */
		{ AWARD_DOC("8", "triage", "4"), "verify.evidence", 0 },
		{ "{}", "verify.evidence", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct merge_task t = merging();
		struct tie ties[TIES_MAX];

		merge();
		github.pull_doc = PULL_BY("8", "");
		github.references = REFERENCES("");
		github.history = HISTORY(CLOSED_BY("null"));
		t.award = str_c(table[i].document);
		t.award_url = STR("patchwork:comment/500/1");
		assert_true(merge_effect(&w, &outside, &t));
		assert_int_equal(t.n_sources, 16);
		assert_int_equal(t.verdict.result, CHECK_REVIEW);
		assert_int_equal(t.verdict.level, 0);
		assert_string_equal(t.verdict.decided->code, table[i].code);
		assert_int_equal(verdict_ties(&t.facts, ties), table[i].ties);
	}
}

/* What is missing among the documents stops a verdict, and a replay of one. */
static void facts_need_their_documents(void **state)
{
	struct merge_task t = merging();
	struct facts f;

	(void)state;
	merge();
	assert_true(merge_effect(&w, &outside, &t));
	assert_true(facts_of(&w, t.sources, t.n_sources, &f));
	for (size_t i = 0; i < t.n_sources; i++) {
		str role = t.sources[i].role;

		t.sources[i].role = STR("nothing");
		if (str_one_of(role, "comments|reviews|files|checks|statuses|reach|since|before"))
			assert_true(facts_of(&w, t.sources, t.n_sources, &f));
		else {
			assert_false(facts_of(&w, t.sources, t.n_sources, &f));
			assert_err(&w, ERR_INVALID, "verify.evidence_incomplete");
		}
		t.sources[i].role = role;
	}
}

/* A base that the project lists is the branch whose history counts. */
static void V3_V5_a_listed_base_counts(void **state)
{
	static const str branches[] = { { "stable", 6 } };
	struct merge_task t = merging();

	(void)state;
	merge();
	github.pull.base_ref = STR("stable");
	github.pull_doc =
		"{\"base\":{\"ref\":\"stable\",\"repo\":{\"id\":10}},\"created_at\":\"2026-01-01T00:00:00Z\","
		"\"head\":{\"sha\":\"aa\"},\"id\":44,\"merge_commit_sha\":\"" SHA "\",\"merged\":true,"
		"\"merged_at\":\"2026-01-02T03:04:05Z\",\"merged_by\":{\"id\":8,\"type\":\"User\"},\"number\":4,"
		"\"title\":\"Round\",\"user\":{\"id\":7,\"type\":\"User\"}}";
	t.facts.branches = branches;
	t.facts.n_branches = 1;
	assert_true(merge_effect(&w, &outside, &t));
	assert_int_equal(t.verdict.result, CHECK_PASS);
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
	t.facts.rival_won = 5; /* nothing is left to win */
	assert_true(merge_effect(&w, &outside, &t));
	assert_string_equal(t.verdict.decided->code, "verify.not_first");
	stop(NULL);
	start(NULL);
	merge();
	t = merging();
	t.facts.claimant_uid = 0;
	t.facts.author_type = STR("Bot"); /* will never link one: decided */
	github.pull_doc =
		"{\"base\":{\"ref\":\"main\",\"repo\":{\"id\":10}},\"created_at\":\"2026-01-01T00:00:00Z\",\"head\":{"
		"\"sha\":\"aa\"},\"id\":44,\"merge_commit_sha\":\"" SHA "\",\"merged\":true,\"merged_at\":"
		"\"2026-01-02T03:04:05Z\",\"number\":4,\"title\":\"T\",\"user\":{\"id\":7,\"type\":\"Bot\"}}";
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
	static struct CMUnitTest tests[COUNT(fixtures) + 14] = {
		cmocka_unit_test_setup_teardown(an_open_pull_request, start, stop),
		cmocka_unit_test_setup_teardown(a_merged_one_whose_text_was_signed, start, stop),
		cmocka_unit_test_setup_teardown(a_merged_one_seen_too_late, start, stop),
		cmocka_unit_test_setup_teardown(claims_in_comments, start, stop),
		cmocka_unit_test_setup_teardown(V3_V5_a_listed_base_counts, start, stop),
		cmocka_unit_test_setup_teardown(V9_asks_for_permission, start, stop),
		cmocka_unit_test_setup_teardown(V6_reads_an_award, start, stop),
		cmocka_unit_test_setup_teardown(V6_reads_comments, start, stop),
		cmocka_unit_test_setup_teardown(facts_need_their_documents, start, stop),
		cmocka_unit_test_setup_teardown(evidence_is_complete, start, stop),
		cmocka_unit_test_setup_teardown(P10_the_policy_is_evidence, start, stop),
		cmocka_unit_test_setup_teardown(what_is_not_merged_is_waited_for, start, stop),
		cmocka_unit_test_setup_teardown(an_open_issue_is_waited_for_a_while, start, stop),
		cmocka_unit_test_setup_teardown(an_unlinked_author_costs_no_request, start, stop),
		cmocka_unit_test_setup_teardown(projects_and_issues, start, stop),
	};

	for (size_t i = 0; i < COUNT(fixtures); i++)
		tests[14 + i] = (struct CMUnitTest){ fixtures[i].name, documents_say, NULL, NULL, &fixtures[i] };
	return cmocka_run_group_tests_name("collect", tests, NULL, NULL);
}
