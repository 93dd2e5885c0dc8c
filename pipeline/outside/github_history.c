/* What a verdict reads beside the pull request itself: the issue's history by GraphQL, and lists below a repository. */
#include <inttypes.h>

#include "crypto/digest.h"
#include "github_call.h"

static const char query[] =
	"query($owner:String!,$name:String!,$number:Int!){repository(owner:$owner,name:$name){nameWithOwner "
	"issue(number:$number){number timelineItems(last:100,itemTypes:[CLOSED_EVENT,REOPENED_EVENT,CONNECTED_EVENT,"
	"DISCONNECTED_EVENT]){nodes{__typename "
	"...on ClosedEvent{createdAt closer{__typename ...on PullRequest{number repository{databaseId}}"
	"...on Commit{oid associatedPullRequests(first:10){nodes{number repository{databaseId}}}}}}"
	"...on ReopenedEvent{createdAt}"
	"...on ConnectedEvent{createdAt actor{__typename login ...on User{databaseId}}"
	"source{__typename ...on PullRequest{number repository{databaseId}}}"
	"subject{__typename ...on PullRequest{number repository{databaseId}}}}"
	"...on DisconnectedEvent{createdAt source{__typename ...on PullRequest{number repository{databaseId}}}"
	"subject{__typename ...on PullRequest{number repository{databaseId}}}}}}}}}";

static str variables(struct work *w, str full_name, int32_t number)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct json j = { .b = &b };
	str rest = full_name, owner = { 0 };

	(void)str_next(&rest, '/', &owner);
	json_open(&j, NULL, '{');
	json_str(&j, "owner", owner);
	json_str(&j, "name", rest);
	json_i64(&j, "number", number);
	json_close(&j, '}');
	return buf_str(&b);
}

bool github_issue_history(struct work *w, struct github *g, str full_name, int32_t number, struct evidence *ev)
{
	const cJSON *data;
	int64_t theirs;

	if (!github_query(w, g, str_c(query), variables(w, full_name, number), &data))
		return false;
	if (!cJSON_IsObject(json_get(data, "repository.issue")))
		return err_set(w, ERR_INVALID, "github.not_found", "no such issue");
	if (!str_eq_nocase(json_get_str(data, "repository.nameWithOwner"), full_name) ||
		!json_get_i64(data, "repository.issue.number", &theirs) || theirs != number)
		return err_set(w, ERR_INVALID, "github.mismatch", "the answer is about another issue");
	if (!cJSON_IsArray(json_get(data, "repository.issue.timelineItems.nodes")))
		return err_set(w, ERR_RETRY, "github.malformed", "no list of events");
	github_evidence_of(w, data, str_c(g->graphql), ev);
	return true;
}

/* A failure that says "not for you" is an answer. */
static bool answered(struct work *w, bool ok, bool *found)
{
	*found = ok;
	if (ok || w->err.kind != ERR_INVALID || w->err.code == NULL ||
		!str_one_of(str_c(w->err.code), "github.not_found|github.refused|github.too_large"))
		return ok;
	err_clear(w);
	return true;
}

static str below(struct work *w, const struct github *g, int64_t repo_id, str path)
{
	return arena_printf(w->arena, "%s/repositories/%" PRId64 "/" STR_FMT, g->rest, repo_id, STR_ARG(path));
}

bool github_list_of(struct work *w, struct github *g, int64_t repo_id, str path, bool *found, struct evidence *ev)
{
	str url = below(w, g, repo_id, path);
	const cJSON *items = NULL;

	if (!answered(w, github_all_pages(w, g, url, repo_id, &items), found))
		return false;
	if (*found)
		github_evidence_of(w, items, url, ev);
	return true;
}

bool github_document_of(struct work *w, struct github *g, int64_t repo_id, str path, bool *found, struct evidence *ev)
{
	str url = below(w, g, repo_id, path);
	struct github_page page = { 0 };

	if (!answered(w, github_rest(w, g, url, repo_id, &page), found))
		return false;
	if (*found)
		github_evidence_of(w, page.json, url, ev);
	return true;
}

bool github_commits_since(
	struct work *w, struct github *g, int64_t repo_id, str branch, usec since, struct evidence *ev)
{
	str from = github_escaped(w, branch), path;
	char time[CLOCK_TEXT];
	const cJSON *items;

	path = arena_printf(w->arena, "commits?sha=" STR_FMT "&since=%.*s&per_page=100", STR_ARG(from),
		(int)clock_format(since, time), time);
	path = below(w, g, repo_id, path);
	if (!github_all_pages(w, g, path, repo_id, &items))
		return false;
	github_evidence_of(w, items, path, ev);
	return true;
}
