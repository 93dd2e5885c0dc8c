/* What GitHub says of who may administer a repository. */
#include <inttypes.h>

#include "base/hex.h"
#include "crypto/digest.h"
#include "github_call.h"

#define FILE_MAX 65536

static void evidence_of(struct work *w, const struct github_page *page, struct evidence *ev)
{
	if (!json_canonical(w, page->json, &ev->bytes)) {
		err_clear(w);
		ev->bytes = json_print(w, page->json);
	}
	sha256(ev->bytes, ev->sha256);
	ev->url = page->at;
}

static bool ask(
	struct work *w, struct github *g, int64_t repo_id, str rest, struct github_page *page, struct evidence *ev)
{
	str url = arena_printf(w->arena, "%s/repositories/%" PRId64 STR_FMT, g->rest, repo_id, STR_ARG(rest));

	*ev = (struct evidence){ 0 };
	if (!github_rest(w, g, url, repo_id, page))
		return false;
	evidence_of(w, page, ev);
	return true;
}

/* 404 is an answer, too. */
static bool absent(struct work *w)
{
	if (w->err.code == NULL || strcmp(w->err.code, "github.not_found") != 0)
		return false;
	err_clear(w);
	return true;
}

bool github_repo_admin(struct work *w, struct github *g, int64_t repo_id, bool *admin, struct evidence *ev)
{
	struct github_page page;
	int64_t id;

	if (!ask(w, g, repo_id, STR(""), &page, ev))
		return false;
	if (!json_get_i64(page.json, "id", &id) || id != repo_id)
		return err_set(w, ERR_INVALID, "github.mismatch", "the answer is about another repository");
	*admin = cJSON_IsTrue(json_get(page.json, "permissions.admin"));
	return true;
}

static bool is_login(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", s.p[i], 64) == NULL)
			return false;
	return s.n > 0 && s.n <= 64;
}

bool github_permission_of(
	struct work *w, struct github *g, int64_t repo_id, str login, int64_t uid, str *out, struct evidence *ev)
{
	struct github_page page;
	int64_t theirs;
	str role;

	*out = STR("none");
	*ev = (struct evidence){ 0 };
	if (!is_login(login))
		return true;
	if (!ask(w, g, repo_id, arena_printf(w->arena, "/collaborators/" STR_FMT "/permission", STR_ARG(login)), &page,
		    ev))
		return absent(w);
	role = json_get_str(page.json, "role_name");
	if (!str_one_of(role, "admin|maintain|write|triage|read"))
		role = json_get_str(page.json, "permission");
	if (json_get_i64(page.json, "user.id", &theirs) && theirs == uid &&
		str_one_of(role, "admin|maintain|write|triage|read"))
		*out = role;
	return true;
}

bool github_installation_of(struct work *w, struct github *g, int64_t repo_id, struct github_installation *out)
{
	str url = arena_printf(w->arena, "%s/repositories/%" PRId64 "/installation", g->rest, repo_id);
	const cJSON *json = NULL;

	*out = (struct github_installation){ 0 };
	if (!github_app_ask(w, g, "GET", url, 200, &json))
		return absent(w);
	out->account_login = json_get_str(json, "account.login");
	out->suspended = json_get_str(json, "suspended_at").n > 0;
	return (json_get_i64(json, "id", &out->id) && json_get_i64(json, "account.id", &out->account_id)) ||
		err_set(w, ERR_RETRY, "github.malformed", "an installation without a number");
}

/* GitHub breaks its base64 into lines. */
static bool decode(struct work *w, str content, str *text)
{
	struct buf b = buf_new(w->arena, content.n + 1);

	for (size_t i = 0; i < content.n; i++)
		if (content.p[i] != '\n')
			buf_byte(&b, (uint8_t)content.p[i]);
	return base64_decode(w->arena, buf_str(&b), text) ||
		err_set(w, ERR_RETRY, "github.malformed", "a file that is no base64");
}

/* A folder of that name is no file; one of more than a megabyte has another encoding. */
static bool read_file(struct work *w, const struct github_page *page, bool *found, str *text)
{
	int64_t size;

	*found = json_get_i64(page->json, "size", &size) && str_eq(json_get_str(page->json, "type"), STR("file"));
	if (!*found)
		return true;
	if (size > FILE_MAX || !str_eq(json_get_str(page->json, "encoding"), STR("base64")))
		return err_set(w, ERR_INVALID, "github.too_large", "a file of more than %d bytes", FILE_MAX);
	return decode(w, json_get_str(page->json, "content"), text);
}

bool github_file(struct work *w, struct github *g, int64_t repo_id, str branch, str path, bool *found, str *text,
	str *commit_sha, struct evidence *ev)
{
	struct github_page page;
	str name = github_escaped(w, branch);

	*found = false;
	if (!ask(w, g, repo_id, arena_printf(w->arena, "/commits/" STR_FMT, STR_ARG(name)), &page, ev))
		return absent(w);
	*commit_sha = json_get_str(page.json, "sha");
	if (commit_sha->n == 0)
		return err_set(w, ERR_RETRY, "github.malformed", "a commit without a name");
	if (!ask(w, g, repo_id,
		    arena_printf(w->arena, "/contents/" STR_FMT "?ref=" STR_FMT, STR_ARG(path), STR_ARG(*commit_sha)),
		    &page, ev))
		return absent(w);
	return read_file(w, &page, found, text);
}
