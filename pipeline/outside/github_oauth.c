/* A person's own account: RFC 6749's authorization code with RFC 7636's verifier, as GitHub speaks them: errors come with status 200,
 * and with 400 from servers that keep to the standard. */
#include <inttypes.h>

#include "base/hex.h"
#include "base/json.h"
#include "github_call.h"
#include "outside/github_oauth.h"

#define TOKEN_MAX 4096

/* application/x-www-form-urlencoded */
static void form(struct work *w, struct buf *b, const char *name, str value)
{
	str text = percent_str(w->arena, value);

	buf_printf(b, "%s%s=" STR_FMT, b->n > 0 ? "&" : "", name, STR_ARG(text));
}

static bool configured(struct work *w, const struct github *g)
{
	return (g->oauth_token_url != NULL && g->oauth_client_id != NULL && g->oauth_secret_file != NULL) ||
		err_set(w, ERR_INVALID, "link.unconfigured", "no OAuth app is configured here");
}

/* A token goes into a header: visible ASCII. */
static bool is_token(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] > '~')
			return false;
	return s.n > 0 && s.n <= TOKEN_MAX;
}

/* What GitHub documents for the exchange, and the standard's words for the same. */
static bool why_none(struct work *w, str error, const char **refused)
{
	if (str_one_of(error, "temporarily_unavailable|server_error|slow_down"))
		return err_set(w, ERR_RETRY, "github.server", "no token now");
	*refused = str_one_of(error,
			   "incorrect_client_credentials|redirect_uri_mismatch|application_suspended|invalid_client|"
			   "unauthorized_client|unsupported_grant_type")
		? "link.client"
		: "link.code";
	return true;
}

static bool read_grant(struct work *w, const struct fetch_resp *resp, struct github_grant *out, const char **refused)
{
	const cJSON *json;
	int64_t lives = 0;
	str error;

	if (!json_parse(w, resp->body, &json))
		return err_set(w, ERR_UNCERTAIN, "github.malformed", "an answer that is no JSON");
	error = json_get_str(json, "error");
	if (error.n > 0)
		return why_none(w, error, refused);
	out->token = json_get_str(json, "access_token");
	out->scopes = json_get_str(json, "scope");
	if (resp->status != 200 || !is_token(out->token) ||
		!str_eq_nocase(json_get_str(json, "token_type"), STR("bearer")))
		return err_set(w, ERR_UNCERTAIN, "github.malformed", "an answer without a token");
	if (json_get_i64(json, "expires_in", &lives) && lives > 0 && lives < INT64_C(1) << 40)
		out->lives = lives * USEC_S;
	return true;
}

bool github_exchange(struct work *w, struct github *g, str code, str verifier, str redirect_uri,
	struct github_grant *out, const char **refused)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct fetch_req req = { .method = "POST", .content_type = STR("application/x-www-form-urlencoded") };
	struct fetch_resp resp;
	str secret;

	*out = (struct github_grant){ 0 };
	*refused = NULL;
	if (!configured(w, g) || !github_word(w, g->oauth_secret_file, &secret))
		return false;
	form(w, &b, "grant_type", STR("authorization_code"));
	form(w, &b, "client_id", str_c(g->oauth_client_id));
	form(w, &b, "client_secret", secret);
	form(w, &b, "code", code);
	form(w, &b, "redirect_uri", redirect_uri);
	form(w, &b, "code_verifier", verifier);
	req.url = str_c(g->oauth_token_url);
	req.body = buf_str(&b);
	return github_as(w, g, req, (str){ NULL, 0 }, &resp) && read_grant(w, &resp, out, refused);
}

static const struct field user_fields[] = {
	FIELD(FIELD_I64, struct github_user, id, .min = 1, .max = INT64_MAX),
	FIELD(FIELD_STR, struct github_user, login, .min = 1, .max = 100),
	FIELD(FIELD_STR, struct github_user, type, .optional = true),
	FIELD(FIELD_TIME, struct github_user, created_at, .optional = true),
};

bool github_whoami(struct work *w, struct github *g, str token, enum github_token_state *state, struct github_user *out)
{
	struct fetch_req req = { .method = "GET", .url = arena_printf(w->arena, "%s/user", g->rest) };
	struct fetch_resp resp;
	const cJSON *json;

	*out = (struct github_user){ 0 };
	if (!github_as(w, g, req, arena_printf(w->arena, "Bearer " STR_FMT, STR_ARG(token)), &resp))
		return false;
	*state = resp.status == 401 ? GITHUB_TOKEN_REFUSED : GITHUB_TOKEN_GOOD;
	if (resp.status == 401)
		return true;
	if (resp.status != 200)
		return err_set(w, ERR_INVALID, "github.refused", "GitHub answers %d", resp.status);
	return (json_parse(w, resp.body, &json) &&
		       json_read(w, json, FIELDS(struct github_user, user_fields), 0, out)) ||
		err_set(w, ERR_RETRY, "github.malformed", "%s", w->err.text);
}

/* 204: it was there. 404 and 422: it is none of this app's. */
bool github_forget(struct work *w, struct github *g, str token)
{
	struct fetch_req req = { .method = "DELETE", .content_type = STR("application/json") };
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct json j = { .b = &b };
	struct fetch_resp resp;
	str secret, both;

	if (!configured(w, g) || !github_word(w, g->oauth_secret_file, &secret))
		return false;
	json_open(&j, NULL, '{');
	json_str(&j, "access_token", token);
	json_close(&j, '}');
	req.url = arena_printf(w->arena, "%s/applications/%s/token", g->rest, g->oauth_client_id);
	req.body = buf_str(&b);
	req.safe = true;
	both = arena_printf(w->arena, "%s:" STR_FMT, g->oauth_client_id, STR_ARG(secret));
	if (!github_as(w, g, req, arena_printf(w->arena, "Basic " STR_FMT, STR_ARG(base64_str(w->arena, both))), &resp))
		return false;
	return resp.status == 204 || resp.status == 404 || resp.status == 422 ||
		err_set(w, ERR_INVALID, "github.refused", "GitHub answers %d", resp.status);
}
