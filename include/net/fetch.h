/* One HTTP exchange (libcurl), with a deadline and a ceiling. One struct fetch per thread. */
#pragma once

#include "base/work.h"

struct fetch;
struct fetch *fetch_new(void); /* keeps connections open between exchanges */
void fetch_free(struct fetch **f);

struct fetch_header {
	str name, value;
};
struct fetch_req {
	const char *method; /* "GET", "POST" */
	str url;
	const struct fetch_header *headers;
	size_t n_headers;
	str body;             /* { NULL, 0 } = none */
	str content_type;
	bool safe;            /* a POST that may be repeated (JSON-RPC reads): no answer is ERR_RETRY */
	int64_t max_body;     /* bytes; more is ERR_INVALID fetch.too_large */
	usec timeout;         /* of this exchange; the work's deadline still rules */
};
struct fetch_resp {
	int status;
	str body;
	const struct fetch_header *headers; /* names in lower case */
	size_t n_headers;
};
/* resp   any status, in w's arena; redirects are not followed
 * fails  ERR_RETRY fetch.unreachable (nothing was sent), fetch.no_answer (GET, HEAD or safe), fetch.cut_short;
 *        ERR_UNCERTAIN fetch.no_answer once another request has left */
MUST bool fetch_do(struct work *w, struct fetch *f, const struct fetch_req *req, struct fetch_resp *resp);
str fetch_header(const struct fetch_resp *resp, const char *lower_name); /* the first; { NULL, 0 } */
/* The common verdict on a status that is not wanted: 429/503 with Retry-After, 5xx, 408: ERR_RETRY AREA.busy or AREA.server;
 * the rest: ERR_INVALID AREA.refused. area is a literal such as "github". */
bool fetch_refused(struct work *w, const char *area, const struct fetch_resp *resp);
