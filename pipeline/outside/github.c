#include <inttypes.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "github_call.h"

#define PAGES_MAX 30 /* of 100 */

static char *copy_url(str url)
{
	char *z;

	while (str_ends(url, STR("/")))
		url.n--;
	z = strndup(url.p, url.n);
	if (z == NULL)
		abort();
	return z;
}

bool github_new(struct work *w, const struct github_conf *c, struct github **out)
{
	struct github *g = calloc(1, sizeof(*g));
	str token;

	if (g == NULL)
		abort();
	g->rest = copy_url(c->rest_url);
	g->graphql = copy_url(c->graphql_url);
	g->token_file = c->token_file == NULL ? NULL : copy_url(str_c(c->token_file));
	g->max_body = c->max_body;
	g->oauth_token_url = c->oauth_token_url.n == 0 ? NULL : copy_url(c->oauth_token_url);
	g->oauth_client_id = c->oauth_client_id.n == 0 ? NULL : copy_url(c->oauth_client_id);
	g->oauth_secret_file = c->oauth_secret_file == NULL ? NULL : copy_url(str_c(c->oauth_secret_file));
	idle_init(&g->idle, METER_GITHUB);
	if (!github_token(w, g, &token) || (c->app_id.n > 0 && !github_app_new(w, c, &g->app))) {
		github_free(&g);
		return false;
	}
	*out = g;
	return true;
}

void github_free(struct github **g)
{
	if (*g == NULL)
		return;
	idle_free(&(*g)->idle);
	github_app_free(&(*g)->app);
	free((*g)->rest);
	free((*g)->graphql);
	free((*g)->token_file);
	free((*g)->oauth_token_url);
	free((*g)->oauth_client_id);
	free((*g)->oauth_secret_file);
	free(*g);
	*g = NULL;
}

void github_evidence_of(struct work *w, const cJSON *json, str url, struct evidence *ev)
{
	if (!json_canonical(w, json, &ev->bytes)) {
		err_clear(w);
		ev->bytes = json_print(w, json);
	}
	sha256(ev->bytes, ev->sha256);
	ev->url = url;
}

static str repo_url(
	struct work *w, const struct github *g, int64_t repo_id, const char *what, int64_t number, const char *more)
{
	return arena_printf(
		w->arena, "%s/repositories/%" PRId64 "/%s/%" PRId64 "%s", g->rest, repo_id, what, number, more);
}

static bool read_as(struct work *w, const cJSON *json, struct fields fields, void *out)
{
	return json_read(w, json, fields, 0, out) || err_set(w, ERR_RETRY, "github.malformed", "%s", w->err.text);
}

static bool mismatch(struct work *w, const char *what)
{
	return err_set(w, ERR_INVALID, "github.mismatch", "the answer is about another %s", what);
}

static const struct field repo_fields[] = {
	FIELD(FIELD_I64, struct github_repo, id, .min = 1, .max = INT64_MAX),
	FIELD(FIELD_STR, struct github_repo, full_name),
	FIELD(FIELD_STR, struct github_repo, default_branch),
	FIELD(FIELD_BOOL, struct github_repo, private_, .from = "private"),
	FIELD(FIELD_BOOL, struct github_repo, archived, .optional = true),
};

static bool repo_get(struct work *w, struct github *g, str url, int64_t repo_id, struct github_repo *out, bool *moved,
	struct evidence *ev)
{
	struct github_page page;

	*out = (struct github_repo){ 0 };
	if (!github_rest(w, g, url, repo_id, &page) ||
		!read_as(w, page.json, FIELDS(struct github_repo, repo_fields), out))
		return false;
	*moved = page.moved;
	github_evidence_of(w, page.json, url, ev);
	return true;
}

/* "owner/name" of the characters that GitHub allows, so that it is two segments of a path. */
static bool is_full_name(str name)
{
	str rest = name, owner, repo, more;

	for (size_t i = 0; i < name.n; i++)
		if (memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./", name.p[i], 66) == NULL)
			return false;
	return str_next(&rest, '/', &owner) && str_next(&rest, '/', &repo) && !str_next(&rest, '/', &more) &&
		owner.n > 0 && repo.n > 0 && !str_eq(repo, STR(".")) && !str_eq(repo, STR("..")) &&
		!str_starts(owner, STR("."));
}

bool github_repo_by_name(struct work *w, struct github *g, str full_name, struct github_repo *out, struct evidence *ev)
{
	bool moved;
	str url = arena_printf(w->arena, "%s/repos/" STR_FMT, g->rest, STR_ARG(full_name));

	if (!is_full_name(full_name))
		return err_set(w, ERR_INVALID, "github.not_found", "no repository can have this name");
	if (!repo_get(w, g, url, 0, out, &moved, ev))
		return false;
	return moved || str_eq_nocase(out->full_name, full_name) || mismatch(w, "repository");
}

bool github_repo_by_id(struct work *w, struct github *g, int64_t repo_id, struct github_repo *out, struct evidence *ev)
{
	bool moved;
	str url = arena_printf(w->arena, "%s/repositories/%" PRId64, g->rest, repo_id);

	return repo_get(w, g, url, repo_id, out, &moved, ev) && (out->id == repo_id || mismatch(w, "repository"));
}

static const struct field pull_fields[] = {
	FIELD(FIELD_I64, struct github_pull, id, .min = 1, .max = INT64_MAX),
	FIELD(FIELD_I64, struct github_pull, author_id, .from = "user.id", .optional = true),
	FIELD(FIELD_I64, struct github_pull, merged_by_id, .from = "merged_by.id", .optional = true),
	FIELD(FIELD_I64, struct github_pull, repo_id, .from = "base.repo.id"),
	FIELD(FIELD_I32, struct github_pull, number),
	FIELD(FIELD_STR, struct github_pull, title),
	FIELD(FIELD_STR, struct github_pull, body, .optional = true),
	FIELD(FIELD_STR, struct github_pull, author_login, .from = "user.login", .optional = true),
	FIELD(FIELD_STR, struct github_pull, author_type, .from = "user.type", .optional = true),
	FIELD(FIELD_STR, struct github_pull, state, .one_of = "open|closed"),
	FIELD(FIELD_STR, struct github_pull, base_ref, .from = "base.ref"),
	FIELD(FIELD_STR, struct github_pull, repo_name, .from = "base.repo.full_name"),
	FIELD(FIELD_STR, struct github_pull, head_sha, .from = "head.sha"),
	FIELD(FIELD_STR, struct github_pull, merge_sha, .from = "merge_commit_sha", .optional = true),
	FIELD(FIELD_BOOL, struct github_pull, draft, .optional = true),
	FIELD(FIELD_BOOL, struct github_pull, merged),
	FIELD(FIELD_TIME, struct github_pull, merged_at, .optional = true),
	FIELD(FIELD_TIME, struct github_pull, updated_at),
	FIELD(FIELD_TIME, struct github_pull, created_at),
};

bool github_pull_get(
	struct work *w, struct github *g, int64_t repo_id, int32_t number, struct github_pull *out, struct evidence *ev)
{
	str url = repo_url(w, g, repo_id, "pulls", number, "");
	struct github_page page;

	*out = (struct github_pull){ 0 };
	if (!github_rest(w, g, url, repo_id, &page) ||
		!read_as(w, page.json, FIELDS(struct github_pull, pull_fields), out))
		return false;
	if (out->repo_id != repo_id || out->number != number)
		return mismatch(w, "pull request");
	github_evidence_of(w, page.json, url, ev);
	return true;
}

static const struct field issue_fields[] = {
	FIELD(FIELD_I64, struct github_issue, id, .min = 1, .max = INT64_MAX),
	FIELD(FIELD_I32, struct github_issue, number),
	FIELD(FIELD_STR, struct github_issue, title),
	FIELD(FIELD_STR, struct github_issue, state, .one_of = "open|closed"),
	FIELD(FIELD_STR, struct github_issue, state_reason, .optional = true),
	FIELD(FIELD_TIME, struct github_issue, closed_at, .optional = true),
	FIELD(FIELD_TIME, struct github_issue, updated_at),
};

bool github_issue_get(struct work *w, struct github *g, int64_t repo_id, int32_t number, struct github_issue *out,
	struct evidence *ev)
{
	str url = repo_url(w, g, repo_id, "issues", number, "");
	struct github_page page;

	*out = (struct github_issue){ 0 };
	if (!github_rest(w, g, url, repo_id, &page) ||
		!read_as(w, page.json, FIELDS(struct github_issue, issue_fields), out))
		return false;
	if (out->number != number)
		return mismatch(w, "issue");
	out->is_pull = cJSON_IsObject(json_get(page.json, "pull_request"));
	github_evidence_of(w, page.json, url, ev);
	return true;
}

bool github_issues_changed(struct work *w, struct github *g, int64_t repo_id, usec since, str at,
	const struct github_issue **out, size_t *n, str *next)
{
	struct github_page page;
	struct github_issue *list;
	const cJSON *item;
	char from[CLOCK_TEXT];
	str url = at;

	if (at.n == 0) {
		clock_format(since - since % USEC_S, from);
		url = arena_printf(w->arena,
			"%s/repositories/%" PRId64 "/issues?state=all&sort=updated&direction=asc&per_page=100%s%s",
			g->rest, repo_id, since > 0 ? "&since=" : "", since > 0 ? from : "");
	}
	if (!github_rest(w, g, url, repo_id, &page))
		return false;
	if (!cJSON_IsArray(page.json))
		return err_set(w, ERR_RETRY, "github.malformed", "a page is no list");
	list = arena_array(w->arena, (size_t)cJSON_GetArraySize(page.json) + 1, sizeof(*list));
	*n = 0;
	cJSON_ArrayForEach(item, page.json) {
		struct github_issue *i = &list[(*n)++];

		*i = (struct github_issue){ 0 };
		if (!read_as(w, item, FIELDS(struct github_issue, issue_fields), i))
			return false;
		i->is_pull = cJSON_IsObject(json_get(item, "pull_request"));
	}
	*out = list;
	*next = page.next;
	return true;
}

/* All pages of a list as one array, which belongs to w's arena. */
bool github_all_pages(struct work *w, struct github *g, str url, int64_t repo_id, const cJSON **out)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct github_page page = { .next = url };
	const char *between = "[";

	for (int i = 0; page.next.n > 0; i++) {
		const cJSON *item;

		if (i == PAGES_MAX)
			return err_set(w, ERR_INVALID, "github.too_large", "a list of more than %d pages", PAGES_MAX);
		if (!github_rest(w, g, page.next, repo_id, &page))
			return false;
		if (!cJSON_IsArray(page.json))
			return err_set(w, ERR_RETRY, "github.malformed", "a page is no list");
		cJSON_ArrayForEach(item, page.json) {
			str text = json_print(w, item);

			buf_printf(&b, "%s", between);
			buf_add(&b, text);
			between = ",";
		}
	}
	buf_printf(&b, "%s", *between == '[' ? "[]" : "]");
	return json_parse(w, buf_str(&b), out);
}

bool github_issue_closer(struct work *w, struct github *g, int64_t repo_id, int32_t number, str *commit_sha,
	bool *found, struct evidence *ev)
{
	str url = repo_url(w, g, repo_id, "issues", number, "/timeline?per_page=100");
	const cJSON *events, *event;

	*commit_sha = (str){ 0 };
	if (!github_all_pages(w, g, url, repo_id, &events))
		return false;
	cJSON_ArrayForEach(event, events)
		if (str_eq(json_get_str(event, "event"), STR("closed")))
			*commit_sha = json_get_str(event, "commit_id");
	*found = commit_sha->n > 0;
	github_evidence_of(w, events, url, ev);
	return true;
}

bool github_pull_commits(struct work *w, struct github *g, int64_t repo_id, int32_t number, const str **messages,
	size_t *n, struct evidence *ev)
{
	str url = repo_url(w, g, repo_id, "pulls", number, "/commits?per_page=100"), *list;
	const cJSON *commits, *commit;

	if (!github_all_pages(w, g, url, repo_id, &commits))
		return false;
	list = arena_array(w->arena, (size_t)cJSON_GetArraySize(commits), sizeof(*list));
	*n = 0;
	cJSON_ArrayForEach(commit, commits) {
		list[*n] = json_get_str(commit, "commit.message");
		if (list[(*n)++].p == NULL)
			return err_set(w, ERR_RETRY, "github.malformed", "a commit without a message");
	}
	*messages = list;
	github_evidence_of(w, commits, url, ev);
	return true;
}

bool github_reachable(struct work *w, struct github *g, int64_t repo_id, str sha, str branch, enum github_reach *out,
	struct evidence *ev)
{
	str from = github_escaped(w, sha), to = github_escaped(w, branch), status;
	str url = arena_printf(w->arena, "%s/repositories/%" PRId64 "/compare/" STR_FMT "..." STR_FMT "?per_page=1",
		g->rest, repo_id, STR_ARG(from), STR_ARG(to));
	struct github_page page;

	if (!github_rest(w, g, url, repo_id, &page))
		return false;
	if (!str_eq(json_get_str(page.json, "base_commit.sha"), sha))
		return mismatch(w, "commit");
	status = json_get_str(page.json, "status");
	if (str_eq(status, STR("ahead")) || str_eq(status, STR("identical")))
		*out = GITHUB_REACHABLE;
	else if (str_eq(status, STR("behind")) || str_eq(status, STR("diverged")))
		*out = GITHUB_UNREACHABLE;
	else
		return err_set(w, ERR_RETRY, "github.malformed", "no comparison");
	github_evidence_of(w, page.json, url, ev);
	return true;
}
