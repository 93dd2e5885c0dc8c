/* Questions that follow redirects and pages, and keep what was answered. */
#include "base/hex.h"
#include "github_call.h"

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
	return github_send(w, g, *req, QUOTA_CORE, quota_known(w->quota, to), resp);
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
	if (!github_send(w, g, req, QUOTA_CORE, quota_known(w->quota, req.url), &resp))
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
	if (!github_send(w, g, req, QUOTA_CORE, NULL, &resp))
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
		return github_limited(w, QUOTA_GRAPHQL, resp);
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
	if (!github_send(w, g, req, QUOTA_GRAPHQL, NULL, &resp))
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
	if (!github_send(w, g, req, QUOTA_CORE, NULL, &resp))
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
	if (!github_send(w, g, req, QUOTA_CORE, NULL, &resp))
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
