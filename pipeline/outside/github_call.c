#include "github_call.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"

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
static bool send(struct work *w, struct github *g, struct fetch_req req, enum quota_resource resource,
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

static bool limited(struct work *w, enum quota_resource resource, const struct fetch_resp *resp)
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
		return limited(w, resource, resp);
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
	return !is_limit(resp, message_of(w, resp)) || limited(w, QUOTA_CORE, resp);
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

/* A credential that GitHub puts into repositories it shows: not evidence. */
static void drop_tokens(cJSON *item)
{
	if (cJSON_IsObject(item))
		cJSON_DeleteItemFromObjectCaseSensitive(item, "temp_clone_token");
	for (cJSON *child = item->child; child != NULL; child = child->next)
		drop_tokens(child);
}

/* Keeps the body as evidence, under its canonical text; with it what a conditional request names next time. */
static void keep(struct work *w, str url, const struct fetch_resp *resp, const cJSON *json, str next)
{
	struct quota_page page = { .url = url, .next = next };

	if (w->quota == NULL)
		return;
	if (resp != NULL) {
		page.etag = fetch_header(resp, "etag");
		page.modified = fetch_header(resp, "last-modified");
	}
	if (!json_canonical(w, json, &page.bytes)) {
		err_clear(w);
		page.bytes = json_print(w, json);
	}
	quota_keep(w->quota, &page);
}

/* Where it was the last time that somebody looked, when that is for ever and may still be followed. */
static bool known_address(struct work *w, const struct github *g, str url, int64_t repo_id, str *now)
{
	const struct quota_page *known = quota_known(w->quota, url);

	*now = url;
	if (known == NULL || known->moved.n == 0 || !same_host(g, known->moved) || !same_repo(g, known->moved, repo_id))
		return false;
	*now = known->moved;
	return true;
}

static bool follow(struct work *w, struct github *g, struct fetch_req *req, int64_t repo_id, struct fetch_resp *resp)
{
	str to;

	if (!redirected(w, g, resp, repo_id, &to))
		return false;
	if (resp->status == 301 || resp->status == 308)
		quota_keep(w->quota, &(struct quota_page){ .url = req->url, .moved = to });
	req->url = to;
	return send(w, g, *req, QUOTA_CORE, quota_known(w->quota, to), resp);
}

/* "Not modified": the body is the one that was kept. */
static bool unchanged(struct work *w, str url, struct github_page *out)
{
	const struct quota_page *known = quota_known(w->quota, url);

	if (known == NULL || known->bytes.p == NULL)
		return err_set(w, ERR_RETRY, "github.malformed", "not modified, but nothing was kept");
	w->quota->unchanged++;
	out->next = known->next;
	return json_parse(w, known->bytes, &out->json);
}

bool github_rest(struct work *w, struct github *g, str url, int64_t repo_id, struct github_page *out)
{
	struct fetch_req req = { .method = "GET" };
	struct fetch_resp resp;

	*out = (struct github_page){ .moved = known_address(w, g, url, repo_id, &req.url) };
	if (!send(w, g, req, QUOTA_CORE, quota_known(w->quota, req.url), &resp))
		return false;
	if (is_redirect(resp.status)) {
		out->moved = true;
		if (!follow(w, g, &req, repo_id, &resp))
			return false;
	}
	out->at = req.url;
	if (resp.status == 304)
		return unchanged(w, req.url, out);
	if (resp.status != 200)
		return github_refused(w, QUOTA_CORE, &resp);
	out->next = next_link(&resp);
	if (out->next.n > 0 && !same_host(g, out->next))
		return err_set(w, ERR_INVALID, "github.mismatch", "the next page is on another host");
	if (!parse(w, &resp, &out->json))
		return false;
	drop_tokens((cJSON *)out->json); /* our own tree: json_parse made it for us alone */
	keep(w, req.url, &resp, out->json, out->next);
	return true;
}

bool github_write(
	struct work *w, struct github *g, const char *method, str url, str body, bool repeatable, const cJSON **out)
{
	struct fetch_req req = {
		.method = method, .url = url, .body = body, .content_type = STR("application/json"), .safe = repeatable
	};
	struct fetch_resp resp;

	if (w->quota != NULL) {
		w->quota->wrote = true;
		w->quota->points += repeatable ? 4 : 0; /* send counts the rest */
	}
	if (!send(w, g, req, QUOTA_CORE, NULL, &resp))
		return false;
	if (resp.status != 200 && resp.status != 201)
		return github_refused(w, QUOTA_CORE, &resp);
	return parse(w, &resp, out);
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
		return limited(w, QUOTA_GRAPHQL, resp);
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
	if (!send(w, g, req, QUOTA_GRAPHQL, NULL, &resp))
		return false;
	if (resp.status != 200)
		return github_refused(w, QUOTA_GRAPHQL, &resp);
	if (!parse(w, &resp, &body))
		return false;
	errors = json_get(body, "errors");
	if (cJSON_GetArraySize(errors) > 0)
		return query_error(w, &resp, cJSON_GetArrayItem(errors, 0));
	*data = json_get(body, "data");
	if (!cJSON_IsObject(*data))
		return err_set(w, ERR_RETRY, "github.malformed", "an answer without data");
	keep(w, req.url, NULL, *data, (str){ 0 });
	return true;
}

bool github_ask(struct work *w, struct github *g, const char *method, str url, str body, int wanted, const cJSON **out)
{
	bool reads = strcmp(method, "GET") == 0;
	struct fetch_req req = {
		.method = method, .url = url, .body = body, .safe = !reads && strcmp(method, "POST") != 0
	};
	struct fetch_resp resp;

	if (body.n > 0)
		req.content_type = STR("application/json");
	if (w->quota != NULL && !reads)
		w->quota->wrote = true;
	if (!send(w, g, req, QUOTA_CORE, NULL, &resp))
		return false;
	*out = NULL;
	if (resp.status != wanted)
		return github_refused(w, QUOTA_CORE, &resp);
	return resp.body.n == 0 || parse(w, &resp, out);
}

bool github_list(struct work *w, struct github *g, str url, struct github_page *out)
{
	struct fetch_req req = { .method = "GET", .url = url };
	struct fetch_resp resp;

	*out = (struct github_page){ .at = url };
	if (!send(w, g, req, QUOTA_CORE, NULL, &resp))
		return false;
	if (resp.status != 200)
		return github_refused(w, QUOTA_CORE, &resp);
	out->next = next_link(&resp);
	if (out->next.n > 0 && !same_host(g, out->next))
		return err_set(w, ERR_INVALID, "github.mismatch", "the next page is on another host");
	return parse(w, &resp, &out->json);
}

str github_escaped(struct work *w, str s)
{
	return percent_str(w->arena, s);
}
