/* One question to GitHub and its answer, or why there is none: headers, limits, redirects, pages. */
#pragma once

#include "idle.h"
#include "outside/github.h"

struct github {
	char *rest, *graphql; /* without '/' at the end */
	char *token_file;     /* NULL = none; read again for each request, so that it can be rotated */
	int64_t max_body;
	struct github_app *app;                                      /* NULL = we are no App */
	char *oauth_token_url, *oauth_client_id, *oauth_secret_file; /* NULL = none */
	struct idle idle;
};

struct github_page {
	const cJSON *json; /* without credentials that GitHub puts into repositories it shows */
	str at;            /* the address that answered: another than was asked for when it moved */
	str next;          /* { NULL, 0 } = the last page */
	bool moved;        /* came from another address than was asked for */
};
/* GET url, which begins with g->rest. repo_id is the repository that the answer must be about, 0 = any.
 * fails  as include/outside/github.h says; ERR_INVALID github.mismatch when it moved to another repository or host */
MUST bool github_rest(struct work *w, struct github *g, str url, int64_t repo_id, struct github_page *out);
/* POST or PATCH of a JSON text; 200 or 201. repeatable: the same again changes nothing more. */
MUST bool github_write(
	struct work *w, struct github *g, const char *method, str url, str body, bool repeatable, const cJSON **out);
/* variables: a JSON object's text. data is an object. */
MUST bool github_query(struct work *w, struct github *g, str query, str variables, const cJSON **data);
/* The process's bearer token, { NULL, 0 } without one.  fails  ERR_INVALID github.token_file */
MUST bool github_token(struct work *w, const struct github *g, str *out);

/* All pages of a list as one array, which belongs to w's arena.  fails  as github_rest; ERR_INVALID github.too_large */
MUST bool github_all_pages(struct work *w, struct github *g, str url, int64_t repo_id, const cJSON **out);
void github_evidence_of(struct work *w, const cJSON *json, str url, struct evidence *ev);
str github_escaped(struct work *w, str s); /* RFC 3986: everything but the unreserved characters as %XX */
/* One exchange that is no evidence and follows nothing: out is the body, NULL for an empty one. wanted is a status. */
MUST bool github_ask(
	struct work *w, struct github *g, const char *method, str url, str body, int wanted, const cJSON **out);
/* A page of a list that is no evidence. */
MUST bool github_list(struct work *w, struct github *g, str url, struct github_page *out);

/* The App and the tokens of its installations, each kept until five minutes before its end. Shared by threads. */
MUST bool github_app_new(struct work *w, const struct github_conf *c, struct github_app **out); /* fails  secret.* */
void github_app_free(struct github_app **a);
/* fails  as GitHub's answers: github.not_found when there is no such installation, github.refused when it is suspended */
MUST bool github_app_token(struct work *w, struct github *g, int64_t installation, str *out);
/* As github_ask, in the App's own name, which has limits of its own. */
MUST bool github_app_ask(struct work *w, struct github *g, const char *method, str url, int wanted, const cJSON **out);
void github_app_forget(struct github *g, int64_t installation); /* its token was refused */
/* One exchange within the quota; any status. known names what If-None-Match and If-Modified-Since ask, NULL = nothing.
 * fails  ERR_RETRY github.budget; as the token's file, the App and fetch_do */
MUST bool github_send(struct work *w, struct github *g, struct fetch_req req, enum quota_resource resource,
	const struct quota_page *known, struct fetch_resp *resp);
/* A limit is reached: always false, a snooze for as long as GitHub says. */
bool github_limited(struct work *w, enum quota_resource resource, const struct fetch_resp *resp);
/* The verdict on a status that was not wanted.  fails  as include/outside/github.h says */
MUST bool github_refused(struct work *w, enum quota_resource resource, const struct fetch_resp *resp);
#define GITHUB_TIMEOUT (20 * USEC_S)
/* The first line's worth of a file with one word.  fails  ERR_INVALID github.token_file */
MUST bool github_word(struct work *w, const char *file, str *out);
/* One exchange with this Authorization, outside of our own budget; any status that is no limit and no fault of theirs. */
MUST bool github_as(struct work *w, struct github *g, struct fetch_req req, str authorization, struct fetch_resp *resp);
