/* Comments and permissions. */
#include <inttypes.h>

#include "base/json.h"
#include "github_call.h"

#define PAGES_MAX 30 /* of 100 */

static bool is_login(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", s.p[i], 64) == NULL)
			return false;
	return s.n > 0 && s.n <= 64;
}

bool github_permission(struct work *w, struct github *g, int64_t repo_id, str login, int64_t uid, str *out)
{
	struct github_page page;
	str url;
	int64_t theirs;

	*out = STR("none");
	if (!is_login(login))
		return true;
	url = arena_printf(w->arena, "%s/repositories/%" PRId64 "/collaborators/" STR_FMT "/permission", g->rest,
		repo_id, STR_ARG(login));
	if (!github_rest(w, g, url, repo_id, &page)) {
		if (strcmp(w->err.code, "github.not_found") != 0)
			return false;
		err_clear(w);
		return true;
	}
	if (json_get_i64(page.json, "user.id", &theirs) && theirs == uid) {
		str role = json_get_str(page.json, "role_name");

		*out = str_one_of(role, "admin|maintain|write|triage|read") ? role
									    : json_get_str(page.json, "permission");
	}
	if (!str_one_of(*out, "admin|maintain|write|triage|read"))
		*out = STR("none");
	return true;
}

bool github_comment_find(
	struct work *w, struct github *g, int64_t repo_id, int32_t number, str marker, int64_t *comment_id)
{
	struct github_page page = { .next = arena_printf(w->arena,
					    "%s/repositories/%" PRId64 "/issues/%d/comments?per_page=100", g->rest,
					    repo_id, number) };

	*comment_id = 0;
	for (int i = 0; page.next.n > 0 && i < PAGES_MAX; i++) {
		const cJSON *comment;
		size_t at;

		if (!github_rest(w, g, page.next, repo_id, &page))
			return false;
		cJSON_ArrayForEach(comment, page.json)
			if (str_find(json_get_str(comment, "body"), marker, &at))
				return json_get_i64(comment, "id", comment_id) ||
					err_set(w, ERR_RETRY, "github.malformed", "a comment without a number");
	}
	return true;
}

bool github_comment_get(struct work *w, struct github *g, int64_t repo_id, int64_t comment_id, bool *found, str *text)
{
	struct github_page page;
	str url = arena_printf(
		w->arena, "%s/repositories/%" PRId64 "/issues/comments/%" PRId64, g->rest, repo_id, comment_id);

	*found = github_rest(w, g, url, repo_id, &page);
	if (!*found) {
		if (!str_one_of(str_c(w->err.code), "github.not_found|github.gone"))
			return false;
		err_clear(w);
		return true;
	}
	*text = json_get_str(page.json, "body");
	return text->p != NULL || err_set(w, ERR_RETRY, "github.malformed", "a comment without a text");
}

bool github_comment_put(
	struct work *w, struct github *g, int64_t repo_id, int32_t number, str text, int64_t *comment_id)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct json j = { .b = &b };
	bool edit = *comment_id != 0;
	const cJSON *answer;
	str url = edit
		? arena_printf(w->arena, "%s/repositories/%" PRId64 "/issues/comments/%" PRId64, g->rest, repo_id,
			  *comment_id)
		: arena_printf(w->arena, "%s/repositories/%" PRId64 "/issues/%d/comments", g->rest, repo_id, number);

	json_open(&j, NULL, '{');
	json_str(&j, "body", text);
	json_close(&j, '}');
	if (!github_write(w, g, edit ? "PATCH" : "POST", url, buf_str(&b), edit, &answer))
		return false;
	return json_get_i64(answer, "id", comment_id) ||
		err_set(w, edit ? ERR_RETRY : ERR_UNCERTAIN, "github.malformed", "a comment without a number");
}
