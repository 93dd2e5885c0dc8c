/* What became of the merge: whether its commit is in the branch, and whether a later one takes it back. */
#include "document.h"

void since_reach(const cJSON *json, struct facts *f)
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
void since_read(
	struct work *w, const cJSON *list, const cJSON *reach, const cJSON *before, str full_name, struct facts *f)
{
	str tree = tree_before(before, reach);
	struct since s;

	if (!f->merged || f->merge_sha.n == 0)
		return;
	f->since_unknown = !cJSON_IsArray(list);
	s = since_of(w, list, reach, f);
	for (size_t i = 0; i < s.n; i++)
		if (!s.older[i] &&
			(takes_back(w, json_get_str(s.commits[i], "commit.message"), full_name, f) ||
				(tree.n > 0 && str_eq(json_get_str(s.commits[i], "commit.tree.sha"), tree))))
			f->reverted = true;
}
