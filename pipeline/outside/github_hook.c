/* Webhooks of a repository: ours is the one with our URL. */
#include <inttypes.h>

#include "github_call.h"

#define PAGES_MAX 5 /* of 100, in one turn */

static str hooks_url(struct work *w, const struct github *g, int64_t repo_id, int64_t hook_id, str rest)
{
	if (hook_id == 0)
		return arena_printf(
			w->arena, "%s/repositories/%" PRId64 "/hooks" STR_FMT, g->rest, repo_id, STR_ARG(rest));
	return arena_printf(w->arena, "%s/repositories/%" PRId64 "/hooks/%" PRId64 STR_FMT, g->rest, repo_id, hook_id,
		STR_ARG(rest));
}

/* At most 20 per event, so a page of 100 holds them all. */
bool github_hook_find(struct work *w, struct github *g, int64_t repo_id, str url, int64_t *hook_id)
{
	const cJSON *hooks, *hook;

	*hook_id = 0;
	if (!github_ask(w, g, "GET", hooks_url(w, g, repo_id, 0, STR("?per_page=100")), (str){ 0 }, 200, &hooks))
		return false;
	cJSON_ArrayForEach(hook, hooks)
		if (str_eq(json_get_str(hook, "config.url"), url))
			return json_get_i64(hook, "id", hook_id) ||
				err_set(w, ERR_RETRY, "github.malformed", "a hook without a number");
	return true;
}

static void put_events(struct json *j, const char *const events[])
{
	json_open(j, "events", '[');
	for (size_t i = 0; events[i] != NULL; i++)
		json_str(j, NULL, str_c(events[i]));
	json_close(j, ']');
}

static str creation(struct work *w, str url, str secret, const char *const events[])
{
	struct buf b = buf_new(w->arena, 4096);
	struct json j = { &b };

	json_open(&j, NULL, '{');
	json_str(&j, "name", STR("web"));
	json_bool(&j, "active", true);
	put_events(&j, events);
	json_open(&j, "config", '{');
	json_str(&j, "url", url);
	json_str(&j, "content_type", STR("json"));
	json_str(&j, "insecure_ssl", STR("0"));
	json_str(&j, "secret", secret);
	json_close(&j, '}');
	json_close(&j, '}');
	return buf_str(&b);
}

static bool too_many(struct work *w)
{
	size_t at;

	if (w->err.kind == ERR_INVALID && str_find(str_c(w->err.text), STR("422"), &at) &&
		str_find(str_c(w->err.text), STR("hooks"), &at))
		return err_set(
			w, ERR_INVALID, "github.hook_limit", "the repository has as many webhooks as GitHub allows");
	return false;
}

bool github_hook_create(struct work *w, struct github *g, int64_t repo_id, str url, str secret,
	const char *const events[], int64_t *hook_id)
{
	const cJSON *hook;

	if (!github_ask(
		    w, g, "POST", hooks_url(w, g, repo_id, 0, STR("")), creation(w, url, secret, events), 201, &hook))
		return too_many(w);
	return json_get_i64(hook, "id", hook_id) ||
		err_set(w, ERR_UNCERTAIN, "github.malformed", "a hook without a number");
}

bool github_hook_secret(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id, str secret)
{
	struct buf b = buf_new(w->arena, 512);
	struct json j = { &b };
	const cJSON *config;

	json_open(&j, NULL, '{');
	json_str(&j, "secret", secret);
	json_str(&j, "content_type", STR("json"));
	json_close(&j, '}');
	return github_ask(w, g, "PATCH", hooks_url(w, g, repo_id, hook_id, STR("/config")), buf_str(&b), 200, &config);
}

static bool lists(const cJSON *list, const char *event)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, list)
		if (cJSON_IsString(item) &&
			(strcmp(item->valuestring, event) == 0 || strcmp(item->valuestring, "*") == 0))
			return true;
	return false;
}

static void describe(const cJSON *json, const char *const events[], struct github_hook *hook)
{
	hook->subscribed = true;
	for (size_t i = 0; events[i] != NULL; i++)
		hook->subscribed &= lists(json_get(json, "events"), events[i]);
	hook->has_secret = json_get_str(json, "config.secret").n > 0;
}

bool github_hook_read(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id, const char *const events[],
	struct github_hook *hook)
{
	const cJSON *json;

	if (!github_ask(w, g, "GET", hooks_url(w, g, repo_id, hook_id, STR("")), (str){ 0 }, 200, &json))
		return false;
	describe(json, events, hook);
	return true;
}

bool github_hook_subscribe(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id,
	const char *const events[], struct github_hook *hook)
{
	struct buf b = buf_new(w->arena, 1024);
	struct json j = { &b };
	const cJSON *json;

	json_open(&j, NULL, '{');
	put_events(&j, events);
	json_close(&j, '}');
	if (!github_ask(w, g, "PATCH", hooks_url(w, g, repo_id, hook_id, STR("")), buf_str(&b), 200, &json))
		return false;
	describe(json, events, hook);
	return true;
}

bool github_hook_ping(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id)
{
	const cJSON *none;

	return github_ask(w, g, "POST", hooks_url(w, g, repo_id, hook_id, STR("/pings")), (str){ 0 }, 204, &none);
}

static bool read_delivery(struct work *w, const cJSON *item, struct github_delivery *d)
{
	int64_t status = 0;

	if (!json_get_i64(item, "id", &d->id) || !uuid_parse(json_get_str(item, "guid"), &d->guid) ||
		!clock_parse(json_get_str(item, "delivered_at"), &d->at))
		return err_set(w, ERR_RETRY, "github.malformed", "a delivery without id, guid or time");
	if (json_get_i64(item, "status_code", &status) && status >= 0 && status < 1000)
		d->status = (int32_t)status;
	d->redelivery = cJSON_IsTrue(json_get(item, "redelivery"));
	d->throttled = json_get_str(item, "throttled_at").n > 0;
	d->event = json_get_str(item, "event");
	return true;
}

/* false: an error, or they are older than wanted */
static bool read_page(struct work *w, const cJSON *page, usec since, struct github_delivery *list, size_t *n)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, page) {
		list[*n] = (struct github_delivery){ 0 };
		if (!read_delivery(w, item, &list[*n]) || list[*n].at < since)
			return false;
		++*n;
	}
	return true;
}

bool github_hook_deliveries(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id, usec since, str at,
	const struct github_delivery **out, size_t *n, str *more)
{
	struct github_delivery *list = arena_array(w->arena, PAGES_MAX * 100, sizeof(*list));
	struct github_page page = { .next = at };

	if (at.n == 0)
		page.next = hooks_url(w, g, repo_id, hook_id, STR("/deliveries?per_page=100"));
	*out = list;
	*n = 0;
	*more = (str){ 0 };
	for (int i = 0; page.next.n > 0 && i < PAGES_MAX; i++) {
		if (!github_list(w, g, page.next, &page)) {
			if (i == 0 || strcmp(w->err.code, "github.not_found") != 0)
				return false;
			err_clear(w); /* of the page, not of the hook: the first one was there */
			*more = page.at;
			return true;
		}
		if (cJSON_GetArraySize(page.json) > 100)
			return err_set(w, ERR_RETRY, "github.malformed", "a page of more than 100");
		if (!read_page(w, page.json, since, list, n))
			return w->err.kind == ERR_NONE;
	}
	*more = page.next;
	return true;
}

bool github_hook_redeliver(struct work *w, struct github *g, int64_t repo_id, int64_t hook_id, int64_t delivery_id)
{
	str rest = arena_printf(w->arena, "/deliveries/%" PRId64 "/attempts", delivery_id);
	const cJSON *none;

	return github_ask(w, g, "POST", hooks_url(w, g, repo_id, hook_id, rest), (str){ 0 }, 202, &none);
}
