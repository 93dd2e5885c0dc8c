/* Our GitHub App: it names itself by a JWT, and asks about a repository with the token of its installation there. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/json.h"
#include "crypto/app_jwt.h"
#include "github_call.h"

#define KEPT 256 /* installations; beyond it the token that ends first goes */
#define TOKEN_MAX 256
#define SPARE (300 * USEC_S)

struct held {
	int64_t installation;
	usec until; /* clock_monotonic() */
	char token[TOKEN_MAX];
};
struct github_app {
	char *id;
	struct app_key *key;
	pthread_mutex_t lock;
	struct held held[KEPT];
};

bool github_app_new(struct work *w, const struct github_conf *c, struct github_app **out)
{
	struct github_app *a = calloc(1, sizeof(*a));

	if (a == NULL)
		abort();
	if (!app_key_load(w, c->app_key_file, &a->key)) {
		free(a);
		return false;
	}
	a->id = strndup(c->app_id.p, c->app_id.n);
	pthread_mutex_init(&a->lock, NULL);
	*out = a;
	return true;
}

void github_app_free(struct github_app **a)
{
	if (*a == NULL)
		return;
	app_key_free(&(*a)->key);
	pthread_mutex_destroy(&(*a)->lock);
	free((*a)->id);
	explicit_bzero(*a, sizeof(**a));
	free(*a);
	*a = NULL;
}

static bool recall(struct work *w, struct github_app *a, int64_t installation, str *out)
{
	usec now = clock_monotonic();
	bool found = false;

	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < KEPT && !found; i++)
		if (a->held[i].installation == installation && a->held[i].until > now) {
			*out = arena_str(w->arena, str_c(a->held[i].token));
			found = true;
		}
	pthread_mutex_unlock(&a->lock);
	return found;
}

static void hold(struct github_app *a, int64_t installation, str token, usec until)
{
	struct held *h = &a->held[0];

	pthread_mutex_lock(&a->lock);
	for (size_t i = 0; i < KEPT; i++) {
		if (a->held[i].installation == installation) {
			h = &a->held[i];
			break;
		}
		if (a->held[i].until < h->until)
			h = &a->held[i];
	}
	h->installation = installation;
	h->until = until;
	memcpy(h->token, token.p, token.n);
	h->token[token.n] = '\0';
	pthread_mutex_unlock(&a->lock);
}

void github_app_forget(struct github *g, int64_t installation)
{
	if (g->app == NULL)
		return;
	pthread_mutex_lock(&g->app->lock);
	for (size_t i = 0; i < KEPT; i++)
		if (g->app->held[i].installation == installation)
			g->app->held[i].until = 0;
	pthread_mutex_unlock(&g->app->lock);
}

static bool ask(struct work *w, struct github *g, const char *method, str url, struct fetch_resp *resp)
{
	str jwt = app_jwt(w, g->app->key, str_c(g->app->id), clock_now());
	const struct fetch_header headers[] = {
		{ STR("Accept"), STR("application/vnd.github+json") },
		{ STR("X-GitHub-Api-Version"), STR("2022-11-28") },
		{ STR("Authorization"), arena_printf(w->arena, "Bearer " STR_FMT, STR_ARG(jwt)) },
	};
	struct fetch_req req = {
		.method = method,
		.url = url,
		.headers = headers,
		.n_headers = sizeof(headers) / sizeof(headers[0]),
		.safe = true, /* another token does no harm */
		.max_body = g->max_body,
		.timeout = GITHUB_TIMEOUT,
	};

	return idle_fetch(w, &g->idle, &req, resp);
}

bool github_app_ask(struct work *w, struct github *g, const char *method, str url, int wanted, const cJSON **out)
{
	struct quota *quota = w->quota;
	struct fetch_resp resp;
	bool ok;

	if (g->app == NULL)
		return err_set(w, ERR_INVALID, "github.no_app", "github.app_id is not configured");
	if (!ask(w, g, method, url, &resp))
		return false;
	if (resp.status != wanted) {
		w->quota = NULL; /* limits of the App are not those of the account whose turn it is */
		ok = github_refused(w, QUOTA_CORE, &resp);
		w->quota = quota;
		return ok;
	}
	return json_parse(w, resp.body, out) || err_set(w, ERR_RETRY, "github.malformed", "%s", w->err.text);
}

bool github_app_token(struct work *w, struct github *g, int64_t installation, str *out)
{
	str url = arena_printf(w->arena, "%s/app/installations/%" PRId64 "/access_tokens", g->rest, installation);
	const cJSON *json = NULL;
	usec ends;

	if (g->app != NULL && recall(w, g->app, installation, out))
		return true;
	if (!github_app_ask(w, g, "POST", url, 201, &json))
		return false;
	*out = json_get_str(json, "token");
	if (out->n == 0 || out->n >= TOKEN_MAX || !clock_parse(json_get_str(json, "expires_at"), &ends))
		return err_set(w, ERR_RETRY, "github.malformed", "no token of an installation");
	hold(g->app, installation, *out, clock_monotonic() + (ends - clock_now()) - SPARE);
	return true;
}
