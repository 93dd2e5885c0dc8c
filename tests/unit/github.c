#include "http_stub.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "model/editor.h"
#include "outside/github.h"

#define PULL                                                                                                           \
	"{\"id\":5000000001,\"number\":3,\"title\":\"T\",\"body\":null,\"state\":\"closed\",\"draft\":false,"          \
	"\"user\":{\"id\":11,\"login\":\"a\",\"type\":\"User\"},\"merged\":true,\"merged_by\":{\"id\":12},"            \
	"\"merged_at\":\"2026-01-02T03:04:05Z\",\"created_at\":\"2026-01-01T00:00:00Z\",\"updated_at\":"               \
	"\"2026-01-02T03:04:06Z\",\"merge_commit_sha\":\"m\",\"head\":{\"sha\":\"h\"},"                                \
	"\"base\":{\"ref\":\"main\",\"repo\":{\"id\":7,\"full_name\":\"o/r\"}}}"
#define ISSUE                                                                                                                \
	"{\"id\":4000000000,\"number\":3,\"title\":\"T\",\"state\":\"closed\",\"state_reason\":\"completed\",\"user\":null," \
	"\"closed_at\":\"2026-01-02T03:04:05Z\",\"updated_at\":\"2026-01-02T03:04:06Z\"%s}"
#define CLOSING(number, more, nodes)                                                                                   \
	"{\"data\":{\"repository\":{\"nameWithOwner\":\"o/r\",\"pullRequest\":{\"number\":" number ","                 \
	"\"closingIssuesReferences\":{\"pageInfo\":{\"hasNextPage\":" more ",\"endCursor\":\"c1\"},\"nodes\":[" nodes  \
	"]}}}}}"
#define NODE(id, number) "{\"fullDatabaseId\":\"" id "\",\"number\":" number ",\"repository\":{\"databaseId\":7}}"

struct world {
	struct stub stub;
	struct github *g;
	struct work w;
	char token_file[64];
};

static void begin(struct world *t, const struct stub_answer *answers, size_t n)
{
	char rest[80], graphql[80];
	struct github_conf c = { .max_body = 100000 };
	int fd;

	*t = (struct world){ .token_file = "/tmp/github-test-XXXXXX" };
	fd = mkstemp(t->token_file);
	assert_int_equal(write(fd, "secret-token\n", 13), 13);
	close(fd);
	work_init(&t->w);
	stub_start(&t->stub, answers, n);
	snprintf(rest, sizeof(rest), "%s/", t->stub.url);
	snprintf(graphql, sizeof(graphql), "%s/graphql", t->stub.url);
	c.rest_url = str_c(rest);
	c.graphql_url = str_c(graphql);
	c.token_file = t->token_file;
	assert_true(github_new(&t->w, &c, &t->g));
}

static void end(struct world *t)
{
	github_free(&t->g);
	stub_stop(&t->stub);
	stub_free(&t->stub);
	work_end(&t->w);
	unlink(t->token_file);
}

static void assert_evidence(const struct evidence *ev, const char *bytes, const char *url_end)
{
	uint8_t digest[32];

	assert_str(ev->bytes, bytes);
	sha256(ev->bytes, digest);
	assert_memory_equal(digest, ev->sha256, 32);
	assert_true(str_ends(ev->url, str_c(url_end)));
}

static void repositories_by_id(void **state)
{
	struct stub_answer a[] = {
		{ .body = "{\"temp_clone_token\":\"x\",\"z\":1,\"id\":7,\"full_name\":\"o/r\",\"private\":true,"
			  "\"default_branch\":\"main\",\"archived\":false}" }
	};
	struct github_repo r;
	struct evidence ev;
	struct world t;

	(void)state;
	begin(&t, a, 1);
	assert_true(github_repo_by_id(&t.w, t.g, 7, &r, &ev));
	assert_true(r.id == 7 && r.private_ && !r.archived);
	assert_str(r.default_branch, "main");
	assert_evidence(&ev,
		"{\"archived\":false,\"default_branch\":\"main\",\"full_name\":\"o/r\",\"id\":7,\"private\":true,\"z\":1}",
		"/repositories/7");
	assert_string_equal(t.stub.requests[0].path, "/repositories/7");
	assert_non_null(strstr(t.stub.requests[0].headers, "\r\nAuthorization: Bearer secret-token\r\n"));
	assert_non_null(strstr(t.stub.requests[0].headers, "\r\nX-GitHub-Api-Version: 2022-11-28\r\n"));
	assert_non_null(strstr(t.stub.requests[0].headers, "\r\nAccept: application/vnd.github+json\r\n"));
	assert_non_null(strstr(t.stub.requests[0].headers, "\r\nUser-Agent: patchwork\r\n"));
	end(&t);
}

static void a_body_with_a_fraction_is_kept_as_text(void **state)
{
	struct stub_answer a[] = {
		{ .body = "{\"z\":1.5,\"id\":7,\"full_name\":\"o/r\",\"private\":true,\"default_branch\":\"m\"}" }
	};
	struct github_repo r;
	struct evidence ev;
	struct world t;

	(void)state;
	begin(&t, a, 1);
	assert_true(github_repo_by_id(&t.w, t.g, 7, &r, &ev));
	assert_evidence(&ev, a[0].body, "/repositories/7");
	end(&t);
}

static void names_lead_to_one_repository(void **state)
{
	static const char *const bad[] = { "o", "o/r/x", "/r", "o/", "o/..", "../r", "o/r?x", "o r/x", "" };
	struct stub_answer a[] = {
		{ .body = "{\"id\":7,\"full_name\":\"O/R\",\"private\":false,\"default_branch\":\"m\"}" },
		{ .body = "{\"id\":7,\"full_name\":\"x/y\",\"private\":false,\"default_branch\":\"m\"}" }
	};
	struct github_repo r;
	struct evidence ev;
	struct world t;

	(void)state;
	begin(&t, a, 2);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_false(github_repo_by_name(&t.w, t.g, str_c(bad[i]), &r, &ev));
		assert_err(&t.w, ERR_INVALID, "github.not_found");
	}
	assert_true(github_repo_by_name(&t.w, t.g, STR("o/r"), &r, &ev));
	assert_str(r.full_name, "O/R");
	assert_false(github_repo_by_name(&t.w, t.g, STR("o/r"), &r, &ev));
	assert_err(&t.w, ERR_INVALID, "github.mismatch");
	end(&t);
}

static void redirects_once_on_the_same_host(void **state)
{
	struct stub_answer a[] = {
		{ 301, "Location: /repositories/7\r\n" },
		{ .body = "{\"id\":7,\"full_name\":\"new/name\",\"private\":false,\"default_branch\":\"m\"}" },
		{ 301, "Location: http://127.0.0.1:1/repositories/7\r\n" },
		{ 301, "Location: //127.0.0.1/repositories/7\r\n" },
		{ 302, "Location: http://user@127.0.0.1/repositories/7\r\n" },
		{ 307 },
		{ 307, "Location: /repositories/7\r\n" },
		{ 301, "Location: /repositories/7\r\n" },
		{ 301, "Location: /repositories/8/issues/3\r\n" },
		{ 301, "Location: /repos/o/r/issues/3\r\n" },
	};
	struct github_issue issue;
	struct github_repo r;
	struct evidence ev;
	struct world t;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(github_repo_by_name(&t.w, t.g, STR("old/name"), &r, &ev));
	assert_str(r.full_name, "new/name");
	assert_string_equal(t.stub.requests[1].path, "/repositories/7");
	assert_non_null(strstr(t.stub.requests[1].headers, "Bearer secret-token"));
	for (int i = 0; i < 4; i++) {
		assert_false(github_repo_by_name(&t.w, t.g, STR("old/name"), &r, &ev));
		assert_err(&t.w, ERR_INVALID, "github.mismatch");
	}
	assert_false(github_repo_by_name(&t.w, t.g, STR("old/name"), &r, &ev));
	assert_err(&t.w, ERR_INVALID, "github.refused");
	for (int i = 0; i < 2; i++) {
		assert_false(github_issue_get(&t.w, t.g, 7, 3, &issue, &ev));
		assert_err(&t.w, ERR_INVALID, "github.mismatch");
	}
	assert_int_equal(t.stub.n_requests, COUNT(a));
	end(&t);
}

static void pulls(void **state)
{
	struct stub_answer a[] = { { .body = PULL }, { .body = PULL }, { .body = PULL } };
	struct github_pull p;
	struct evidence ev;
	struct world t;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(github_pull_get(&t.w, t.g, 7, 3, &p, &ev));
	assert_true(p.id == 5000000001 && p.author_id == 11 && p.merged_by_id == 12 && p.repo_id == 7 && p.number == 3);
	assert_true(p.merged && !p.draft && p.merged_at == 1767323045 * USEC_S && p.body.p == NULL);
	assert_str(p.author_type, "User");
	assert_str(p.base_ref, "main");
	assert_str(p.head_sha, "h");
	assert_str(p.merge_sha, "m");
	assert_true(str_ends(ev.url, STR("/repositories/7/pulls/3")));
	assert_false(github_pull_get(&t.w, t.g, 8, 3, &p, &ev));
	assert_err(&t.w, ERR_INVALID, "github.mismatch");
	assert_false(github_pull_get(&t.w, t.g, 7, 4, &p, &ev));
	assert_err(&t.w, ERR_INVALID, "github.mismatch");
	end(&t);
}

static void issues(void **state)
{
	char plain[512], pull[512];
	struct stub_answer a[] = { { .body = plain }, { .body = pull }, { .body = plain } };
	struct github_issue i;
	struct evidence ev;
	struct world t;

	(void)state;
	snprintf(plain, sizeof(plain), ISSUE, "");
	snprintf(pull, sizeof(pull), ISSUE, ",\"pull_request\":{\"url\":\"x\"}");
	begin(&t, a, COUNT(a));
	assert_true(github_issue_get(&t.w, t.g, 7, 3, &i, &ev));
	assert_true(i.id == 4000000000 && i.number == 3 && !i.is_pull && i.closed_at > 0);
	assert_str(i.state_reason, "completed");
	assert_true(github_issue_get(&t.w, t.g, 7, 3, &i, &ev));
	assert_true(i.is_pull);
	assert_false(github_issue_get(&t.w, t.g, 7, 4, &i, &ev));
	assert_err(&t.w, ERR_INVALID, "github.mismatch");
	end(&t);
}

static void statuses_mean(void **state)
{
	static const char limit[] = "{\"message\":\"You have exceeded a secondary rate limit. Please wait.\"}";
	static const struct {
		struct stub_answer a;
		enum err_kind kind;
		const char *code;
		int64_t wait_s;
	} rows[] = {
		{ { 404, NULL, "{\"message\":\"Not Found\"}" }, ERR_INVALID, "github.not_found", 0 },
		{ { 410 }, ERR_INVALID, "github.gone", 0 },
		{ { 401, NULL, "{\"message\":\"Bad credentials\"}" }, ERR_INVALID, "github.refused", 0 },
		{ { 403, "X-RateLimit-Remaining: 40\r\n", "{\"message\":\"Resource not accessible\"}" }, ERR_INVALID,
			"github.refused", 0 },
		{ { 422 }, ERR_INVALID, "github.refused", 0 },
		{ { 500 }, ERR_RETRY, "github.server", 0 },
		{ { 502, NULL, "<html>" }, ERR_RETRY, "github.server", 0 },
		{ { 503, "Retry-After: 9\r\n" }, ERR_RETRY, "github.busy", 9 },
		{ { 429, "Retry-After: 77\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1\r\n" }, ERR_RETRY,
			"github.rate_limited", 77 },
		{ { 403, "Retry-After: 30\r\n", limit }, ERR_RETRY, "github.rate_limited", 30 },
		{ { 403, "X-RateLimit-Remaining: 12\r\n", limit }, ERR_RETRY, "github.rate_limited", 60 },
		{ { 429 }, ERR_RETRY, "github.rate_limited", 60 },
		{ { 403, "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1\r\n" }, ERR_RETRY, "github.rate_limited",
			1 },
		{ { 403, "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 99999999999\r\n" }, ERR_RETRY,
			"github.rate_limited", 7200 },
		{ { 200, NULL, "{\"id\":7,\"full_na" }, ERR_RETRY, "github.malformed", 0 },
		{ { 200, NULL, "" }, ERR_RETRY, "github.malformed", 0 },
		{ { 200, NULL, "[]" }, ERR_RETRY, "github.malformed", 0 },
		{ { 200, NULL, "{\"id\":7}" }, ERR_RETRY, "github.malformed", 0 },
		{ { 200, NULL, "{\"id\":\"7\",\"full_name\":\"o/r\",\"private\":true,\"default_branch\":\"m\"}" },
			ERR_RETRY, "github.malformed", 0 },
		{ { 200, NULL, "{\"id\":8,\"full_name\":\"o/r\",\"private\":true,\"default_branch\":\"m\"}" },
			ERR_INVALID, "github.mismatch", 0 },
		{ { .fault = STUB_GIANT }, ERR_INVALID, "github.too_large", 0 },
		{ { .body = "{\"id\":7}", .fault = STUB_SHORT }, ERR_RETRY, "fetch.cut_short", 0 },
		{ { .fault = STUB_RESET }, ERR_RETRY, "fetch.no_answer", 0 },
	};
	struct github_repo r;
	struct evidence ev;
	struct world t;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(&t, &rows[i].a, 1);
		assert_false(github_repo_by_id(&t.w, t.g, 7, &r, &ev));
		assert_int_equal(t.w.err.retry_after / USEC_S, rows[i].wait_s);
		assert_null(strstr(t.w.err.text, "secret-token"));
		assert_err(&t.w, rows[i].kind, rows[i].code);
		end(&t);
	}
}

static void a_limit_without_an_end_doubles(void **state)
{
	static const int64_t waits[] = { 60, 60, 120, 240, 480, 960, 1920, 3600, 3600 };
	struct stub_answer a[9];
	struct github_repo r;
	struct evidence ev;
	struct world t;

	(void)state;
	for (size_t i = 0; i < COUNT(a); i++)
		a[i] = (struct stub_answer){ 429 };
	begin(&t, a, COUNT(a));
	for (size_t i = 0; i < COUNT(a); i++) {
		t.w.attempt = (int)i;
		assert_false(github_repo_by_id(&t.w, t.g, 7, &r, &ev));
		assert_int_equal(t.w.err.retry_after, waits[i] * USEC_S);
	}
	end(&t);
}

static void primary_limit_waits_for_its_reset(void **state)
{
	char headers[128];
	struct stub_answer a[] = { { 403, headers, "{\"message\":\"API rate limit exceeded\"}" } };
	struct github_repo r;
	struct evidence ev;
	struct world t;

	(void)state;
	snprintf(headers, sizeof(headers),
		"X-RateLimit-Remaining: 0\r\nX-RateLimit-Resource: core\r\nX-RateLimit-Reset: %ld\r\n",
		(long)(clock_now() / USEC_S) + 100);
	begin(&t, a, 1);
	assert_false(github_repo_by_id(&t.w, t.g, 7, &r, &ev));
	assert_in_range(t.w.err.retry_after, 90 * USEC_S, 102 * USEC_S);
	assert_err(&t.w, ERR_RETRY, "github.rate_limited");
	end(&t);
}

static void pages_to_the_end_on_the_same_host(void **state)
{
	char next[256], other[] = "Link: <https://api.github.com/resource?page=2>; rel=\"next\"\r\n";
	struct stub_answer a[] = {
		{ 200, next, "[{\"commit\":{\"message\":\"one\"}},{\"commit\":{\"message\":\"two\"}}]" },
		{ 200, "Link: <http://x/>; rel=\"prev\", <http://x/>; rel=\"first\"\r\n",
			"[{\"commit\":{\"message\":\"three\"}}]" },
		{ 200, other, "[]" },
		{ 200, NULL, "[]" },
		{ 200, NULL, "[{\"commit\":{}}]" },
		{ 200, NULL, "{}" },
	};
	const str *messages;
	struct evidence ev;
	struct world t;
	size_t n;

	(void)state;
	begin(&t, a, COUNT(a));
	snprintf(next, sizeof(next),
		"Link: <%s/x?page=1>; rel=\"first\", <%s/repositories/7/pulls/3/commits?page=2>; rel=\"next\"\r\n",
		t.stub.url, t.stub.url);
	assert_true(github_pull_commits(&t.w, t.g, 7, 3, &messages, &n, &ev));
	assert_int_equal(n, 3);
	assert_str(messages[0], "one");
	assert_str(messages[2], "three");
	assert_evidence(&ev,
		"[{\"commit\":{\"message\":\"one\"}},{\"commit\":{\"message\":\"two\"}},{\"commit\":{\"message\":\"three\"}}]",
		"/repositories/7/pulls/3/commits?per_page=100");
	assert_string_equal(t.stub.requests[1].path, "/repositories/7/pulls/3/commits?page=2");
	assert_false(github_pull_commits(&t.w, t.g, 7, 3, &messages, &n, &ev));
	assert_err(&t.w, ERR_INVALID, "github.mismatch");
	assert_true(github_pull_commits(&t.w, t.g, 7, 3, &messages, &n, &ev));
	assert_int_equal(n, 0);
	assert_str(ev.bytes, "[]");
	for (int i = 0; i < 2; i++) {
		assert_false(github_pull_commits(&t.w, t.g, 7, 3, &messages, &n, &ev));
		assert_err(&t.w, ERR_RETRY, "github.malformed");
	}
	end(&t);
}

static void pages_without_end_stop(void **state)
{
	static struct stub_answer a[40];
	char next[256];
	const str *messages;
	struct evidence ev;
	struct world t;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(a); i++)
		a[i] = (struct stub_answer){ 200, next, "[]" };
	begin(&t, a, COUNT(a));
	snprintf(next, sizeof(next), "Link: <%s/more>; rel=\"next\"\r\n", t.stub.url);
	assert_false(github_pull_commits(&t.w, t.g, 7, 3, &messages, &n, &ev));
	assert_err(&t.w, ERR_INVALID, "github.too_large");
	end(&t);
}

static void closers(void **state)
{
	struct stub_answer a[] = {
		{ .body = "[{\"event\":\"closed\",\"commit_id\":\"a1\"},{\"event\":\"reopened\",\"commit_id\":null},"
			  "{\"event\":\"closed\",\"commit_id\":\"b2\"},{\"event\":\"labeled\"}]" },
		{ .body = "[{\"event\":\"closed\",\"commit_id\":\"a1\"},{\"event\":\"closed\",\"commit_id\":null}]" },
		{ .body = "[]" },
	};
	struct evidence ev;
	struct world t;
	bool found;
	str sha;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(github_issue_closer(&t.w, t.g, 7, 3, &sha, &found, &ev));
	assert_true(found);
	assert_str(sha, "b2");
	assert_string_equal(t.stub.requests[0].path, "/repositories/7/issues/3/timeline?per_page=100");
	assert_true(github_issue_closer(&t.w, t.g, 7, 3, &sha, &found, &ev));
	assert_false(found);
	assert_true(github_issue_closer(&t.w, t.g, 7, 3, &sha, &found, &ev));
	assert_false(found);
	end(&t);
}

static void reachability(void **state)
{
	struct stub_answer a[] = {
		{ .body = "{\"status\":\"ahead\",\"base_commit\":{\"sha\":\"abc\"}}" },
		{ .body = "{\"status\":\"identical\",\"base_commit\":{\"sha\":\"abc\"}}" },
		{ .body = "{\"status\":\"behind\",\"base_commit\":{\"sha\":\"abc\"}}" },
		{ .body = "{\"status\":\"diverged\",\"base_commit\":{\"sha\":\"abc\"}}" },
		{ .body = "{\"status\":\"ahead\",\"base_commit\":{\"sha\":\"abd\"}}" },
		{ .body = "{\"status\":\"?\",\"base_commit\":{\"sha\":\"abc\"}}" },
		{ 404 },
	};
	enum github_reach reach;
	struct evidence ev;
	struct world t;

	(void)state;
	begin(&t, a, COUNT(a));
	for (int i = 0; i < 4; i++) {
		assert_true(github_reachable(&t.w, t.g, 7, STR("abc"), STR("feature/a b"), &reach, &ev));
		assert_int_equal(reach, i < 2 ? GITHUB_REACHABLE : GITHUB_UNREACHABLE);
	}
	assert_string_equal(t.stub.requests[0].path, "/repositories/7/compare/abc...feature%2Fa%20b?per_page=1");
	assert_false(github_reachable(&t.w, t.g, 7, STR("abc"), STR("main"), &reach, &ev));
	assert_err(&t.w, ERR_INVALID, "github.mismatch");
	assert_false(github_reachable(&t.w, t.g, 7, STR("abc"), STR("main"), &reach, &ev));
	assert_err(&t.w, ERR_RETRY, "github.malformed");
	assert_false(github_reachable(&t.w, t.g, 7, STR("abc"), STR("main"), &reach, &ev));
	assert_err(&t.w, ERR_INVALID, "github.not_found");
	end(&t);
}

static void closing_links(void **state)
{
	struct stub_answer a[] = {
		{ .body = CLOSING("3", "true", NODE("4000000001", "1") ",null") },
		{ .body = CLOSING("3", "false", NODE("4000000002", "2")) },
		{ .body = CLOSING("3", "false", "") },
	};
	const struct github_closing *c;
	struct evidence ev;
	struct world t;
	size_t n;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(github_closing_issues(&t.w, t.g, STR("O/r"), 3, &c, &n, &ev));
	assert_int_equal(n, 2);
	assert_true(c[0].issue_id == 4000000001 && c[0].repo_id == 7 && c[0].number == 1 && c[1].number == 2);
	assert_true(str_starts(ev.bytes, STR("[{\"repository\"")) && str_ends(ev.url, STR("/graphql")));
	assert_non_null(strstr(t.stub.requests[0].body,
		"\"variables\":{\"owner\":\"O\",\"name\":\"r\",\"number\":3,\"after\":null}}"));
	assert_non_null(strstr(t.stub.requests[1].body, "\"after\":\"c1\"}}"));
	assert_true(github_closing_issues(&t.w, t.g, STR("o/r"), 3, &c, &n, &ev));
	assert_int_equal(n, 0);
	end(&t);
}

#define TALK(more, nodes)                                                                                              \
	"{\"data\":{\"repository\":{\"nameWithOwner\":\"o/r\",\"pullRequest\":{\"number\":3,\"lastEditedAt\":null,"    \
	"\"comments\":{\"pageInfo\":{\"hasNextPage\":" more ",\"endCursor\":\"c1\"},\"nodes\":" nodes "}}}}}"

/* All pages are kept as one array. */
static void editors_of_comments(void **state)
{
	struct stub_answer a[] = {
		{ .body = TALK("true", "[{\"fullDatabaseId\":\"4000000001\",\"lastEditedAt\":null}]") },
		{ .body = TALK(
			  "false", "[{\"fullDatabaseId\":\"4000000002\",\"lastEditedAt\":\"2026-01-01T00:00:00Z\"}]") },
		{ .body = TALK("false", "null") },
		{ .body = CLOSING("4", "false", "") },
	};
	const cJSON *pages;
	struct evidence ev;
	struct world t;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_true(github_editors(&t.w, t.g, STR("o/r"), 3, &ev));
	assert_true(json_parse(&t.w, ev.bytes, &pages) && cJSON_GetArraySize(pages) == 2);
	assert_non_null(strstr(t.stub.requests[1].body, "\"after\":\"c1\"}}"));
	assert_true(editor_wrote_comment(pages, 7, 4000000001) && editor_wrote_text(pages, 7, 0));
	assert_false(editor_wrote_comment(pages, 7, 4000000002) || editor_wrote_comment(pages, 7, 1));
	assert_false(github_editors(&t.w, t.g, STR("o/r"), 3, &ev));
	assert_err(&t.w, ERR_RETRY, "github.malformed");
	assert_false(github_editors(&t.w, t.g, STR("o/r"), 3, &ev));
	assert_err(&t.w, ERR_INVALID, "github.mismatch");
	end(&t);
}

static void graphql_errors_come_with_200(void **state)
{
	static const struct {
		struct stub_answer a;
		enum err_kind kind;
		const char *code;
		int64_t wait_s;
	} rows[] = {
		{ { 200, "X-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 1\r\n",
			  "{\"errors\":[{\"type\":\"RATE_LIMITED\",\"message\":\"API rate limit exceeded\"}]}" },
			ERR_RETRY, "github.rate_limited", 1 },
		{ { 200, "Retry-After: 5\r\n",
			  "{\"errors\":[{\"message\":\"You have exceeded a secondary rate limit\"}]}" },
			ERR_RETRY, "github.rate_limited", 5 },
		{ { 200, NULL,
			  "{\"data\":{\"repository\":null},\"errors\":[{\"type\":\"NOT_FOUND\",\"message\":\"x\"}]}" },
			ERR_INVALID, "github.not_found", 0 },
		{ { 200, NULL, "{\"errors\":[{\"message\":\"Something went wrong while executing your query.\"}]}" },
			ERR_RETRY, "github.server", 0 },
		{ { 200, NULL,
			  "{\"errors\":[{\"message\":\"Field 'x' doesn't exist\",\"extensions\":{\"code\":\"undefinedField\"}}]}" },
			ERR_INVALID, "github.refused", 0 },
		{ { 200, NULL, "{\"errors\":[{\"type\":\"FORBIDDEN\",\"message\":\"x\"}]}" }, ERR_INVALID,
			"github.refused", 0 },
		{ { 200, NULL, "{}" }, ERR_RETRY, "github.malformed", 0 },
		{ { 200, NULL, "{\"data\":{\"repo" }, ERR_RETRY, "github.malformed", 0 },
		{ { 200, NULL, "{\"data\":{\"repository\":{\"pullRequest\":null}}}" }, ERR_INVALID, "github.not_found",
			0 },
		{ { 200, NULL, CLOSING("4", "false", "") }, ERR_INVALID, "github.mismatch", 0 },
		{ { 200, NULL, CLOSING("3", "false", NODE("x", "1")) }, ERR_RETRY, "github.malformed", 0 },
		{ { 200, NULL, CLOSING("3", "false", "{}") }, ERR_RETRY, "github.malformed", 0 },
		{ { 502 }, ERR_RETRY, "github.server", 0 },
		{ { 401 }, ERR_INVALID, "github.refused", 0 },
		{ { .fault = STUB_CLOSE }, ERR_RETRY, "fetch.no_answer", 0 },
	};
	const struct github_closing *c;
	struct evidence ev;
	struct world t;
	size_t n;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(&t, &rows[i].a, 1);
		assert_false(github_closing_issues(&t.w, t.g, STR("o/r"), 3, &c, &n, &ev));
		assert_int_equal(t.w.err.retry_after / USEC_S, rows[i].wait_s);
		assert_err(&t.w, rows[i].kind, rows[i].code);
		end(&t);
	}
}

static void tokens_are_read_again(void **state)
{
	struct stub_answer a[] = { { 404 }, { 404 } };
	struct github_repo r;
	struct evidence ev;
	struct world t;
	FILE *f;

	(void)state;
	begin(&t, a, COUNT(a));
	assert_false(github_repo_by_id(&t.w, t.g, 7, &r, &ev));
	f = fopen(t.token_file, "w");
	fputs("another", f);
	fclose(f);
	assert_false(github_repo_by_id(&t.w, t.g, 7, &r, &ev));
	assert_non_null(strstr(t.stub.requests[1].headers, "Bearer another\r\n"));
	unlink(t.token_file);
	assert_false(github_repo_by_id(&t.w, t.g, 7, &r, &ev));
	assert_err(&t.w, ERR_INVALID, "github.token_file");
	end(&t);
}

/* What was answered before is named in the next question; what moved for ever is asked for where it is now. */
static void answers_are_kept(void **state)
{
	struct stub_answer a[] = {
		{ .status = 301, .headers = "Location: /repositories/7\r\n" },
		{ .headers = "ETag: W/\"one\"\r\nX-RateLimit-Limit: 60\r\nX-RateLimit-Remaining: 41\r\nX-RateLimit-Reset: 99\r\n",
			.body = "{\"id\":7,\"full_name\":\"o/r\",\"private\":false,\"default_branch\":\"main\"}" },
		{ .status = 304 },
	};
	struct github_repo r;
	struct evidence ev;
	struct world t;

	(void)state;
	begin(&t, a, 3);
	t.w.quota = quota_new(t.w.arena);
	t.w.quota->at[QUOTA_CORE].may = 10;
	assert_true(github_repo_by_name(&t.w, t.g, STR("o/old"), &r, &ev));
	assert_true(github_repo_by_name(&t.w, t.g, STR("o/old"), &r, &ev));
	assert_str(r.full_name, "o/r");
	assert_int_equal(t.stub.n_requests, 3);
	assert_string_equal(t.stub.requests[0].path, "/repos/o/old");
	assert_string_equal(t.stub.requests[1].path, "/repositories/7");
	assert_string_equal(t.stub.requests[2].path, "/repositories/7");
	assert_null(strstr(t.stub.requests[1].headers, "If-None-Match"));
	assert_non_null(strstr(t.stub.requests[2].headers, "If-None-Match: W/\"one\""));
	assert_true(t.w.quota->at[QUOTA_CORE].told);
	assert_int_equal(t.w.quota->at[QUOTA_CORE].remaining, 41);
	assert_int_equal(t.w.quota->at[QUOTA_CORE].sent, 2); /* 304 costs nothing */
	assert_int_equal(t.w.quota->points, 3);
	end(&t);
}

static void without_a_turn_nothing_is_sent(void **state)
{
	struct stub_answer a[] = { { .status = 500 } };
	struct github_repo r;
	struct evidence ev;
	struct world t;

	(void)state;
	begin(&t, a, 1);
	t.w.quota = quota_new(t.w.arena);
	assert_false(github_repo_by_id(&t.w, t.g, 7, &r, &ev));
	assert_true(t.w.err.snooze);
	assert_err(&t.w, ERR_RETRY, "github.budget");
	assert_int_equal(t.stub.n_requests, 0);
	end(&t);
}

static void without_an_app_it_is_not_asked(void **state)
{
	struct stub_answer a[] = { { .status = 500 } };
	struct github_installation installation;
	struct world t;

	(void)state;
	begin(&t, a, 1);
	assert_false(github_installation_of(&t.w, t.g, 7, &installation));
	assert_err(&t.w, ERR_INVALID, "github.no_app");
	assert_int_equal(t.stub.n_requests, 0);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(repositories_by_id),
		cmocka_unit_test(a_body_with_a_fraction_is_kept_as_text),
		cmocka_unit_test(names_lead_to_one_repository),
		cmocka_unit_test(redirects_once_on_the_same_host),
		cmocka_unit_test(pulls),
		cmocka_unit_test(issues),
		cmocka_unit_test(statuses_mean),
		cmocka_unit_test(a_limit_without_an_end_doubles),
		cmocka_unit_test(primary_limit_waits_for_its_reset),
		cmocka_unit_test(pages_to_the_end_on_the_same_host),
		cmocka_unit_test(pages_without_end_stop),
		cmocka_unit_test(closers),
		cmocka_unit_test(reachability),
		cmocka_unit_test(closing_links),
		cmocka_unit_test(editors_of_comments),
		cmocka_unit_test(graphql_errors_come_with_200),
		cmocka_unit_test(tokens_are_read_again),
		cmocka_unit_test(answers_are_kept),
		cmocka_unit_test(without_a_turn_nothing_is_sent),
		cmocka_unit_test(without_an_app_it_is_not_asked),
	};

	return cmocka_run_group_tests_name("github", tests, NULL, NULL);
}
