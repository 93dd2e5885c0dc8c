#include "github_call.h"

#include <inttypes.h>
#include <stdio.h>

#define TIMEOUT (20 * USEC_S)
#define TOKEN_MAX 4096
/* GitHub's advice for a limit that names no end: a minute, then longer each time. */
#define WAIT_LEAST (60 * USEC_S)
#define WAIT_MOST (3600 * USEC_S)

bool github_token(struct work *w, const struct github *g, str *out)
{
	char *text;
	size_t n;
	FILE *f;

	*out = (str){ 0 };
	if (g->token_file == NULL)
		return true;
	f = fopen(g->token_file, "re");
	if (f == NULL)
		return err_set(w, ERR_INVALID, "github.token_file", "cannot read %s", g->token_file);
	text = arena_alloc(w->arena, TOKEN_MAX);
	n = fread(text, 1, TOKEN_MAX, f);
	fclose(f);
	*out = str_trim(str_of(text, n));
	if (out->n == 0 || n == TOKEN_MAX)
		return err_set(w, ERR_INVALID, "github.token_file", "%s holds no token", g->token_file);
	return true;
}

static bool send(struct work *w, struct github *g, struct fetch_req req, struct fetch_resp *resp)
{
	struct fetch_header h[3] = { { STR("Accept"), STR("application/vnd.github+json") },
		{ STR("X-GitHub-Api-Version"), STR("2022-11-28") } };
	str token;

	if (!github_token(w, g, &token))
		return false;
	h[2] = (struct fetch_header){ STR("Authorization"), arena_printf(w->arena, "Bearer " STR_FMT, STR_ARG(token)) };
	req.headers = h;
	req.n_headers = token.n > 0 ? 3 : 2;
	req.max_body = g->max_body;
	req.timeout = TIMEOUT;
	if (idle_fetch(w, &g->idle, &req, resp))
		return true;
	if (strcmp(w->err.code, "fetch.too_large") == 0)
		err_set(w, ERR_INVALID, "github.too_large", "%s", w->err.text);
	return false;
}

/* The wait that a limit asks for: Retry-After, else the reset of a budget that is used up, else doubling. */
static usec limit_wait(const struct work *w, const struct fetch_resp *resp)
{
	usec wait = fetch_retry_after(resp);
	int64_t remaining, reset;

	if (wait > 0)
		return wait;
	if (str_i64(fetch_header(resp, "x-ratelimit-remaining"), &remaining) && remaining == 0 &&
		str_i64(fetch_header(resp, "x-ratelimit-reset"), &reset) && reset > 0 && reset < INT64_C(1) << 40) {
		wait = reset * USEC_S - clock_now();
		return wait < USEC_S ? USEC_S : wait > 2 * WAIT_MOST ? 2 * WAIT_MOST : wait;
	}
	return clock_doubled(WAIT_LEAST, w->attempt - 1, WAIT_MOST);
}

static bool limited(struct work *w, const struct fetch_resp *resp)
{
	usec wait = limit_wait(w, resp);

	return err_retry_after(w, wait, "github.rate_limited", "limit of %.20s reached, again in %" PRId64 " s",
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

static bool refused(struct work *w, const struct fetch_resp *resp)
{
	str message;

	if (resp->status >= 500 || resp->status == 408)
		return fetch_refused(w, "github", resp);
	message = message_of(w, resp);
	if (is_limit(resp, message))
		return limited(w, resp);
	if (message.n > 120)
		message.n = 120;
	return err_set(w, ERR_INVALID,
		resp->status == 404 || resp->status == 410 ? "github.not_found" : "github.refused",
		"GitHub answers %d: " STR_FMT, resp->status, STR_ARG(message));
}

static bool parse(struct work *w, const struct fetch_resp *resp, const cJSON **out)
{
	return json_parse(w, resp->body, out) || err_set(w, ERR_RETRY, "github.malformed", "%s", w->err.text);
}

/* The token goes to one origin only. */
static bool same_host(const struct github *g, str url)
{
	return str_eq(fetch_origin(url), fetch_origin(str_c(g->rest)));
}

/* A renamed repository is found under /repositories/ID; a transferred issue under another repository's. */
static bool same_repo(const struct github *g, str url, int64_t repo_id)
{
	str rest = url, token;
	int64_t id;

	if (repo_id == 0)
		return true;
	if (!str_starts(url, str_c(g->rest)))
		return false;
	rest = str_skip(url, strlen(g->rest));
	if (!str_starts(rest, STR("/repositories/")))
		return false;
	rest = str_skip(rest, strlen("/repositories/"));
	return str_next(&rest, '/', &token) && str_i64(token, &id) && id == repo_id;
}

/* 301, 302, 307 or 308: where to, when that may be followed. */
static bool redirected(struct work *w, const struct github *g, const struct fetch_resp *resp, int64_t repo_id, str *url)
{
	str to = fetch_header(resp, "location");

	if (str_starts(to, STR("/")) && !str_starts(to, STR("//"))) {
		str origin = fetch_origin(str_c(g->rest));

		to = arena_printf(w->arena, STR_FMT STR_FMT, STR_ARG(origin), STR_ARG(to));
	}
	if (!same_host(g, to))
		return err_set(w, ERR_INVALID, "github.mismatch", "redirected to another host");
	if (!same_repo(g, to, repo_id))
		return err_set(w, ERR_INVALID, "github.mismatch", "moved to another repository");
	*url = to;
	return true;
}

static bool is_redirect(int status)
{
	return status == 301 || status == 302 || status == 307 || status == 308;
}

/* RFC 8288: <url>; rel="next", among others. */
static str next_link(const struct fetch_resp *resp)
{
	str rest = fetch_header(resp, "link"), piece, url;
	size_t end, at;

	while (str_next(&rest, ',', &piece)) {
		piece = str_trim(piece);
		if (!str_starts(piece, STR("<")) || !str_find(piece, STR(">"), &end))
			continue;
		url = str_of(piece.p + 1, end - 1);
		if (str_find(str_skip(piece, end), STR("rel=\"next\""), &at))
			return url;
	}
	return (str){ 0 };
}

bool github_rest(struct work *w, struct github *g, str url, int64_t repo_id, struct github_page *out)
{
	struct fetch_req req = { .method = "GET", .url = url };
	struct fetch_resp resp;

	*out = (struct github_page){ 0 };
	if (!send(w, g, req, &resp))
		return false;
	if (is_redirect(resp.status)) {
		out->moved = true;
		if (!redirected(w, g, &resp, repo_id, &req.url) || !send(w, g, req, &resp))
			return false;
	}
	if (resp.status != 200)
		return refused(w, &resp);
	out->next = next_link(&resp);
	if (out->next.n > 0 && !same_host(g, out->next))
		return err_set(w, ERR_INVALID, "github.mismatch", "the next page is on another host");
	return parse(w, &resp, &out->json);
}

/* Errors of GraphQL come with status 200; its limits, too. */
static bool query_error(struct work *w, const struct fetch_resp *resp, const cJSON *error)
{
	str type = json_get_str(error, "type"), text = json_get_str(error, "message");
	size_t at;

	if (text.n > 160)
		text.n = 160;
	if (str_eq(type, STR("RATE_LIMITED")) || str_eq(type, STR("RATE_LIMIT")) ||
		str_find(text, STR("rate limit"), &at))
		return limited(w, resp);
	if (str_eq(type, STR("NOT_FOUND")))
		return err_set(w, ERR_INVALID, "github.not_found", STR_FMT, STR_ARG(text));
	/* Timeouts and faults inside GitHub have no type, a query that is wrong has a code. */
	if ((type.n == 0 && json_get(error, "extensions.code") == NULL) ||
		str_eq(type, STR("RESOURCE_LIMITS_EXCEEDED")))
		return err_set(w, ERR_RETRY, "github.server", STR_FMT, STR_ARG(text));
	return err_set(w, ERR_INVALID, "github.refused", STR_FMT, STR_ARG(text));
}

bool github_query(struct work *w, struct github *g, str query, str variables, const cJSON **data)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct json j = { .b = &b };
	struct fetch_req req = {
		.method = "POST", .url = str_c(g->graphql), .content_type = STR("application/json"), .safe = true
	};
	struct fetch_resp resp;
	const cJSON *body, *errors;

	json_open(&j, NULL, '{');
	json_str(&j, "query", query);
	json_raw(&j, "variables", variables);
	json_close(&j, '}');
	req.body = buf_str(&b);
	if (!send(w, g, req, &resp))
		return false;
	if (resp.status != 200)
		return refused(w, &resp);
	if (!parse(w, &resp, &body))
		return false;
	errors = json_get(body, "errors");
	if (cJSON_GetArraySize(errors) > 0)
		return query_error(w, &resp, cJSON_GetArrayItem(errors, 0));
	*data = json_get(body, "data");
	return cJSON_IsObject(*data) || err_set(w, ERR_RETRY, "github.malformed", "an answer without data");
}
