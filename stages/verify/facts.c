#include "facts.h"

#include "base/hex.h"
#include "crypto/digest.h"
#include "model/closing.h"
#include "model/policy.h"

static str document(const struct source *sources, size_t n, const char *role)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(sources[i].role, str_c(role)))
			return sources[i].bytes;
	return (str){ NULL, 0 };
}

static bool incomplete(struct work *w, const char *role)
{
	return err_set(w, ERR_INVALID, "verify.evidence_incomplete", "%s: %s", role,
		w->err.code == NULL ? "not there" : w->err.text);
}

/* NULL when there is none; what is kept was JSON once. */
static const cJSON *parsed(struct work *w, const struct source *sources, size_t n, const char *role)
{
	str bytes = document(sources, n, role);
	const cJSON *json = NULL;

	if (bytes.p == NULL)
		return NULL;
	if (!json_parse(w, bytes, &json)) {
		err_clear(w);
		return NULL;
	}
	return json;
}

/* --- our own rows --- */

struct rows {
	struct facts f;
	int64_t grace_s;
};
static const struct field rows_fields[] = {
	FIELD(FIELD_UUID, struct rows, f.submission, .from = "submission"),
	FIELD(FIELD_I64, struct rows, f.repo_id, .from = "repo_id"),
	FIELD(FIELD_I32, struct rows, f.issue_number, .from = "issue_number"),
	FIELD(FIELD_I64, struct rows, f.claimant_uid, .from = "claimant_uid"),
	FIELD(FIELD_BOOL, struct rows, f.frozen, .from = "frozen"),
	FIELD(FIELD_BOOL, struct rows, f.reference_seen, .from = "reference_seen"),
	FIELD(FIELD_BOOL, struct rows, f.claim_seen, .from = "claim_seen"),
	FIELD(FIELD_I32, struct rows, f.rival_won, .from = "rival_won"),
	FIELD(FIELD_I32, struct rows, f.rival_first, .from = "rival_first"),
	FIELD(FIELD_BOOL, struct rows, f.funder_is_claimant, .from = "funder_is_claimant"),
	FIELD(FIELD_BOOL, struct rows, f.reciprocal, .from = "reciprocal"),
	FIELD(FIELD_TIME, struct rows, f.deadline, .from = "deadline"),
	FIELD(FIELD_I64, struct rows, grace_s, .from = "grace_seconds"),
	FIELD(FIELD_TIME, struct rows, f.told_at, .from = "told_at", .optional = true),
};

static const int64_t *ids_of(struct work *w, const cJSON *list, size_t *n)
{
	int64_t *ids = arena_array(w->arena, (size_t)cJSON_GetArraySize(list), sizeof(ids[0]));

	*n = 0;
	for (const cJSON *item = list == NULL ? NULL : list->child; item != NULL; item = item->next)
		*n += json_i64_of(item, &ids[*n]);
	return ids;
}

static const int32_t *numbers_of(struct work *w, const cJSON *list, size_t *n)
{
	const int64_t *ids = ids_of(w, list, n);
	int32_t *numbers = arena_array(w->arena, *n, sizeof(numbers[0]));

	for (size_t i = 0; i < *n; i++)
		numbers[i] = (int32_t)ids[i];
	return numbers;
}

static const str *names_of(struct work *w, const cJSON *list, size_t *n)
{
	str *names = arena_array(w->arena, (size_t)cJSON_GetArraySize(list), sizeof(names[0]));

	*n = 0;
	for (const cJSON *item = list == NULL ? NULL : list->child; item != NULL; item = item->next)
		if (cJSON_IsString(item))
			names[(*n)++] = str_c(item->valuestring);
	return names;
}

static bool read_rows(struct work *w, const cJSON *json, struct facts *f)
{
	struct rows rows = { 0 };

	if (json == NULL || !json_read(w, json, FIELDS(struct rows, rows_fields), 0, &rows))
		return incomplete(w, "rows");
	*f = rows.f;
	f->grace = rows.grace_s * USEC_S;
	f->kin = ids_of(w, json_get(json, "kin"), &f->n_kin);
	f->rivals = numbers_of(w, json_get(json, "rivals"), &f->n_rivals);
	f->undecided = numbers_of(w, json_get(json, "undecided"), &f->n_undecided);
	f->branches = names_of(w, json_get(json, "branches"), &f->n_branches);
	return true;
}

/* --- the pull request and its issue --- */

static const struct field pull_fields[] = {
	FIELD(FIELD_I64, struct facts, pull_id, .from = "id"),
	FIELD(FIELD_I32, struct facts, pull_number, .from = "number"),
	FIELD(FIELD_I64, struct facts, pull_repo_id, .from = "base.repo.id"),
	FIELD(FIELD_I64, struct facts, author_uid, .from = "user.id", .optional = true),
	FIELD(FIELD_STR, struct facts, author_type, .from = "user.type", .optional = true),
	FIELD(FIELD_I64, struct facts, merger_uid, .from = "merged_by.id", .optional = true),
	FIELD(FIELD_STR, struct facts, merger_type, .from = "merged_by.type", .optional = true),
	FIELD(FIELD_BOOL, struct facts, merged),
	FIELD(FIELD_TIME, struct facts, merged_at, .optional = true),
	FIELD(FIELD_TIME, struct facts, opened_at, .from = "created_at"),
	FIELD(FIELD_STR, struct facts, base, .from = "base.ref"),
	FIELD(FIELD_STR, struct facts, head_sha, .from = "head.sha"),
	FIELD(FIELD_STR, struct facts, merge_sha, .from = "merge_commit_sha", .optional = true),
	FIELD(FIELD_STR, struct facts, title),
};
static const struct field issue_fields[] = {
	FIELD(FIELD_I64, struct facts, issue_id, .from = "id"),
	FIELD(FIELD_STR, struct facts, issue_state, .from = "state"),
	FIELD(FIELD_STR, struct facts, issue_reason, .from = "state_reason", .optional = true),
};
static const struct field repository_fields[] = {
	FIELD(FIELD_STR, struct facts, default_branch),
};

static bool claims(struct work *w, str text, int32_t number)
{
	const int32_t *found;
	size_t n = claim_refs(w->arena, text, &found);

	for (size_t i = 0; i < n; i++)
		if (found[i] == number)
			return true;
	return false;
}

static bool read_pull(struct work *w, const cJSON *json, struct facts *f)
{
	if (json == NULL || !json_read(w, json, FIELDS(struct facts, pull_fields), 0, f))
		return incomplete(w, "pull");
	if (!f->merged)
		f->merge_sha = (str){ NULL, 0 };
	f->claim = claims(w, json_get_str(json, "body"), f->issue_number);
	return true;
}

static bool time_of(const cJSON *object, const char *path, usec *out)
{
	return clock_parse(json_get_str(object, path), out);
}

/* A comment that was there at the merge and was not edited since speaks for itself; any other one for now alone. */
static void read_comments(struct work *w, const cJSON *list, struct facts *f)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, list) {
		usec made, edited;
		int64_t uid;

		if (!json_get_i64(c, "user.id", &uid) || uid != f->author_uid ||
			!claims(w, json_get_str(c, "body"), f->issue_number))
			continue;
		if (f->merged && time_of(c, "created_at", &made) && time_of(c, "updated_at", &edited) &&
			made <= f->merged_at && edited <= f->merged_at)
			f->claim_dated = true;
		else
			f->claim = true;
	}
}

/* --- what closed the issue, and who linked it --- */

static bool is_pull(const cJSON *object, const struct facts *f, int64_t *number)
{
	int64_t repo;

	*number = 0;
	return json_get_i64(object, "number", number) && json_get_i64(object, "repository.databaseId", &repo) &&
		repo == f->repo_id;
}

static bool is_among(const int32_t *numbers, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static enum closer closer_of_pull(const cJSON *pull, const struct facts *f)
{
	int64_t number;

	if (!is_pull(pull, f, &number))
		return CLOSER_OTHER;
	if (number == f->pull_number)
		return CLOSER_OURS;
	if (is_among(f->undecided, f->n_undecided, number))
		return CLOSER_UNDECIDED;
	return is_among(f->rivals, f->n_rivals, number) ? CLOSER_RIVAL : CLOSER_OTHER;
}

static enum closer closer_of(const cJSON *event, const struct facts *f)
{
	const cJSON *closer = json_get(event, "closer"), *pull;
	enum closer best = CLOSER_OTHER;

	if (!cJSON_IsObject(closer))
		return CLOSER_NONE;
	if (str_eq(json_get_str(closer, "__typename"), STR("PullRequest")))
		return closer_of_pull(closer, f);
	if (f->merge_sha.n > 0 && str_eq(json_get_str(closer, "oid"), f->merge_sha))
		return CLOSER_OURS;
	cJSON_ArrayForEach(pull, json_get(closer, "associatedPullRequests.nodes")) {
		enum closer c = closer_of_pull(pull, f);

		if (c != CLOSER_OTHER && best != CLOSER_OURS)
			best = c;
	}
	return best;
}

static bool names_us(const cJSON *event, const struct facts *f)
{
	int64_t number;

	return (is_pull(json_get(event, "source"), f, &number) && number == f->pull_number) ||
		(is_pull(json_get(event, "subject"), f, &number) && number == f->pull_number);
}

/* Who may link on the page has write permission; the author's own link is no more than the author's word. */
static bool by_another(const cJSON *event, const struct facts *f)
{
	int64_t actor;
	usec at;

	return json_get_i64(event, "actor.databaseId", &actor) && actor != f->author_uid && f->merged &&
		time_of(event, "createdAt", &at) && at <= f->merged_at;
}

static bool after_merge(const cJSON *event, const struct facts *f)
{
	usec at;

	return f->merged && time_of(event, "createdAt", &at) && at > f->merged_at;
}

static bool read_history(struct work *w, const cJSON *json, struct facts *f)
{
	const cJSON *list = json_get(json, "repository.issue.timelineItems.nodes"), *e;

	if (!cJSON_IsArray(list))
		return incomplete(w, "history");
	cJSON_ArrayForEach(e, list) {
		str type = json_get_str(e, "__typename");

		if (str_eq(type, STR("ClosedEvent")))
			f->closer = closer_of(e, f);
		else if (str_eq(type, STR("ConnectedEvent")) && names_us(e, f) && by_another(e, f))
			f->linked = true;
		else if (str_eq(type, STR("DisconnectedEvent")) && names_us(e, f) && !after_merge(e, f))
			f->linked = false;
	}
	return true;
}

static bool read_references(struct work *w, const cJSON *pages, struct facts *f)
{
	const cJSON *page, *node;

	if (!cJSON_IsArray(pages))
		return incomplete(w, "references");
	cJSON_ArrayForEach(page, pages) {
		cJSON_ArrayForEach(node, json_get(page, "repository.pullRequest.closingIssuesReferences.nodes")) {
			int64_t number;

			f->reference = f->reference || (is_pull(node, f, &number) && number == f->issue_number);
		}
	}
	return true;
}

/* --- commits: closing keywords, and who else wrote them --- */

static bool closes(struct work *w, str message, str full_name, int32_t number)
{
	const struct closing_ref *refs;
	size_t n = closing_refs(w->arena, message, &refs);

	for (size_t i = 0; i < n; i++)
		if (refs[i].number == number && (refs[i].repo.n == 0 || str_eq_nocase(refs[i].repo, full_name)))
			return true;
	return false;
}

struct people {
	int64_t *ids;
	size_t n, room;
	int32_t unknown;
};

static void add_person(struct people *p, const struct facts *f, int64_t uid)
{
	if (uid == f->author_uid)
		return;
	for (size_t i = 0; i < p->n; i++)
		if (p->ids[i] == uid)
			return;
	if (p->n < p->room)
		p->ids[p->n++] = uid;
}

/* "Name <123+login@users.noreply.github.com>" names account 123 for certain; any other address is anybody's word. */
static bool noreply_uid(str trailer, int64_t *uid)
{
	size_t open, plus;
	str address;

	if (!str_find(trailer, STR("<"), &open) || !str_ends(trailer, STR("@users.noreply.github.com>")))
		return false;
	address = str_skip(trailer, open + 1);
	return str_find(address, STR("+"), &plus) && str_i64(str_of(address.p, plus), uid) && *uid > 0;
}

static void read_trailers(str message, const struct facts *f, struct people *p)
{
	static const str name = { "co-authored-by:", 15 };
	str line;

	while (str_next(&message, '\n', &line)) {
		int64_t uid;

		line = str_trim(line);
		if (line.n <= name.n || !str_eq_nocase(str_of(line.p, name.n), name))
			continue;
		if (noreply_uid(line, &uid))
			add_person(p, f, uid);
		else
			p->unknown++;
	}
}

static bool read_commits(struct work *w, const cJSON *list, str full_name, struct facts *f)
{
	struct people people = { .room = 1000 };
	const cJSON *c;

	if (!cJSON_IsArray(list))
		return incomplete(w, "commits");
	people.ids = arena_array(w->arena, people.room, sizeof(people.ids[0]));
	cJSON_ArrayForEach(c, list) {
		str message = json_get_str(c, "commit.message");
		int64_t uid;

		f->commit = f->commit || closes(w, message, full_name, f->issue_number);
		if (json_get_i64(c, "author.id", &uid))
			add_person(&people, f, uid);
		read_trailers(message, f, &people);
	}
	f->co_authors = people.ids;
	f->n_co_authors = people.n;
	f->unknown_authors = people.unknown;
	return true;
}

/* --- after the merge --- */

static void read_reach(const cJSON *json, struct facts *f)
{
	if (!f->merged || f->merge_sha.n == 0)
		return;
	f->reach_unknown = !cJSON_IsObject(json);
	f->reachable = str_eq(json_get_str(json, "base_commit.sha"), f->merge_sha) &&
		str_one_of(json_get_str(json, "status"), "ahead|identical");
}

/* "Reverts #4", "reverts owner/name#4." */
static bool reverts_number(str message, str full_name, int32_t number)
{
	static const str verb = { "everts ", 7 };
	size_t at;

	while (str_find(message, verb, &at)) {
		int64_t n;
		size_t hash, end;
		str repo;

		message = str_skip(message, at + verb.n);
		if (!str_find(message, STR("#"), &hash))
			return false;
		repo = str_of(message.p, hash);
		for (end = hash + 1; end < message.n && message.p[end] >= '0' && message.p[end] <= '9';)
			end++;
		if ((repo.n == 0 || str_eq_nocase(repo, full_name)) &&
			str_i64(str_of(message.p + hash + 1, end - hash - 1), &n) && n == number)
			return true;
	}
	return false;
}

/* The title that GitHub gives to the pull request that reverts this one, or git to the commit, in a line of its own. */
static bool reverts_title(struct work *w, str message, const struct facts *f)
{
	str own = arena_printf(w->arena, "Revert \"" STR_FMT "\"", STR_ARG(f->title)),
	    squashed = arena_printf(w->arena, "Revert \"" STR_FMT " (#%d)\"", STR_ARG(f->title), f->pull_number), line;

	while (f->title.n > 0 && str_next(&message, '\n', &line))
		if (str_starts(line, own) || str_starts(line, squashed))
			return true;
	return false;
}

/* By git's sentence, GitHub's name for the branch, or what people write. */
static bool takes_back(struct work *w, str message, str full_name, const struct facts *f)
{
	str sentence = arena_printf(w->arena, "reverts commit " STR_FMT, STR_ARG(f->merge_sha)),
	    branch = arena_printf(w->arena, "/revert-%d-", f->pull_number);
	size_t at;

	return str_find(message, sentence, &at) || str_find(message, branch, &at) ||
		reverts_number(message, full_name, f->pull_number) || reverts_title(w, message, f);
}

/* What the files were before the merge; { NULL, 0 } when that is not known, or the merge changed nothing. */
static str tree_before(const cJSON *before, const cJSON *reach)
{
	str tree = json_get_str(before, "tree.sha");

	return str_eq(tree, json_get_str(reach, "base_commit.commit.tree.sha")) ? (str){ NULL, 0 } : tree;
}

/* Commits of the branch by their dates: some among them may be the merge's own ancestors. */
struct since {
	const cJSON **commits;
	bool *older, *walked;
	size_t n;
};

static void mark_older(struct since *s, str sha)
{
	for (size_t i = 0; i < s->n; i++)
		if (!s->older[i] && str_eq(json_get_str(s->commits[i], "sha"), sha)) {
			s->older[i] = true;
			return;
		}
}

static void mark_parents(struct since *s, const cJSON *commit)
{
	const cJSON *parent;

	cJSON_ArrayForEach(parent, json_get(commit, "parents")) {
		mark_older(s, json_get_str(parent, "sha"));
	}
}

static bool walk(struct since *s)
{
	bool further = false;

	for (size_t i = 0; i < s->n; i++)
		if (s->older[i] && !s->walked[i]) {
			s->walked[i] = further = true;
			mark_parents(s, s->commits[i]);
		}
	return further;
}

static struct since since_of(struct work *w, const cJSON *list, const cJSON *reach, const struct facts *f)
{
	size_t room = (size_t)cJSON_GetArraySize(list);
	struct since s = {
		.commits = arena_array(w->arena, room, sizeof(s.commits[0])),
		.older = arena_zero(w->arena, room + 1),
		.walked = arena_zero(w->arena, room + 1),
	};
	const cJSON *c;

	cJSON_ArrayForEach(c, list) {
		s.commits[s.n++] = c;
	}
	mark_older(&s, f->merge_sha);
	mark_parents(&s, json_get(reach, "base_commit"));
	while (walk(&s))
		;
	return s;
}

/* A revert that was reverted itself is one for a person to see. */
static void read_since(
	struct work *w, const cJSON *list, const cJSON *reach, str before, str full_name, struct facts *f)
{
	struct since s;

	if (!f->merged || f->merge_sha.n == 0)
		return;
	f->since_unknown = !cJSON_IsArray(list);
	s = since_of(w, list, reach, f);
	for (size_t i = 0; i < s.n; i++)
		if (!s.older[i] &&
			(takes_back(w, json_get_str(s.commits[i], "commit.message"), full_name, f) ||
				(before.n > 0 && str_eq(json_get_str(s.commits[i], "commit.tree.sha"), before))))
			f->reverted = true;
}

/* --- reviews --- */

struct review {
	int64_t uid;
	str login, state, commit;
};

static bool counts(const cJSON *item, const struct facts *f, struct review *out)
{
	usec at;

	out->state = json_get_str(item, "state");
	out->login = json_get_str(item, "user.login");
	out->commit = json_get_str(item, "commit_id");
	return json_get_i64(item, "user.id", &out->uid) && out->uid != f->author_uid &&
		str_one_of(out->state, "APPROVED|CHANGES_REQUESTED|DISMISSED") &&
		str_eq(json_get_str(item, "user.type"), STR("User")) &&
		(!f->merged || (time_of(item, "submitted_at", &at) && at <= f->merged_at));
}

/* The last word of each reviewer, in the order in which GitHub lists them. */
static size_t last_words(struct work *w, const cJSON *list, const struct facts *f, struct review **out)
{
	struct review *all = arena_array(w->arena, (size_t)cJSON_GetArraySize(list), sizeof(all[0])), r;
	const cJSON *item;
	size_t n = 0;

	cJSON_ArrayForEach(item, list) {
		size_t i = 0;

		if (!counts(item, f, &r))
			continue;
		while (i < n && all[i].uid != r.uid)
			i++;
		all[i] = r;
		n += i == n;
	}
	*out = all;
	return n;
}

static bool fresh(const struct review *r, const struct facts *f)
{
	return str_eq(r->state, STR("APPROVED")) && str_eq(r->commit, f->head_sha);
}

static bool is_kin(const struct facts *f, int64_t uid)
{
	for (size_t i = 0; i < f->n_kin; i++)
		if (f->kin[i] == uid)
			return true;
	return false;
}

static bool may_write(struct work *w, const struct source *sources, size_t n, int64_t uid)
{
	str role = arena_printf(w->arena, "permission:%lld", (long long)uid);
	const cJSON *json = parsed(w, sources, n, arena_cstr(w->arena, role));
	int64_t of;

	return json_get_i64(json, "user.id", &of) && of == uid &&
		str_one_of(json_get_str(json, "permission"), "admin|maintain|write");
}

static void read_reviews(struct work *w, const struct source *sources, size_t n, struct facts *f)
{
	struct review *all;
	size_t count = last_words(w, parsed(w, sources, n, "reviews"), f, &all);

	for (size_t i = 0; i < count; i++) {
		if (!fresh(&all[i], f)) {
			f->review_stale = f->review_stale || !str_eq(all[i].state, STR("CHANGES_REQUESTED"));
			continue;
		}
		f->reviewed = true;
		if (!is_kin(f, all[i].uid) && may_write(w, sources, n, all[i].uid))
			f->approved = true;
	}
}

static bool merged_by_another(const struct facts *f)
{
	return f->merger_uid != 0 && str_eq(f->merger_type, STR("User")) && f->merger_uid != f->author_uid &&
		!is_kin(f, f->merger_uid);
}

/* Whether the project's own file asks for a review; one that is not to be read is told of by policy_of. */
static bool review_required(struct work *w, const struct source *sources, size_t n)
{
	struct policy p;

	if (policy_of(w, &policy_merge, sources, n, &p))
		return (p.required >> 11 & 1) != 0;
	err_clear(w);
	return true;
}

size_t facts_approvers(struct work *w, const struct source *sources, size_t n, str logins[], int64_t uids[], size_t max)
{
	const cJSON *pull = parsed(w, sources, n, "pull");
	struct facts f = { 0 };
	struct review *all;
	size_t count, found = 0;

	if (!read_rows(w, parsed(w, sources, n, "rows"), &f) || pull == NULL ||
		!json_read(w, pull, FIELDS(struct facts, pull_fields), 0, &f)) {
		err_clear(w);
		return 0;
	}
	if (!f.merged || (merged_by_another(&f) && !review_required(w, sources, n)))
		return 0;
	count = last_words(w, parsed(w, sources, n, "reviews"), &f, &all);
	for (size_t i = 0; i < count && found < max; i++)
		if (fresh(&all[i], &f)) {
			logins[found] = all[i].login;
			uids[found++] = all[i].uid;
		}
	return found;
}

/* --- checks and files --- */

/* GitHub hands out 100 at once; a green page of more says nothing about the rest. */
static enum ci ci_of_runs(const cJSON *json)
{
	const cJSON *runs = json_get(json, "check_runs"), *run;
	enum ci ci = CI_NONE;
	int64_t total;

	if (!cJSON_IsArray(runs))
		return CI_UNKNOWN;
	cJSON_ArrayForEach(run, runs) {
		if (str_one_of(json_get_str(run, "conclusion"), "failure|timed_out|cancelled|action_required"))
			return CI_RED;
		if (!str_eq(json_get_str(run, "status"), STR("completed")))
			ci = CI_PENDING;
		else if (ci != CI_PENDING)
			ci = CI_GREEN;
	}
	return json_get_i64(json, "total_count", &total) && total > cJSON_GetArraySize(runs) ? CI_UNKNOWN : ci;
}

/* Statuses, which are older than check runs; GitHub calls none of them "pending". */
static enum ci ci_of_statuses(const cJSON *json)
{
	str state = json_get_str(json, "state");
	int64_t total;

	if (!json_get_i64(json, "total_count", &total))
		return CI_UNKNOWN;
	if (total == 0)
		return CI_NONE;
	if (str_one_of(state, "failure|error"))
		return CI_RED;
	return str_eq(state, STR("success")) ? CI_GREEN : CI_PENDING;
}

static enum ci worse_ci(enum ci a, enum ci b)
{
	static const int rank[] = { [CI_NONE] = 0, [CI_GREEN] = 1, [CI_PENDING] = 2, [CI_UNKNOWN] = 3, [CI_RED] = 4 };

	return rank[a] > rank[b] ? a : b;
}

static bool is_generated(str name)
{
	static const str ends[] = { { ".lock", 5 }, { "-lock.json", 10 }, { "-lock.yaml", 10 }, { ".sum", 4 },
		{ ".min.js", 7 }, { ".min.css", 8 }, { ".map", 4 }, { ".snap", 5 } };
	static const str folders[] = { { "node_modules/", 13 }, { "vendor/", 7 }, { "dist/", 5 } };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (str_ends(name, ends[i]))
			return true;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		if (str_starts(name, folders[i]))
			return true;
	return false;
}

/* The patch's lines that begin with sign, without white space. */
static str squeezed(struct work *w, str patch, char sign)
{
	struct buf b = buf_new(w->arena, SIZE_MAX / 4);
	str line;

	while (str_next(&patch, '\n', &line))
		for (size_t i = 1; line.n > 0 && line.p[0] == sign && i < line.n; i++)
			if (memchr(" \t\r\f\v", line.p[i], 5) == NULL)
				buf_byte(&b, (uint8_t)line.p[i]);
	return buf_str(&b);
}

static bool is_whitespace(struct work *w, const cJSON *file)
{
	str patch = json_get_str(file, "patch"); /* binary files and large ones have none */

	return patch.n > 0 && str_eq(squeezed(w, patch, '+'), squeezed(w, patch, '-'));
}

static enum diff diff_of(struct work *w, const cJSON *files)
{
	bool trivial = true, whitespace = true;
	const cJSON *file;

	if (!cJSON_IsArray(files))
		return DIFF_UNKNOWN;
	if (cJSON_GetArraySize(files) == 0)
		return DIFF_EMPTY;
	cJSON_ArrayForEach(file, files) {
		bool blank = is_whitespace(w, file);

		trivial = trivial && (blank || is_generated(json_get_str(file, "filename")));
		whitespace = whitespace && blank;
	}
	return whitespace ? DIFF_WHITESPACE : trivial ? DIFF_GENERATED : DIFF_REAL;
}

/* What GitHub need not have for us. */
static void read_optional(
	struct work *w, const struct source *sources, size_t n, const cJSON *repository, struct facts *f)
{
	const cJSON *reach = parsed(w, sources, n, "reach");

	read_reach(reach, f);
	read_since(w, parsed(w, sources, n, "since"), reach, tree_before(parsed(w, sources, n, "before"), reach),
		json_get_str(repository, "full_name"), f);
	read_comments(w, parsed(w, sources, n, "comments"), f);
	read_reviews(w, sources, n, f);
	f->ci = worse_ci(
		ci_of_runs(parsed(w, sources, n, "checks")), ci_of_statuses(parsed(w, sources, n, "statuses")));
	f->diff = diff_of(w, parsed(w, sources, n, "files"));
}

bool facts_of(struct work *w, const struct source *sources, size_t n, struct facts *f)
{
	const cJSON *repository = parsed(w, sources, n, "repository"), *issue = parsed(w, sources, n, "issue");

	*f = (struct facts){ 0 };
	if (!read_rows(w, parsed(w, sources, n, "rows"), f) || !read_pull(w, parsed(w, sources, n, "pull"), f))
		return false;
	if (repository == NULL || !json_read(w, repository, FIELDS(struct facts, repository_fields), 0, f))
		return incomplete(w, "repository");
	if (issue == NULL || !json_read(w, issue, FIELDS(struct facts, issue_fields), 0, f))
		return incomplete(w, "issue");
	if (!read_history(w, parsed(w, sources, n, "history"), f) ||
		!read_references(w, parsed(w, sources, n, "references"), f) ||
		!read_commits(w, parsed(w, sources, n, "commits"), json_get_str(repository, "full_name"), f))
		return false;
	read_optional(w, sources, n, repository, f);
	return true;
}

bool policy_of(struct work *w, const struct policy *base, const struct source *sources, size_t n, struct policy *out)
{
	str text = document(sources, n, "policy");
	struct project_policy *own;
	uint8_t sum[32];

	*out = *base;
	if (text.p == NULL)
		return true;
	own = arena_zero(w->arena, sizeof(*own));
	if (!project_policy_read(w, text, own))
		return false;
	sha256(text, sum);
	out->project = hex_str(w->arena, str_of(sum, 32));
	out->required = own->required;
	out->branches = own->branches;
	out->n_branches = own->n_branches;
	if (out->level < own->evidence)
		out->level = own->evidence;
	return true;
}
