/* One exchange with GitHub: in whose name, within which limits, and what a refusal means. */
#include <inttypes.h>
#include <stdio.h>

#include "github_call.h"

#define TOKEN_MAX 4096
/* GitHub's advice for a limit that names no end: a minute, then longer each time. */
#define WAIT_LEAST (60 * USEC_S)
#define WAIT_MOST (3600 * USEC_S)

bool github_word(struct work *w, const char *file, str *out)
{
	char *text;
	size_t n;
	FILE *f = fopen(file, "re");

	if (f == NULL)
		return err_set(w, ERR_INVALID, "github.token_file", "cannot read %s", file);
	text = arena_alloc(w->arena, TOKEN_MAX);
	n = fread(text, 1, TOKEN_MAX, f);
	fclose(f);
	*out = str_trim(str_of(text, n));
	if (out->n == 0 || n == TOKEN_MAX)
		return err_set(w, ERR_INVALID, "github.token_file", "%s holds no token", file);
	return true;
}

bool github_token(struct work *w, const struct github *g, str *out)
{
	*out = (str){ 0 };
	return g->token_file == NULL || github_word(w, g->token_file, out);
}

/* What GitHub said of the limits, kept for those who ask next. resets_in is by GitHub's own clock where it tells that. */
static void note_limits(struct work *w, enum quota_resource resource, const struct fetch_resp *resp)
{
	struct quota_left *left;
	int64_t limit, remaining, reset;
	usec now;

	if (w->quota == NULL)
		return;
	left = &w->quota->at[resource];
	if (resp->status != 304) {
		left->sent++;
		left->may--;
	}
	if (!str_i64(fetch_header(resp, "x-ratelimit-limit"), &limit) ||
		!str_i64(fetch_header(resp, "x-ratelimit-remaining"), &remaining) ||
		!str_i64(fetch_header(resp, "x-ratelimit-reset"), &reset) || limit < 0 || limit > INT32_MAX ||
		remaining < 0 || remaining > INT32_MAX || reset <= 0 || reset > INT64_C(1) << 40)
		return;
	now = fetch_date(resp);
	left->told = true;
	left->limit = limit;
	left->remaining = remaining;
	left->resets_in = reset * USEC_S - (now > 0 ? now : clock_now());
	if (left->resets_in < 0)
		left->resets_in = 0;
	if (left->may > remaining)
		left->may = remaining;
}

static bool may_ask(struct work *w, enum quota_resource resource)
{
	const struct quota_left *left;
	usec wait;

	if (w->quota == NULL)
		return true;
	left = &w->quota->at[resource];
	if (left->may > 0 && left->wait == 0)
		return true;
	wait = left->wait > 0 ? left->wait : left->told && left->remaining == 0 ? left->resets_in : 0;
	return err_snooze(w, wait > USEC_S ? wait : USEC_S, "github.budget", "no %s request is left for this turn",
		quota_names[resource]);
}

/* In whose name: a person's, an installation's, else the process's own. */
static bool bearer(struct work *w, struct github *g, str *out)
{
	if (w->quota != NULL && w->quota->token.n > 0) {
		*out = w->quota->token;
		return true;
	}
	if (w->quota != NULL && w->quota->installation > 0 && g->app != NULL)
		return github_app_token(w, g, w->quota->installation, out);
	return github_token(w, g, out);
}

#define HEADERS_MOST 5
bool github_send(struct work *w, struct github *g, struct fetch_req req, enum quota_resource resource,
	const struct quota_page *known, struct fetch_resp *resp)
{
	struct fetch_header h[HEADERS_MOST] = { { STR("Accept"), STR("application/vnd.github+json") },
		{ STR("X-GitHub-Api-Version"), STR("2022-11-28") } };
	size_t n = 2;
	str token;

	if (!may_ask(w, resource) || !bearer(w, g, &token))
		return false;
	if (token.n > 0)
		h[n++] = (struct fetch_header){ STR("Authorization"),
			arena_printf(w->arena, "Bearer " STR_FMT, STR_ARG(token)) };
	if (known != NULL && known->etag.n > 0)
		h[n++] = (struct fetch_header){ STR("If-None-Match"), known->etag };
	else if (known != NULL && known->modified.n > 0)
		h[n++] = (struct fetch_header){ STR("If-Modified-Since"), known->modified };
	req.headers = h;
	req.n_headers = n;
	req.max_body = g->max_body;
	req.timeout = GITHUB_TIMEOUT;
	if (w->quota != NULL)
		w->quota->points += strcmp(req.method, "GET") == 0 || req.safe ? 1 : 5;
	if (idle_fetch(w, &g->idle, &req, resp)) {
		note_limits(w, resource, resp);
		meter_budget(resp);
		if (resp->status == 401 && w->quota != NULL && w->quota->installation > 0)
			github_app_forget(g, w->quota->installation);
		return true;
	}
	if (strcmp(w->err.code, "fetch.too_large") == 0)
		err_set(w, ERR_INVALID, "github.too_large", "%s", w->err.text);
	return false;
}

/* The wait that a limit asks for: Retry-After, else the reset of a budget that is used up, else doubling. */
static usec limit_wait(const struct work *w, const struct fetch_resp *resp)
{
	usec wait = fetch_retry_after(resp), now = fetch_date(resp);
	int64_t remaining, reset;

	if (wait > 0)
		return wait;
	if (str_i64(fetch_header(resp, "x-ratelimit-remaining"), &remaining) && remaining == 0 &&
		str_i64(fetch_header(resp, "x-ratelimit-reset"), &reset) && reset > 0 && reset < INT64_C(1) << 40) {
		/* GitHub's seconds are whole: one more, so that ours is surely after its */
		wait = (reset + 1) * USEC_S - (now > 0 ? now : clock_now());
		return wait < USEC_S ? USEC_S : wait > 2 * WAIT_MOST ? 2 * WAIT_MOST : wait;
	}
	return clock_doubled(WAIT_LEAST, w->quota != NULL ? w->quota->strikes : w->attempt - 1, WAIT_MOST);
}

bool github_limited(struct work *w, enum quota_resource resource, const struct fetch_resp *resp)
{
	usec wait = limit_wait(w, resp);

	if (w->quota != NULL)
		w->quota->at[resource].wait = wait;
	return err_snooze(w, wait, "github.rate_limited", "limit of %.20s reached, again in %" PRId64 " s",
		fetch_header(resp, "x-ratelimit-resource").n > 0
			? arena_cstr(w->arena, fetch_header(resp, "x-ratelimit-resource"))
			: "requests",
		wait / USEC_S);
}

/* What the error's body says, { NULL, 0 } when it is no JSON of GitHub's. */
static str message_of(struct work *w, const struct fetch_resp *resp)
{
	const cJSON *body;

	return json_parse(w, resp->body, &body) ? json_get_str(body, "message") : (str){ 0 };
}

/* A 403 is a limit or a refusal; only a header or the text tells. */
static bool is_limit(const struct fetch_resp *resp, str message)
{
	static const str texts[] = { STR("rate limit"), STR("abuse detection") };
	str remaining = fetch_header(resp, "x-ratelimit-remaining");
	size_t at;

	if (resp->status == 429 || (resp->status == 403 && fetch_retry_after(resp) > 0))
		return true;
	if (resp->status != 403)
		return false;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (str_find(message, texts[i], &at))
			return true;
	return str_eq(remaining, STR("0"));
}

bool github_refused(struct work *w, enum quota_resource resource, const struct fetch_resp *resp)
{
	str message;

	if (resp->status >= 500 || resp->status == 408)
		return fetch_refused(w, "github", resp);
	message = message_of(w, resp);
	if (is_limit(resp, message))
		return github_limited(w, resource, resp);
	if (message.n > 120)
		message.n = 120;
	return err_set(w, ERR_INVALID,
		resp->status == 404           ? "github.not_found"
			: resp->status == 410 ? "github.gone"
					      : "github.refused",
		"GitHub answers %d: " STR_FMT, resp->status, STR_ARG(message));
}

bool github_as(struct work *w, struct github *g, struct fetch_req req, str authorization, struct fetch_resp *resp)
{
	const struct fetch_header h[] = { { STR("Accept"), STR("application/json") },
		{ STR("X-GitHub-Api-Version"), STR("2022-11-28") }, { STR("Authorization"), authorization } };

	req.headers = h;
	req.n_headers = authorization.n > 0 ? 3 : 2;
	req.max_body = g->max_body;
	req.timeout = GITHUB_TIMEOUT;
	if (!idle_fetch(w, &g->idle, &req, resp))
		return false;
	if (resp->status >= 500 || resp->status == 408)
		return fetch_refused(w, "github", resp);
	if (resp->status != 403 && resp->status != 429)
		return true;
	return !is_limit(resp, message_of(w, resp)) || github_limited(w, QUOTA_CORE, resp);
}
