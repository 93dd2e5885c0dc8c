/* A pull request and every way in which it is tied to issues of its repository. */
#include "base/buf.h"
#include "base/json.h"
#include "model/closing.h"
#include "model/editor.h"
#include "sql.h"
#include "sync.h"

#define LINKS_MAX 1000 /* GitHub's own limits lie far below */

struct links {
	struct buf b;
	size_t n;
	const cJSON *editors; /* asked for once somebody claims */
};

static void add(struct links *l, int32_t number, int64_t uid, int32_t level, str source)
{
	struct link link = { number, uid, level, source };

	if (l->n == LINKS_MAX)
		return;
	buf_add(&l->b, str_of(&link, sizeof(link)));
	l->n++;
}

static bool is_own(const struct pull_sync *p, const struct closing_ref *ref)
{
	return ref->repo.n == 0 || str_eq_nocase(ref->repo, p->full_name);
}

static bool text_closes(struct work *w, const struct pull_sync *p, int32_t number)
{
	const struct closing_ref *refs;
	size_t n = closing_refs(w->arena, p->text, &refs);

	for (size_t i = 0; i < n; i++)
		if (refs[i].number == number && is_own(p, &refs[i]))
			return true;
	return false;
}

/* A link that is first read after the merge counts when the text at the merge had it, or GitHub closed the issue by it. */
static bool add_reference(
	struct work *w, struct github *g, const struct pull_sync *p, const struct github_closing *c, struct links *l)
{
	struct evidence ev;
	str closer;
	bool found;

	if (!p->pull.merged || text_closes(w, p, c->number)) {
		add(l, c->number, c->issue_id, 5, STR("closing_reference"));
		return true;
	}
	if (!github_issue_closer(w, g, p->repo_id, c->number, &closer, &found, &ev))
		return false;
	if (found && str_eq(closer, p->pull.merge_sha))
		add(l, c->number, c->issue_id, 5, STR("closer"));
	else
		add(l, c->number, c->issue_id, 1, STR("late_reference"));
	return true;
}

static bool add_references(struct work *w, struct github *g, const struct pull_sync *p, struct links *l)
{
	const struct github_closing *closing;
	struct evidence ev;
	size_t n;

	if (!github_closing_issues(w, g, p->full_name, p->number, &closing, &n, &ev))
		return false;
	for (size_t i = 0; i < n; i++)
		if (closing[i].repo_id == p->repo_id && !add_reference(w, g, p, &closing[i], l))
			return false;
	return true;
}

static bool ask_editors(struct work *w, struct github *g, const struct pull_sync *p, struct links *l)
{
	struct evidence ev;

	return l->editors != NULL ||
		(github_editors(w, g, p->full_name, p->number, &ev) && json_parse(w, ev.bytes, &l->editors));
}

/* What another edited is no claim of the author's; it keeps the one that the author made before. */
static bool add_claims(struct work *w, struct github *g, const struct pull_sync *p, struct links *l)
{
	const int32_t *numbers;
	size_t n = claim_refs(w->arena, p->text, &numbers);
	bool own;

	if (n > 0 && !ask_editors(w, g, p, l))
		return false;
	own = n > 0 && editor_wrote_text(l->editors, p->pull.author_id, p->text_at);
	for (size_t i = 0; i < n; i++)
		add(l, numbers[i], 0, own ? 4 : 1, own ? STR("claim") : STR("edited_claim"));
	return true;
}

/* A comment of the author's: what was written or edited after the merge comes too late. */
static bool is_late(const struct pull_sync *p, const cJSON *comment)
{
	usec edited;

	return p->pull.merged &&
		(!clock_parse(json_get_str(comment, "updated_at"), &edited) || edited > p->pull.merged_at);
}

static bool add_comment(
	struct work *w, struct github *g, const struct pull_sync *p, const cJSON *comment, struct links *l)
{
	str source = is_late(p, comment) ? STR("late_claim") : STR("claim_comment");
	const int32_t *numbers;
	size_t n = claim_refs(w->arena, json_get_str(comment, "body"), &numbers);
	int64_t id, uid;

	if (n == 0 || !json_get_i64(comment, "user.id", &uid) || uid != p->pull.author_id ||
		!json_get_i64(comment, "id", &id))
		return true;
	if (!ask_editors(w, g, p, l))
		return false;
	if (!editor_wrote_comment(l->editors, uid, id))
		source = STR("edited_claim_comment");
	for (size_t i = 0; i < n; i++)
		add(l, numbers[i], 0, str_eq(source, STR("claim_comment")) ? 4 : 1, source);
	return true;
}

static bool add_comments(struct work *w, struct github *g, const struct pull_sync *p, struct links *l)
{
	str path = arena_printf(w->arena, "issues/%d/comments?per_page=100", p->number);
	const cJSON *list, *c;
	struct evidence ev;
	bool found;

	if (!github_list_of(w, g, p->repo_id, path, &found, &ev))
		return false;
	if (!found)
		return true;
	if (!json_parse(w, ev.bytes, &list))
		return false;
	cJSON_ArrayForEach(c, list)
		if (!add_comment(w, g, p, c, l))
			return false;
	return true;
}

static bool add_commits(struct work *w, struct github *g, const struct pull_sync *p, struct links *l)
{
	const struct closing_ref *refs;
	struct evidence ev;
	const str *messages;
	size_t n, n_refs;

	if (!github_pull_commits(w, g, p->repo_id, p->number, &messages, &n, &ev))
		return false;
	for (size_t i = 0; i < n; i++) {
		n_refs = closing_refs(w->arena, messages[i], &refs);
		for (size_t k = 0; k < n_refs; k++)
			if (is_own(p, &refs[k]))
				add(l, refs[k].number, 0, 2, STR("commit"));
	}
	return true;
}

bool pull_fetch(struct work *w, struct github *g, struct pull_sync *p)
{
	struct links l = { .b = buf_new(w->arena, LINKS_MAX * sizeof(struct link)) };
	struct evidence ev;

	if (!github_pull_get(w, g, p->repo_id, p->number, &p->pull, &ev))
		return false;
	p->full_name = p->pull.repo_name; /* the body may be older than a rename */
	if (!p->pull.merged) {            /* nothing was merged yet: what stands there now counts */
		p->text = p->pull.body;
		p->text_at = 0;
	}
	if (!add_references(w, g, p, &l) || !add_commits(w, g, p, &l) || !add_comments(w, g, p, &l) ||
		!add_claims(w, g, p, &l))
		return false;
	p->links = (const struct link *)(const void *)l.b.p;
	p->n_links = l.n;
	return true;
}

static bool store_links(struct work *w, struct tx *tx, const struct pull_sync *p, uuid project_id, uuid pull_id)
{
	size_t n = p->n_links;
	int32_t *numbers = arena_array(w->arena, n, sizeof(numbers[0])),
		*levels = arena_array(w->arena, n, sizeof(levels[0]));
	int64_t *uids = arena_array(w->arena, n, sizeof(uids[0]));
	str *sources = arena_array(w->arena, n, sizeof(sources[0]));
	struct sql_pull_link_in in;
	struct sql_pull_link_out out;
	struct sql_pull_lock_out locked;

	if (!sql_pull_lock(w, tx, &(struct sql_pull_lock_in){ pull_id }, &locked))
		return false;
	for (size_t i = 0; i < n; i++) {
		numbers[i] = p->links[i].number;
		uids[i] = p->links[i].issue_uid;
		levels[i] = p->links[i].level;
		sources[i] = p->links[i].source;
	}
	in = (struct sql_pull_link_in){
		.project_id = project_id,
		.pull_id = pull_id,
		.author_uid = p->pull.author_id,
		.numbers = { numbers, n },
		.uids = { uids, n },
		.levels = { levels, n },
		.sources = { sources, n },
		.merge_sha = p->pull.merged ? p->pull.merge_sha : (str){ NULL, 0 },
		.job = w->job,
		.trace = work_trace(w),
		.at_merge = p->at_merge && p->pull.merged,
		.whole = true,
		.frozen = locked.frozen,
		.has_edited_at = p->edited_at > 0,
		.edited_at = p->edited_at,
	};
	if (!sql_pull_link(w, tx, &in, &out))
		return false;
	w->output = arena_printf(w->arena, "{\"submissions\":%lld,\"verifications\":%lld}", (long long)out.submissions,
		(long long)out.jobs);
	return true;
}

bool pull_store(
	struct work *w, struct tx *tx, const struct pull_sync *p, uuid project_id, int64_t delivery_id, usec planned_at)
{
	const struct github_pull *g = &p->pull;
	struct sql_pull_upsert_in in = {
		.project_id = project_id,
		.uid = g->id,
		.number = g->number,
		.title = g->title,
		.author_uid = g->author_id,
		.author_login = g->author_login,
		.author_type = g->author_type,
		.state = g->merged ? STR("merged") : g->state,
		.draft = g->draft,
		.base_ref = g->base_ref,
		.head_sha = g->head_sha,
		.merge_sha = g->merged ? g->merge_sha : (str){ NULL, 0 },
		.has_merged_at = g->merged,
		.merged_at = g->merged_at,
		.has_merged_by = g->merged && g->merged_by_id != 0,
		.merged_by = g->merged_by_id,
		.updated_at = g->updated_at,
		.has_delivery_id = delivery_id != 0,
		.delivery_id = delivery_id,
		.trace = work_trace(w),
		.read_after = planned_at,
	};
	struct sql_pull_upsert_out out;

	if (!sql_pull_upsert(w, tx, &in, &out))
		return false;
	if (!out.has_id || out.raced)
		return err_set(
			w, ERR_RETRY, "sync.pull_raced", "another delivery stored it at the same moment: once more");
	return store_links(w, tx, p, project_id, out.id);
}
