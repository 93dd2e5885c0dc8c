/* One question to GitHub and its answer, or why there is none: headers, limits, redirects, pages. */
#pragma once

#include "idle.h"
#include "outside/github.h"

struct github {
	char *rest, *graphql; /* without '/' at the end */
	char *token_file;     /* NULL = none; read again for each request, so that it can be rotated */
	int64_t max_body;
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
/* The bearer token, { NULL, 0 } without one.  fails  ERR_INVALID github.token_file */
MUST bool github_token(struct work *w, const struct github *g, str *out);

/* All pages of a list as one array, which belongs to w's arena.  fails  as github_rest; ERR_INVALID github.too_large */
MUST bool github_all_pages(struct work *w, struct github *g, str url, int64_t repo_id, const cJSON **out);
void github_evidence_of(struct work *w, const cJSON *json, str url, struct evidence *ev);
str github_escaped(struct work *w, str s); /* RFC 3986: everything but the unreserved characters as %XX */
