/* GitHub's REST and GraphQL; what is written is comments and webhooks alone. Repositories are addressed by numeric id (GET /repositories/{id}), names are display.
 * Every body read is also handed out as evidence: its canonical JSON (RFC 8785), its sha256 and where it came from; pages of
 * a list are one array. A body with a number that is no integer below 2^53 has no canonical form here: compact text then.
 * A redirect is followed once, and pages to the end, on the same host only.
 * fails  ERR_RETRY github.rate_limited (with the wait GitHub asked for), github.server, github.busy (503 with a wait),
 *        github.malformed (truncated, no JSON, a member is missing);
 *        ERR_INVALID github.not_found (404), github.gone (410), github.refused (401, 403, 422), github.too_large, github.token_file,
 *        github.mismatch (an answer about another repository, number, commit or from another host); fetch.* */
#pragma once

#include "base/json.h"
#include "outside/outside.h"

struct github_conf {
	str rest_url, graphql_url; /* "https://api.github.com", "https://api.github.com/graphql" */
	const char *token_file;    /* NULL = without a token; read for each request, so it can be rotated */
	int64_t max_body;          /* bytes of one answer */
	str app_id, app_key_file;  /* of our GitHub App; { NULL, 0 } = we are none */
	/* of the OAuth app that people link their accounts by; { NULL, 0 } = none */
	str oauth_token_url; /* "https://github.com/login/oauth/access_token" */
	str oauth_client_id;
	const char *oauth_secret_file; /* read for each request */
};
MUST bool github_new(struct work *w, const struct github_conf *c, struct github **out);
void github_free(struct github **g);

struct evidence {
	str bytes; /* canonical JSON, in w's arena */
	uint8_t sha256[32];
	str url; /* as it was asked for; without a token */
};
struct github_repo {
	int64_t id;
	str full_name, default_branch;
	bool private_, archived;
};
struct github_pull {
	int64_t id, author_id, merged_by_id, repo_id; /* author, merger 0 = deleted or none; repo_id of base */
	int32_t number;
	str title, body, author_login, author_type, state, base_ref, head_sha, merge_sha,
		repo_name; /* repo_name of base */
	bool draft, merged;
	usec merged_at, updated_at, created_at; /* merged_at 0 = not merged */
};
struct github_issue {
	int64_t id;
	int32_t number;
	str title, state, state_reason;
	usec closed_at, updated_at;
	bool is_pull; /* GitHub lists pull requests as issues, too */
};
struct github_closing { /* one issue that merging the pull request closes, as GitHub itself links it */
	int64_t issue_id, repo_id;
	int32_t number;
};
enum github_reach { GITHUB_REACHABLE, GITHUB_UNREACHABLE };

MUST bool github_repo_by_name(
	struct work *w, struct github *g, str full_name, struct github_repo *out, struct evidence *ev);
MUST bool github_repo_by_id(
	struct work *w, struct github *g, int64_t repo_id, struct github_repo *out, struct evidence *ev);
MUST bool github_pull_get(struct work *w, struct github *g, int64_t repo_id, int32_t number, struct github_pull *out,
	struct evidence *ev);
MUST bool github_issue_get(struct work *w, struct github *g, int64_t repo_id, int32_t number, struct github_issue *out,
	struct evidence *ev);
/* GraphQL closingIssuesReferences of a pull request, all pages; wants a token. full_name as it is now: GitHub answers for a
 * former name with the present one, which is a mismatch. */
MUST bool github_closing_issues(struct work *w, struct github *g, str full_name, int32_t number,
	const struct github_closing **out, size_t *n, struct evidence *ev);
/* Who last edited a pull request's text, and each of its comments, as GraphQL tells it (REST does not), as evidence alone; full_name
 * as above. model/editor.h reads it. */
MUST bool github_editors(struct work *w, struct github *g, str full_name, int32_t number, struct evidence *ev);
/* What this person may do in the repository: admin, maintain, write, triage, read or none; none for who is not there, or has another
 * number by now. */
MUST bool github_permission(struct work *w, struct github *g, int64_t repo_id, str login, int64_t uid, str *out);
/* The comment under an issue that holds the marker; 0 when there is none. */
MUST bool github_comment_find(
	struct work *w, struct github *g, int64_t repo_id, int32_t number, str marker, int64_t *comment_id);
/* What the comment says; *found is false when it was removed. */
MUST bool github_comment_get(
	struct work *w, struct github *g, int64_t repo_id, int64_t comment_id, bool *found, str *text);
/* Writes the comment (*comment_id 0), or the text of the one that is there.
 * fails  ERR_UNCERTAIN fetch.* when a new one may have been written */
MUST bool github_comment_put(
	struct work *w, struct github *g, int64_t repo_id, int32_t number, str text, int64_t *comment_id);
/* One page of the issues and pull requests that changed at or after `since` (0 = all), those changed first first; `at` is a page
 * that an earlier answer named as `next`, { NULL, 0 } = the first one. */
MUST bool github_issues_changed(struct work *w, struct github *g, int64_t repo_id, usec since, str at,
	const struct github_issue **out, size_t *n, str *next);
/* The commit that closed the issue, from its timeline's last `closed` event; found = false when there is no such event or it
 * names no commit (closed by hand or by a pull request). */
MUST bool github_issue_closer(struct work *w, struct github *g, int64_t repo_id, int32_t number, str *commit_sha,
	bool *found, struct evidence *ev);
/* Commit messages of a pull request, all pages up to 250 commits. */
MUST bool github_pull_commits(struct work *w, struct github *g, int64_t repo_id, int32_t number, const str **messages,
	size_t *n, struct evidence *ev);
/* compare/{sha}...{branch}: is sha in the branch's history. A commit or branch that is not there is github.not_found. */
MUST bool github_reachable(struct work *w, struct github *g, int64_t repo_id, str sha, str branch,
	enum github_reach *out, struct evidence *ev);
/* What closed, reopened and linked an issue, as GraphQL tells it (REST does not name the pull request): its last 100 events of
 * these kinds, as evidence alone. full_name as for github_closing_issues. */
MUST bool github_issue_history(struct work *w, struct github *g, str full_name, int32_t number, struct evidence *ev);
/* What stands below the repository at path ("pulls/3/reviews?per_page=100"), as evidence alone: all pages of a list as one array,
 * or one document. found = false when GitHub has none for us (404, 410, 403) or it is larger than is taken. */
MUST bool github_list_of(struct work *w, struct github *g, int64_t repo_id, str path, bool *found, struct evidence *ev);
MUST bool github_document_of(
	struct work *w, struct github *g, int64_t repo_id, str path, bool *found, struct evidence *ev);
/* The commits of a branch since then, newest first, all pages, as evidence alone. */
MUST bool github_commits_since(
	struct work *w, struct github *g, int64_t repo_id, str branch, usec since, struct evidence *ev);

/* --- who owns a repository, and its webhooks (github_owner.c, github_hook.c) --- */

/* The repository as the token sees it: *admin when its owner may administer it. The token is in w->quota. */
MUST bool github_repo_admin(struct work *w, struct github *g, int64_t repo_id, bool *admin, struct evidence *ev);
/* As github_permission, with what GitHub answered; ev->bytes is { NULL, 0 } when nobody of that name is there. */
MUST bool github_permission_of(
	struct work *w, struct github *g, int64_t repo_id, str login, int64_t uid, str *out, struct evidence *ev);
struct github_installation {
	int64_t id, account_id; /* id 0 = the App is not installed there */
	str account_login;
	bool suspended;
};
/* fails  ERR_INVALID github.no_app */
MUST bool github_installation_of(struct work *w, struct github *g, int64_t repo_id, struct github_installation *out);
/* A file of the branch's last commit, which is found first; found = false when it has none. text in w's arena.
 * fails  ERR_INVALID github.too_large over 64 KiB */
MUST bool github_file(struct work *w, struct github *g, int64_t repo_id, str branch, str path, bool *found, str *text,
	str *commit_sha, struct evidence *ev);

/* The hook that delivers to url; 0 when there is none. Administrators' tokens and our App's only. */
MUST bool github_hook_find(struct work *w, struct github *g, int64_t repo_id, str url, int64_t *hook_id);
/* fails  ERR_UNCERTAIN fetch.* when it may have been made; ERR_INVALID github.hook_limit (20 hooks are there) */
MUST bool github_hook_create(struct work *w, struct github *g, int64_t repo_id, str url, str secret,
	const char *const events[], int64_t *hook_id);
MUST bool github_hook_secret(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id, str secret);
struct github_hook {
	bool subscribed; /* to all of the events */
	bool has_secret; /* so that GitHub signs them; it does not show which */
};
MUST bool github_hook_read(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id,
	const char *const events[], struct github_hook *hook);
/* Has it deliver these and no others. GitHub may take the secret away from a hook that is changed so. */
MUST bool github_hook_subscribe(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id,
	const char *const events[], struct github_hook *hook);
MUST bool github_hook_ping(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id);
struct github_delivery {
	int64_t id;
	uuid guid;
	usec at;
	bool redelivery, throttled;
	int32_t status; /* of our answer, as GitHub saw it; 0 = none */
	str event;
};
/* Newest first, those after `since`, 500 at most; `at` is a page that an earlier answer named as `more`, { NULL, 0 } = the first one;
 * more { NULL, 0 } = these were the last. github.not_found of the first page says that there is no such hook; of `at`, that the page is
 * no more; where a page after these is not found, it is `more`. */
MUST bool github_hook_deliveries(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id, usec since, str at,
	const struct github_delivery **out, size_t *n, str *more);
MUST bool github_hook_redeliver(
	struct work *w, struct github *g, int64_t repo_id, int64_t hook_id, int64_t delivery_id);
