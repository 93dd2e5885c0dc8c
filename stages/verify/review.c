/* Who reviewed the pull request before it was merged. */
#include "document.h"

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
		(!f->merged || (document_time(item, "submitted_at", &at) && at <= f->merged_at));
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

static bool may_write(struct work *w, const struct source *sources, size_t n, int64_t uid)
{
	str role = arena_printf(w->arena, "permission:%lld", (long long)uid);
	const cJSON *json = document_json(w, sources, n, arena_cstr(w->arena, role));
	int64_t of;

	return json_get_i64(json, "user.id", &of) && of == uid &&
		str_one_of(json_get_str(json, "permission"), "admin|maintain|write");
}

void review_read(struct work *w, const struct source *sources, size_t n, struct facts *f)
{
	struct review *all;
	size_t count = last_words(w, document_json(w, sources, n, "reviews"), f, &all);

	for (size_t i = 0; i < count; i++) {
		if (!fresh(&all[i], f)) {
			f->review_stale = f->review_stale || !str_eq(all[i].state, STR("CHANGES_REQUESTED"));
			continue;
		}
		f->reviewed = true;
		if (!facts_is_kin(f, all[i].uid) && may_write(w, sources, n, all[i].uid))
			f->approved = true;
	}
}

size_t review_approvers(
	struct work *w, const cJSON *list, const struct facts *f, str logins[], int64_t uids[], size_t max)
{
	struct review *all;
	size_t count = last_words(w, list, f, &all), found = 0;

	for (size_t i = 0; i < count && found < max; i++)
		if (fresh(&all[i], f)) {
			logins[found] = all[i].login;
			uids[found++] = all[i].uid;
		}
	return found;
}
