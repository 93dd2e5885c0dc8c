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

#define CLIENT_ERRORS                                                                                                  \
	"incorrect_client_credentials|redirect_uri_mismatch|application_suspended|invalid_client|unauthorized_client|" \
	"unsupported_grant_type"

/* What GitHub documents for the exchange, and the standard's words for the same. */
static bool why_no_token(struct work *w, str error, const char **refused)
{
	if (str_one_of(error, "temporarily_unavailable|server_error|slow_down"))
		return err_set(w, ERR_RETRY, "github.server", "no token now");
	*refused = str_one_of(error, CLIENT_ERRORS) ? "link.client" : "link.code";
	return true;
}

/* For a renewal: what does not name the refresh token says nothing about it. */
static bool why_no_renewal(struct work *w, str error, bool *refused)
{
	*refused = str_one_of(error, "bad_refresh_token|invalid_grant");
	if (*refused)
		return true;
	if (str_one_of(error, CLIENT_ERRORS))
		return err_set(w, ERR_RETRY, "link.renewal_client",
			"GitHub does not know the app that this installation says it is");
	return err_set(w, ERR_RETRY, "github.server", "no token now");
}

static usec lives_of(const cJSON *json, const char *name)
{
	int64_t lives = 0;

	return json_get_i64(json, name, &lives) && lives > 0 && lives < INT64_C(1) << 40 ? lives * USEC_S : 0;
}

/* Either a grant or an error's word. */
static bool read_grant(struct work *w, const struct fetch_resp *resp, struct github_grant *out, str *error)
{
	const cJSON *json;

	if (!json_parse(w, resp->body, &json))
		return err_set(w, ERR_UNCERTAIN, "github.malformed", "an answer that is no JSON");
	*error = json_get_str(json, "error");
	if (error->n > 0)
		return true;
	out->token = json_get_str(json, "access_token");
	out->scopes = json_get_str(json, "scope");
	if (resp->status != 200 || !is_token(out->token) ||
		!str_eq_nocase(json_get_str(json, "token_type"), STR("bearer")))
		return err_set(w, ERR_UNCERTAIN, "github.malformed", "an answer without a token");
	out->lives = lives_of(json, "expires_in");
	out->refresh = json_get_str(json, "refresh_token");
	if (!is_token(out->refresh))
		out->refresh = (str){ NULL, 0 };
	out->refresh_lives = lives_of(json, "refresh_token_expires_in");
	return true;
}

/* Sends what b has of the form, and whose app it is. */
static bool ask_grant(struct work *w, struct github *g, struct buf *b, struct github_grant *out, str *error)
{
	struct fetch_req req = { .method = "POST", .content_type = STR("application/x-www-form-urlencoded") };
	struct fetch_resp resp;
	str secret;

	*out = (struct github_grant){ 0 };
	if (!configured(w, g) || !github_word(w, g->oauth_secret_file, &secret))
		return false;
	form(w, b, "client_id", str_c(g->oauth_client_id));
	form(w, b, "client_secret", secret);
	req.url = str_c(g->oauth_token_url);
	req.body = buf_str(b);
	return github_as(w, g, req, (str){ NULL, 0 }, &resp) && read_grant(w, &resp, out, error);
}

bool github_exchange(struct work *w, struct github *g, str code, str verifier, str redirect_uri,
	struct github_grant *out, const char **refused)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	str error;

	*refused = NULL;
	form(w, &b, "grant_type", STR("authorization_code"));
	form(w, &b, "code", code);
	form(w, &b, "redirect_uri", redirect_uri);
	form(w, &b, "code_verifier", verifier);
	return ask_grant(w, g, &b, out, &error) && (error.n == 0 || why_no_token(w, error, refused));
}

bool github_renew(struct work *w, struct github *g, str refresh, struct github_grant *out, bool *refused)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	str error;

	*refused = false;
	form(w, &b, "grant_type", STR("refresh_token"));
	form(w, &b, "refresh_token", refresh);
	return ask_grant(w, g, &b, out, &error) && (error.n == 0 || why_no_renewal(w, error, refused));
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
