/* What a verdict is made from: each document is read anew, and kept. */
#include <assert.h>

#include "crypto/digest.h"
#include "document.h"
#include "verify.h"

#define APPROVERS_MAX 5

static void keep(struct merge_task *t, str role, const struct evidence *ev)
{
	struct source *s = &t->sources[t->n_sources++];

	assert(t->n_sources <= SOURCES_MAX);
	s->role = role;
	memcpy(s->sha256, ev->sha256, 32);
	s->bytes = ev->bytes;
	s->url = ev->url;
}

static bool keep_own(struct work *w, struct merge_task *t)
{
	struct evidence ev;
	char id[UUID_TEXT];

	if (!facts_text(w, &t->facts, &ev.bytes))
		return false;
	sha256(ev.bytes, ev.sha256);
	uuid_format(t->submission_id, id);
	ev.url = arena_printf(w->arena, "patchwork:submission/%.*s", UUID_TEXT, id);
	keep(t, STR("rows"), &ev);
	return true;
}

/* The file that was in force at the merge: what it is now does not count. */
static void keep_policy(struct work *w, struct merge_task *t)
{
	struct evidence ev = { .bytes = t->policy_file,
		.url = arena_printf(w->arena, STR_FMT, STR_ARG(t->policy_url)) };

	if (t->policy_file.p == NULL)
		return;
	sha256(ev.bytes, ev.sha256);
	keep(t, STR("policy"), &ev);
}

static void keep_award(struct merge_task *t)
{
	struct evidence ev = { .bytes = t->award, .url = t->award_url };

	if (t->award.p == NULL)
		return;
	sha256(ev.bytes, ev.sha256);
	keep(t, STR("award"), &ev);
}

static bool read_list(struct work *w, struct github *g, struct merge_task *t, str role, str path)
{
	struct evidence ev;
	bool found;

	if (!github_list_of(w, g, t->facts.repo_id, path, &found, &ev))
		return false;
	if (found)
		keep(t, role, &ev);
	return true;
}

static bool read_document(struct work *w, struct github *g, struct merge_task *t, str role, str path)
{
	struct evidence ev;
	bool found;

	if (!github_document_of(w, g, t->facts.repo_id, path, &found, &ev))
		return false;
	if (found)
		keep(t, role, &ev);
	return true;
}

static bool read_pull(struct work *w, struct github *g, str full_name, struct merge_task *t, struct github_pull *pull)
{
	const struct github_closing *closing;
	const str *messages;
	struct evidence ev;
	size_t n;

	if (!github_pull_get(w, g, t->facts.repo_id, t->pull_number, pull, &ev))
		return false;
	keep(t, STR("pull"), &ev);
	if (!github_closing_issues(w, g, full_name, t->pull_number, &closing, &n, &ev))
		return false;
	keep(t, STR("references"), &ev);
	if (!github_pull_commits(w, g, t->facts.repo_id, t->pull_number, &messages, &n, &ev))
		return false;
	keep(t, STR("commits"), &ev);
	return true;
}

static bool read_issue(struct work *w, struct github *g, str full_name, struct merge_task *t)
{
	struct github_issue issue;
	struct evidence ev;

	if (!github_issue_get(w, g, t->facts.repo_id, t->facts.issue_number, &issue, &ev))
		return false;
	keep(t, STR("issue"), &ev);
	if (!github_issue_history(w, g, full_name, t->facts.issue_number, &ev))
		return false;
	keep(t, STR("history"), &ev);
	return true;
}

/* What GitHub has not, or not for us, or more than is taken, is left out: the check that needs it asks for a person. */
static bool keep_answer(struct work *w, struct merge_task *t, str role, bool ok, const struct evidence *ev)
{
	if (ok) {
		keep(t, role, ev);
		return true;
	}
	if (w->err.kind != ERR_INVALID ||
		!str_one_of(str_c(w->err.code), "github.not_found|github.refused|github.too_large"))
		return false;
	err_clear(w);
	return true;
}

/* The commit that the merge was put upon: what its files were is what a revert brings back. */
static bool read_before(struct work *w, struct github *g, str reach, struct merge_task *t)
{
	const cJSON *comparison, *parents;
	str sha;

	if (!json_parse(w, reach, &comparison))
		return false;
	parents = json_get(comparison, "base_commit.parents");
	sha = json_get_str(parents == NULL ? NULL : parents->child, "sha");
	return sha.n == 0 ||
		read_document(w, g, t, STR("before"), arena_printf(w->arena, "git/commits/" STR_FMT, STR_ARG(sha)));
}

/* Commits carry the clock of who made them. */
#define COMMIT_SKEW (3600 * USEC_S)

/* Is it still in the branch, and did a later commit take it back? */
static bool read_branch(
	struct work *w, struct github *g, str branch, const struct github_pull *pull, struct merge_task *t)
{
	enum github_reach reach;
	struct evidence ev = { 0 }, since = { 0 };
	bool ok;

	if (!pull->merged || pull->merge_sha.n == 0)
		return true;
	ok = github_reachable(w, g, t->facts.repo_id, pull->merge_sha, branch, &reach, &ev);
	if (!keep_answer(w, t, STR("reach"), ok, &ev) || (ok && !read_before(w, g, ev.bytes, t)))
		return false;
	ok = github_commits_since(w, g, t->facts.repo_id, branch, pull->merged_at - COMMIT_SKEW, &since);
	return keep_answer(w, t, STR("since"), ok, &since);
}

/* A merge by the author, or by a bot, needs somebody's word, and only of those who approved it. */
static bool read_permissions(struct work *w, struct github *g, struct merge_task *t)
{
	str logins[APPROVERS_MAX];
	int64_t uids[APPROVERS_MAX];
	size_t n = facts_approvers(w, t->sources, t->n_sources, logins, uids, APPROVERS_MAX);

	for (size_t i = 0; i < n; i++)
		if (!read_document(w, g, t, arena_printf(w->arena, "permission:%lld", (long long)uids[i]),
			    arena_printf(w->arena, "collaborators/" STR_FMT "/permission", STR_ARG(logins[i]))))
			return false;
	return true;
}

static bool read_checks(struct work *w, struct github *g, str sha, struct merge_task *t)
{
	return read_document(w, g, t, STR("checks"),
		       arena_printf(w->arena, "commits/" STR_FMT "/check-runs?per_page=100", STR_ARG(sha))) &&
		read_document(w, g, t, STR("statuses"),
			arena_printf(w->arena, "commits/" STR_FMT "/status?per_page=100", STR_ARG(sha)));
}

/* Who wrote what stands in the author's comments matters when one of them claims. */
static bool read_editors(
	struct work *w, struct github *g, str full_name, const struct github_pull *pull, struct merge_task *t)
{
	struct evidence ev;

	if (!ties_claimed(
		    w, document_json(w, t->sources, t->n_sources, "comments"), pull->author_id, t->facts.issue_number))
		return true;
	if (!github_editors(w, g, full_name, t->pull_number, &ev))
		return false;
	keep(t, STR("editors"), &ev);
	return true;
}

/* What people said and machines checked. */
static bool read_talk(
	struct work *w, struct github *g, str full_name, const struct github_pull *pull, struct merge_task *t)
{
	int32_t n = t->pull_number;

	if (!read_list(w, g, t, STR("comments"), arena_printf(w->arena, "issues/%d/comments?per_page=100", n)) ||
		!read_editors(w, g, full_name, pull, t) ||
		!read_list(w, g, t, STR("reviews"), arena_printf(w->arena, "pulls/%d/reviews?per_page=100", n)) ||
		!read_list(w, g, t, STR("files"), arena_printf(w->arena, "pulls/%d/files?per_page=100", n)))
		return false;
	if (pull->merged && pull->merge_sha.n > 0 && !read_checks(w, g, pull->merge_sha, t))
		return false;
	return read_permissions(w, g, t);
}

/* A base that the project lists is the branch that counts, else the default one. */
static str branch_of(const struct merge_task *t, const struct policy *p, const struct github_repo *repo, str base)
{
	return policy_lists(p, &t->facts, base) ? base : repo->default_branch;
}

bool merge_collect(struct work *w, struct github *g, struct merge_task *t)
{
	struct github_repo repo;
	struct github_pull pull;
	struct policy policy;
	struct evidence ev;

	keep_policy(w, t);
	keep_award(t);
	if (!policy_of(w, &policy_merge, t->sources, t->n_sources, &policy))
		return false;
	if (!keep_own(w, t) || !github_repo_by_id(w, g, t->facts.repo_id, &repo, &ev))
		return false;
	keep(t, STR("repository"), &ev);
	return read_pull(w, g, repo.full_name, t, &pull) && read_issue(w, g, repo.full_name, t) &&
		read_branch(w, g, branch_of(t, &policy, &repo, pull.base_ref), &pull, t) &&
		read_talk(w, g, repo.full_name, &pull, t) && facts_of(w, t->sources, t->n_sources, &t->facts);
}
