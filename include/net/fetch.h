/* One HTTP exchange (libcurl), with a deadline and a ceiling. One struct fetch per thread.
 * Only http and https; redirects are handed out, not followed; proxies come from nowhere, not even the environment.
 * No text of an error holds a path, a header or a body: tokens live there. */
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
	str body; /* { NULL, 0 } = none */
	str content_type;
	bool safe;        /* a POST that may be repeated (JSON-RPC reads): no answer is ERR_RETRY */
	int64_t max_body; /* bytes; more is ERR_INVALID fetch.too_large; so are more than 128 headers or 64 KiB of them */
	usec timeout;     /* of this exchange, 0 = 30 s; the work's deadline still rules */
};
struct fetch_resp {
	int status;
	str body;
	const struct fetch_header *headers; /* names in lower case */
	size_t n_headers;
};
/* A work with a trace sends a traceparent, a new span in each exchange.
 * resp   any status, in w's arena; header values without space around them
 * fails  ERR_RETRY fetch.unreachable (nothing was sent; also when no time is left), fetch.no_answer (no status came),
 *        fetch.cut_short (a status came, not the whole body); both are ERR_UNCERTAIN once a request that is neither
 *        GET, HEAD nor safe has left, and so is fetch.too_large then; ERR_INVALID fetch.too_large;
 *        ERR_INVALID fetch.request (no http or https URL, a line break in a header) */
MUST bool fetch_do(struct work *w, struct fetch *f, const struct fetch_req *req, struct fetch_resp *resp);
/* "https://host:port" of a URL, as it stands there: what of it may be shown. With user information only "https://". */
str fetch_origin(str url);
str fetch_header(const struct fetch_resp *resp, const char *lower_name); /* the first; { NULL, 0 } */
usec fetch_retry_after(
	const struct fetch_resp *resp); /* Retry-After as seconds or date, at most a day; 0 = none, unreadable */
usec fetch_date(const struct fetch_resp *resp); /* the answer's own clock, its Date; 0 = none, unreadable */
/* The common verdict on a status that is not wanted: 429, or 503 with Retry-After: ERR_RETRY AREA.busy; other 5xx and 408:
 * ERR_RETRY AREA.server, both with the wait that Retry-After asks for; the rest: ERR_INVALID AREA.refused.
 * area is a literal such as "github". */
bool fetch_refused(struct work *w, const char *area, const struct fetch_resp *resp);
