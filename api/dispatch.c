#include "dispatch.h"

#include "access.h"
#include "encode.h"
#include "keys.h"
#include "metrics.h"
#include "openapi.h"
#include "problem.h"
#include "reply.h"
#include "request.h"
#include "routes.h"
#include "wake.h"

#define BODY_LEAST ((size_t)1 << 20) /* what is a little too long is read, and refused by its route in full */

/* Before any of the body is read. */
static size_t body_limit(const struct http_request *req)
{
	size_t n = routes_body_max(req->path);

	return n > BODY_LEAST ? n : BODY_LEAST;
}

void dispatch_prepare(void)
{
	const struct route *r;

	http_body_limit = body_limit;
	keys_load();
	openapi_prepare();
	for (size_t i = 0; (r = route_at(i)) != NULL; i++)
		metrics_routes(r->method, r->path);
}

/* The routes need nothing of their own in a worker. */
void dispatch_start(void) {}

static bool match(struct call *c)
{
	const char *method = http_method_text(c->req->method);

	if (!request_begin(c))
		return false;
	c->route = route_find(c, method);
	if (c->route != NULL)
		return true;
	if (c->allow.n == 0)
		return problem_set(c, "api.not_found");
	if (c->req->method != HTTP_METHOD_OPTIONS)
		return problem_set(c, "api.method_not_allowed");
	reply_preflight(c);
	c->step = STEP_ANSWER;
	return true;
}

static void on_rows(struct pipe_call *pipe)
{
	struct call *c = pipe->arg;

	c->waiting = false;
	if (c->asleep)
		http_request_wakeup(c->req);
}

static bool decode(struct call *c)
{
	return access_allowed(c) && access_admitted(c) && request_decode(c) &&
		(c->route->bind == NULL || c->route->bind(c, c->in));
}

static void submit(struct call *c)
{
	if (c->route->sql == NULL)
		return;
	c->pipe = (struct pipe_call){
		.sql = c->route->sql,
		.reads = strcmp(c->route->method, "GET") == 0,
		.done = on_rows,
		.arg = c,
	};
	query_encode(c->w.arena, c->route->sql, c->in, &c->pipe.params);
	c->waiting = true;
	c->submitted = true;
	pipe_submit(&c->pipe);
}

static bool answer(struct call *c)
{
	if (c->submitted && !pipe_result(&c->w, &c->pipe)) {
		if (!c->route->always)
			return false;
		c->status = c->route->status;
		c->media = c->route->media;
		return c->route->finish(c, NULL);
	}
	if (!encode_reply(c, c->pipe.res))
		return false;
	if (c->route->wakes != NULL)
		wake_hint_queue(c->route->wakes);
	return true;
}

/* Runs the next step; false when it failed or there is none left. */
static bool advance(struct call *c)
{
	switch (c->step++) {
	case STEP_MATCH: return match(c);
	case STEP_ADMIT: return access_check(c);
	case STEP_WINDOW: access_count(c); return true;
	case STEP_ROLE: return access_allowed(c) && access_admit(c);
	case STEP_DECODE: return decode(c);
	case STEP_SUBMIT: submit(c); return true;
	default: return c->route == NULL || answer(c);
	}
}

static int rest(struct call *c)
{
	c->asleep = true;
	http_request_sleep(c->req);
	return KORE_RESULT_RETRY;
}

int dispatch(struct http_request *req)
{
	struct call *c = req->hdlr_extra;

	if (c == NULL)
		c = call_begin(req);
	c->asleep = false;
	while (c->step <= STEP_ANSWER) {
		if (c->waiting)
			return rest(c);
		if (!advance(c)) {
			problem_reply(c);
			break;
		}
	}
	reply_send(c);
	return KORE_RESULT_OK;
}
