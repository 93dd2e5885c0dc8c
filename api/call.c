#include "call.h"

#define SPARE_MAX 256
#define REPLY_MAX ((size_t)16 << 20)

static struct call *spare[SPARE_MAX];
static int n_spare;

static void end(struct call *c)
{
	if (c->waiting && c->submitted)
		pipe_detach(&c->pipe);
	else if (c->waiting && c->admitting)
		pipe_detach(&c->admission);
	else if (c->waiting)
		window_detach(&c->window);
	pipe_drop(&c->pipe);
	pipe_drop(&c->admission);
	if (n_spare < SPARE_MAX) {
		work_reset(&c->w);
		spare[n_spare++] = c;
		return;
	}
	work_end(&c->w);
	free(c);
}

static void on_free(struct http_request *req)
{
	struct call *c = req->hdlr_extra;

	req->hdlr_extra = NULL;
	if (c != NULL)
		end(c);
}

static struct call *take(void)
{
	struct call *c;

	if (n_spare > 0)
		return spare[--n_spare];
	c = calloc(1, sizeof(*c));
	if (c == NULL)
		fatal("out of memory");
	work_init(&c->w);
	return c;
}

struct call *call_begin(struct http_request *req)
{
	struct call *c = take();
	struct work w = c->w;

	memset(c, 0, sizeof(*c));
	c->w = w;
	c->req = req;
	c->began = clock_monotonic();
	uuid_format(uuid_v7(), c->request_id);
	c->w.request_id = str_of(c->request_id, UUID_TEXT);
	c->out = buf_new(c->w.arena, REPLY_MAX);
	req->hdlr_extra = c;
	req->flags |= HTTP_REQUEST_RETAIN_EXTRA;
	req->onfree = on_free;
	return c;
}
