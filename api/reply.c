#include "reply.h"

#include "access.h"
#include "base/hex.h"
#include "crypto/digest.h"
#include "keys.h"
#include "metrics.h"
#include "request.h"
#include "routes.h"

static void header(struct call *c, const char *name, str value)
{
	http_response_header(c->req, name, arena_cstr(c->w.arena, value));
}

static bool listed(str list, str one)
{
	str piece;

	while (str_next(&list, ',', &piece)) {
		if (str_eq(str_trim(piece), one))
			return true;
	}
	return false;
}

static bool cross_origin(struct call *c)
{
	str origin;

	header(c, "vary", STR("origin, accept"));
	if (!request_header(c, "origin", &origin) || origin.p == NULL || !listed(keys.origins, origin)) {
		return false;
	}
	header(c, "access-control-allow-origin", origin);
	header(c, "access-control-expose-headers",
		STR("etag, location, ratelimit, ratelimit-policy, retry-after, x-request-id"));
	return true;
}

void reply_preflight(struct call *c)
{
	c->status = 204;
	header(c, "allow", arena_printf(c->w.arena, STR_FMT ", OPTIONS", STR_ARG(c->allow)));
	if (!cross_origin(c))
		return;
	header(c, "access-control-allow-methods", c->allow);
	header(c, "access-control-allow-headers",
		STR("authorization, content-type, idempotency-key, if-none-match, traceparent"));
	header(c, "access-control-max-age", STR("600"));
}

/* RateLimit and RateLimit-Policy of the IETF's draft; w is the time in which the whole burst comes back. */
static void put_window(struct call *c)
{
	const char *name;

	if (!c->counted)
		return;
	name = access_window_name(c);
	header(c, "ratelimit-policy",
		arena_printf(c->w.arena, "\"%s\";q=%d;w=%d", name, c->limit.burst,
			(c->limit.burst * 60 + c->limit.per_minute - 1) / c->limit.per_minute));
	header(c, "ratelimit",
		arena_printf(c->w.arena, "\"%s\";r=%d;t=%ld", name, c->verdict.remaining,
			(long)((c->verdict.reset + USEC_S - 1) / USEC_S)));
}

static void put_failure(struct call *c)
{
	usec wait = c->w.err.retry_after > 0 ? c->w.err.retry_after : USEC_S;

	if (c->status == 401)
		header(c, "www-authenticate", STR("Bearer"));
	if (c->status == 405)
		header(c, "allow", arena_printf(c->w.arena, STR_FMT ", OPTIONS", STR_ARG(c->allow)));
	if (c->status == 429 || c->status == 503)
		header(c, "retry-after", arena_printf(c->w.arena, "%ld", (long)((wait + USEC_S - 1) / USEC_S)));
}

/* 304 when the caller has exactly this already. */
static void put_etag(struct call *c)
{
	uint8_t hash[32];
	str wanted;

	if (c->status != 200 || strcmp(c->route->method, "GET") != 0 || strcmp(c->route->tag, "health") == 0)
		return;
	if (c->etag.p == NULL) {
		sha256(buf_str(&c->out), hash);
		c->etag = arena_printf(
			c->w.arena, "\"" STR_FMT "\"", STR_ARG(base64url_str(c->w.arena, str_of(hash, 15))));
	}
	header(c, "etag", c->etag);
	if (!request_header(c, "if-none-match", &wanted) || wanted.p == NULL)
		return;
	if (str_eq(str_trim(wanted), STR("*")) || str_find(wanted, c->etag, &(size_t){ 0 }))
		c->status = 304;
}

static str cache(const struct call *c)
{
	if (c->cache.p != NULL)
		return c->cache;
	return c->route != NULL && c->route->access == ACCESS_NONE && strcmp(c->route->method, "GET") == 0
		? STR("no-cache")
		: STR("no-store");
}

#define API_POLICY STR("default-src 'none'; frame-ancestors 'none'")
#define PAGE_POLICY STR("default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")

static void put_security(struct call *c)
{
	bool page = c->route != NULL && strcmp(c->route->tag, "page") == 0;

	header(c, "content-security-policy", page ? PAGE_POLICY : API_POLICY);
	header(c, "x-content-type-options", STR("nosniff"));
	header(c, "referrer-policy", STR("no-referrer"));
	header(c, "cross-origin-resource-policy", page ? STR("same-origin") : STR("cross-origin"));
}

void reply_send(struct call *c)
{
	usec took = clock_monotonic() - c->began;

	header(c, "x-request-id", c->w.request_id);
	put_security(c);
	put_window(c);
	if (c->status >= 400)
		put_failure(c);
	else
		put_etag(c);
	header(c, "cache-control", cache(c));
	if (c->location.p != NULL)
		header(c, "location", c->location);
	if (c->status != 204 || c->out.n > 0)
		cross_origin(c);
	if (c->status != 204 && c->status != 304)
		header(c, "content-type", str_c(c->media));
	metrics_request(route_number(c->route), c->status, took);
	if (c->status == 204 || c->status == 304)
		http_response(c->req, c->status, NULL, 0);
	else
		http_response(c->req, c->status, c->out.p, c->out.n);
}
