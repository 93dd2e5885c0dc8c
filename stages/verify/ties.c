/* What ties the pull request to its issue, and who wrote its commits. */
#include "document.h"

#include "model/closing.h"
#include "model/editor.h"

bool ties_claim(struct work *w, str text, int32_t number)
{
	const int32_t *found;
	size_t n = claim_refs(w->arena, text, &found);

	for (size_t i = 0; i < n; i++)
		if (found[i] == number)
			return true;
	return false;
}

static bool claims(struct work *w, const cJSON *comment, int64_t author, int32_t number)
{
	int64_t uid;

	return json_get_i64(comment, "user.id", &uid) && uid == author &&
		ties_claim(w, json_get_str(comment, "body"), number);
}

bool ties_claimed(struct work *w, const cJSON *comments, int64_t author, int32_t number)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, comments)
		if (claims(w, c, author, number))
			return true;
	return false;
}

static bool stood_at_merge(const cJSON *comment, const struct facts *f)
{
	usec made, edited;

	return f->merged && document_time(comment, "created_at", &made) &&
		document_time(comment, "updated_at", &edited) && made <= f->merged_at && edited <= f->merged_at;
}

static bool is_authors(const cJSON *comment, const cJSON *editors, const struct facts *f)
{
	int64_t id;

	return editors == NULL ||
		(json_get_i64(comment, "id", &id) && editor_wrote_comment(editors, f->author_uid, id));
}

/* A comment that was there at the merge and was not edited since speaks for itself, when the author wrote all of it; any other one
 * for now alone. */
void ties_comments(struct work *w, const cJSON *list, const cJSON *editors, struct facts *f)
{
	const cJSON *c;

	cJSON_ArrayForEach(c, list) {
		if (!claims(w, c, f->author_uid, f->issue_number))
			continue;
		if (stood_at_merge(c, f) && is_authors(c, editors, f))
			f->claim_dated = true;
		else
			f->claim = true;
	}
}

/* It is bound to what it was said about, and was said by somebody who might. */
void ties_award(const cJSON *json, struct facts *f)
{
	int64_t repo, issue, pull;

	f->awarded = json_get_i64(json, "repo_id", &repo) && repo == f->repo_id &&
		json_get_i64(json, "issue_number", &issue) && issue == f->issue_number &&
		json_get_i64(json, "pull_number", &pull) && pull == f->pull_number &&
		str_one_of(json_get_str(json, "permission"), "admin|maintain|write") &&
		json_get_i64(json, "actor_uid", &f->awarder_uid) && json_get_i64(json, "comment_id", &f->award_comment);
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
		document_time(event, "createdAt", &at) && at <= f->merged_at;
}

static bool after_merge(const cJSON *event, const struct facts *f)
{
	usec at;

	return f->merged && document_time(event, "createdAt", &at) && at > f->merged_at;
}

bool ties_history(struct work *w, const cJSON *json, struct facts *f)
{
	const cJSON *list = json_get(json, "repository.issue.timelineItems.nodes"), *e;

	if (!cJSON_IsArray(list))
		return document_incomplete(w, "history");
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

bool ties_references(struct work *w, const cJSON *pages, struct facts *f)
{
	const cJSON *page, *node;

	if (!cJSON_IsArray(pages))
		return document_incomplete(w, "references");
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

bool ties_commits(struct work *w, const cJSON *list, str full_name, struct facts *f)
{
	struct people people = { .room = 1000 };
	const cJSON *c;

	if (!cJSON_IsArray(list))
		return document_incomplete(w, "commits");
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
