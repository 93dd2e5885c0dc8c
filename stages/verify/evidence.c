/* What a verdict is made from: each document is read anew, and kept. */
#include "crypto/digest.h"
#include "model/closing.h"
#include "verify.h"

static void keep(struct merge_task *t, const struct evidence *ev)
{
	struct source *s = &t->sources[t->n_sources++];

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
	keep(t, &ev);
	return true;
}

static bool read_pull(struct work *w, struct github *g, struct merge_task *t)
{
	struct facts *f = &t->facts;
	struct github_pull pull;
	const int32_t *claims;
	struct evidence ev;
	size_t n;

	if (!github_pull_get(w, g, f->repo_id, t->pull_number, &pull, &ev))
		return false;
	keep(t, &ev);
	f->pull_id = pull.id;
	f->pull_number = pull.number;
	f->pull_repo_id = pull.repo_id;
	f->author_uid = pull.author_id;
	f->author_type = pull.author_type;
	f->merger_uid = pull.merged_by_id;
	f->merged = pull.merged;
	f->merged_at = pull.merged_at;
	f->base = pull.base_ref;
	f->head_sha = pull.head_sha;
	f->merge_sha = pull.merged ? pull.merge_sha : (str){ NULL, 0 };
	n = claim_refs(w->arena, pull.body, &claims);
	for (size_t i = 0; i < n; i++)
		f->claim = f->claim || claims[i] == f->issue_number;
	return true;
}

static bool read_issue(struct work *w, struct github *g, struct merge_task *t)
{
	struct facts *f = &t->facts;
	struct github_issue issue;
	struct evidence ev;
	bool found;

	if (!github_issue_get(w, g, f->repo_id, f->issue_number, &issue, &ev))
		return false;
	keep(t, &ev);
	f->issue_id = issue.id;
	f->issue_state = issue.state;
	f->issue_reason = issue.state_reason;
	if (!github_issue_closer(w, g, f->repo_id, f->issue_number, &f->closer_sha, &found, &ev))
		return false;
	keep(t, &ev);
	if (!found)
		f->closer_sha = (str){ NULL, 0 };
	return true;
}

static bool read_references(struct work *w, struct github *g, str full_name, struct merge_task *t)
{
	struct facts *f = &t->facts;
	const struct github_closing *closing;
	struct evidence ev;
	size_t n;

	if (!github_closing_issues(w, g, full_name, t->pull_number, &closing, &n, &ev))
		return false;
	keep(t, &ev);
	for (size_t i = 0; i < n; i++)
		f->reference =
			f->reference || (closing[i].repo_id == f->repo_id && closing[i].number == f->issue_number);
	return true;
}

static bool read_commits(struct work *w, struct github *g, str full_name, struct merge_task *t)
{
	struct facts *f = &t->facts;
	const struct closing_ref *refs;
	struct evidence ev;
	const str *messages;
	size_t n, n_refs;

	if (!github_pull_commits(w, g, f->repo_id, t->pull_number, &messages, &n, &ev))
		return false;
	keep(t, &ev);
	for (size_t i = 0; i < n; i++) {
		n_refs = closing_refs(w->arena, messages[i], &refs);
		for (size_t k = 0; k < n_refs; k++)
			f->commit = f->commit ||
				(refs[k].number == f->issue_number &&
					(refs[k].repo.n == 0 || str_eq_nocase(refs[k].repo, full_name)));
	}
	return true;
}

static bool read_reach(struct work *w, struct github *g, struct merge_task *t)
{
	enum github_reach reach;
	struct evidence ev;

	if (!t->facts.merged || t->facts.merge_sha.n == 0)
		return true;
	if (!github_reachable(w, g, t->facts.repo_id, t->facts.merge_sha, t->facts.default_branch, &reach, &ev))
		return false;
	keep(t, &ev);
	t->facts.reachable = reach == GITHUB_REACHABLE;
	return true;
}

bool merge_collect(struct work *w, struct github *g, struct merge_task *t)
{
	struct github_repo repo;
	struct evidence ev;

	if (!keep_own(w, t) || !github_repo_by_id(w, g, t->facts.repo_id, &repo, &ev))
		return false;
	keep(t, &ev);
	t->facts.default_branch = repo.default_branch;
	return read_pull(w, g, t) && read_issue(w, g, t) && read_references(w, g, repo.full_name, t) &&
		read_commits(w, g, repo.full_name, t) && read_reach(w, g, t);
}
