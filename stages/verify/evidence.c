/* What a verdict is made from: each document is read anew, and kept. */
#include "crypto/digest.h"
#include "verify.h"

#define APPROVERS_MAX 5

static void keep(struct merge_task *t, str role, const struct evidence *ev)
{
	struct source *s = &t->sources[t->n_sources++];

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

/* Is it still in the default branch, and did a later commit take it back? */
static bool read_branch(
	struct work *w, struct github *g, str branch, const struct github_pull *pull, struct merge_task *t)
{
	enum github_reach reach;
	struct evidence ev;

	if (!pull->merged || pull->merge_sha.n == 0)
		return true;
	if (!github_reachable(w, g, t->facts.repo_id, pull->merge_sha, branch, &reach, &ev))
		return false;
	keep(t, STR("reach"), &ev);
	if (!github_commits_since(w, g, t->facts.repo_id, branch, pull->merged_at, &ev))
		return false;
	keep(t, STR("since"), &ev);
	return true;
}

static bool by_author(const struct merge_task *t, const struct github_pull *pull)
{
	for (size_t i = 0; i < t->facts.n_kin; i++)
		if (t->facts.kin[i] == pull->merged_by_id)
			return true;
	return pull->merged_by_id == 0 || pull->merged_by_id == pull->author_id;
}

/* Only a merge by the author needs somebody's word, and only of those who approved it. */
static bool read_permissions(struct work *w, struct github *g, const struct github_pull *pull, struct merge_task *t)
{
	str logins[APPROVERS_MAX];
	int64_t uids[APPROVERS_MAX];
	size_t n;

	if (!pull->merged || !by_author(t, pull))
		return true;
	n = facts_approvers(w, t->sources, t->n_sources, logins, uids, APPROVERS_MAX);
	for (size_t i = 0; i < n; i++)
		if (!read_document(w, g, t, arena_printf(w->arena, "permission:%lld", (long long)uids[i]),
			    arena_printf(w->arena, "collaborators/" STR_FMT "/permission", STR_ARG(logins[i]))))
			return false;
	return true;
}

/* What people said and machines checked. */
static bool read_talk(struct work *w, struct github *g, const struct github_pull *pull, struct merge_task *t)
{
	int32_t n = t->pull_number;

	if (!read_list(w, g, t, STR("comments"), arena_printf(w->arena, "issues/%d/comments?per_page=100", n)) ||
		!read_list(w, g, t, STR("reviews"), arena_printf(w->arena, "pulls/%d/reviews?per_page=100", n)) ||
		!read_list(w, g, t, STR("files"), arena_printf(w->arena, "pulls/%d/files?per_page=100", n)))
		return false;
	if (pull->merged && pull->merge_sha.n > 0 &&
		!read_document(w, g, t, STR("checks"),
			arena_printf(
				w->arena, "commits/" STR_FMT "/check-runs?per_page=100", STR_ARG(pull->merge_sha))))
		return false;
	return read_permissions(w, g, pull, t);
}

bool merge_collect(struct work *w, struct github *g, struct merge_task *t)
{
	struct github_repo repo;
	struct github_pull pull;
	struct evidence ev;

	if (!keep_own(w, t) || !github_repo_by_id(w, g, t->facts.repo_id, &repo, &ev))
		return false;
	keep(t, STR("repository"), &ev);
	return read_pull(w, g, repo.full_name, t, &pull) && read_issue(w, g, repo.full_name, t) &&
		read_branch(w, g, repo.default_branch, &pull, t) && read_talk(w, g, &pull, t) &&
		facts_of(w, t->sources, t->n_sources, &t->facts);
}
