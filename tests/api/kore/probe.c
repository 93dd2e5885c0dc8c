/* A dispatch() with routes for the tests of the substrate: linked with entry, pipe, window in place of the real one.
 *
 *   /livez           ok                          /pid             the worker's pid
 *   /echo            the request as it was read  /sleep/MS        answers after MS milliseconds, logged when it begins
 *   /exit            the worker ends             /forbidden/CALL  makes a system call that the filter refuses
 *   /allocate        much memory, a file, time: what normal work does under the filter
 *   /sql/STATEMENT   one of the statements below, its parameter in the query string: state, kind, code, first column
 *   /window/KEY?R,B  one request at R per minute, burst B: the verdict
 *   /state           connections ready, window degraded
 *   /capture/A/N     the groups of that route's own expression
 *   /socket          a WebSocket: probe_socket.c */
#include "api/host.h"

#include "api/dispatch.h"
#include "api/metrics.h"
#include "api/pipe.h"
#include "api/window.h"
#include "probe.h"

#include <sys/syscall.h>

struct probe {
	struct work w;
	struct pipe_call call;
	struct window_call window;
	struct kore_timer *timer;
	struct window_verdict verdict;
	bool over;
};

static const struct sql statements[] = {
	{ .name = "probe.echo", .text = "select $1::text" },
	{ .name = "probe.pid", .text = "select pg_backend_pid()::text, $1::text" },
	{ .name = "probe.sleep", .text = "select pg_sleep($1::text::float8)::text" },
	{ .name = "probe.write", .text = "insert into probe (v) values ($1::text) returning v" },
	{ .name = "probe.slow_write", .text = "insert into probe (v) select $1::text from pg_sleep(1) returning v" },
	{ .name = "probe.shape", .text = "select shape.*, $1::text from shape" },
	{ .name = "probe.broken", .text = "select nothing from nowhere where $1::text is null" },
};

static const struct {
	const char *name;
	long number;
} forbidden[] = {
	{ "execve", SYS_execve },
	{ "ptrace", SYS_ptrace },
	{ "setuid", SYS_setuid },
	{ "mount", SYS_mount },
	{ "fork", SYS_fork },
	{ "chmod", SYS_chmod },
	{ "listen", SYS_listen },
	{ "personality", SYS_personality },
};

void dispatch_prepare(void) {}

HOOK int probe_capture(struct http_request *req);

/* A route of Kore's own, before the one that takes every path. */
void dispatch_start(void)
{
	struct kore_domain *domain = kore_domain_lookup(kore_server_lookup("main"), "x");
	struct kore_module_handle *all = TAILQ_FIRST(&domain->handlers);

	if (!kore_module_handler_new(
		    domain, "^/capture/([a-z]+)/([0-9]+)$", "probe_capture", NULL, HANDLER_TYPE_DYNAMIC))
		fatal("no route");
	TAILQ_REMOVE(&domain->handlers, all, list);
	TAILQ_INSERT_TAIL(&domain->handlers, all, list);
}

static int answer(struct http_request *req, const char *text)
{
	http_response_header(req, "content-type", "text/plain");
	http_response(req, 200, text, strlen(text));
	return KORE_RESULT_OK;
}

static void on_free(struct http_request *req)
{
	struct probe *p = http_state_get(req);

	pipe_detach(&p->call);
	window_detach(&p->window);
	if (p->timer != NULL)
		kore_timer_remove(p->timer);
	work_end(&p->w);
}

/* The state of a request that waits; *first when it has just been made. */
static struct probe *begin(struct http_request *req, bool *first)
{
	struct probe *p;

	*first = !http_state_exists(req);
	if (!*first)
		return http_state_get(req);
	p = http_state_create(req, sizeof(*p), on_free);
	memset(p, 0, sizeof(*p));
	work_init(&p->w);
	p->call.arg = p->window.arg = req;
	return p;
}

static int wait(struct http_request *req)
{
	http_request_sleep(req);
	return KORE_RESULT_RETRY;
}

static void wake(struct http_request *req)
{
	struct probe *p = http_state_get(req);

	p->over = true;
	http_request_wakeup(req);
}

static void on_timer(void *arg, u_int64_t now)
{
	struct http_request *req = arg;
	struct probe *p = http_state_get(req);

	(void)now;
	p->timer = NULL;
	wake(req);
}

static int sleep_for(struct http_request *req, const char *ms)
{
	bool first;
	struct probe *p = begin(req, &first);

	if (p->over)
		return answer(req, "slept\n");
	if (first)
		log_event(LOG_INFO, &p->w, "probe.sleeps", NULL);
	if (first)
		p->timer = kore_timer_add(on_timer, strtoull(ms, NULL, 10), req, KORE_TIMER_ONESHOT);
	return wait(req);
}

static void on_rows(struct pipe_call *call)
{
	wake(call->arg);
}

static int sql_answer(struct http_request *req, struct probe *p)
{
	char text[600];

	if (!pipe_result(&p->w, &p->call))
		snprintf(text, sizeof(text), "error %s %s %s\n", err_kind_name(p->w.err.kind), p->w.err.code,
			p->w.err.text);
	else
		snprintf(text, sizeof(text), "row %s\n",
			PQntuples(p->call.res) > 0 ? PQgetvalue(p->call.res, 0, 0) : "");
	return answer(req, text);
}

static int sql(struct http_request *req, const char *name)
{
	bool first;
	struct probe *p = begin(req, &first);
	struct query_params *in = &p->call.params;

	if (p->over)
		return sql_answer(req, p);
	if (!first)
		return wait(req);
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (strcmp(statements[i].name + sizeof("probe.") - 1, name) == 0)
			p->call.sql = &statements[i];
	}
	if (p->call.sql == NULL)
		return answer(req, "no such statement\n");
	in->n = 1;
	in->types[0] = 25;
	in->values[0] = req->query_string != NULL ? req->query_string : "";
	in->lengths[0] = (int)strlen(in->values[0]);
	in->formats[0] = 1;
	p->call.reads = strstr(name, "write") == NULL;
	p->call.done = on_rows;
	pipe_submit(&p->call);
	return wait(req);
}

static void on_verdict(struct window_call *call, const struct window_verdict *v)
{
	struct probe *p = http_state_get(call->arg);

	p->verdict = *v;
	wake(call->arg);
}

static int window(struct http_request *req, const char *key)
{
	bool first;
	struct probe *p = begin(req, &first);
	struct window_limit limit = { 60, 1 };
	char text[200];

	if (p->over) {
		snprintf(text, sizeof(text), "%s %d %ld %ld\n", p->verdict.allowed ? "allowed" : "denied",
			p->verdict.remaining, (long)p->verdict.retry_after, (long)p->verdict.reset);
		return answer(req, text);
	}
	if (req->query_string != NULL && sscanf(req->query_string, "%d,%d", &limit.per_minute, &limit.burst) != 2)
		return answer(req, "RATE,BURST\n");
	p->window.done = on_verdict;
	if (first)
		window_take(&p->window, str_c(key), limit);
	return wait(req);
}

static int echo(struct http_request *req)
{
	struct kore_buf *b = kore_buf_alloc(1024);
	struct http_header *h;

	kore_buf_appendf(b, "%s %s\nhost: %s\n", http_method_text(req->method), req->path, req->host);
	TAILQ_FOREACH(h, &req->req_headers, list)
		kore_buf_appendf(b, "%s: %s\n", h->header, h->value);
	kore_buf_appendf(b, "\n%zu\n", req->http_body_length);
	if (req->http_body != NULL)
		kore_buf_append(b, req->http_body->data, req->http_body_length);
	http_response(req, 200, b->data, b->offset);
	kore_buf_free(b);
	return KORE_RESULT_OK;
}

static int forbid(struct http_request *req, const char *name)
{
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		if (strcmp(forbidden[i].name, name) == 0)
			syscall(forbidden[i].number, 0L, 0L, 0L, 0L, 0L);
	}
	return answer(req, "still alive\n");
}

static int allocate(struct http_request *req)
{
	char *p = malloc(4096), line[256];
	FILE *f = fopen("/etc/hosts", "r");
	time_t now = time(NULL);

	for (size_t n = 4096; n <= 64 * 1024 * 1024; n *= 2) {
		p = realloc(p, n);
		memset(p + n / 2, 1, n / 2);
	}
	free(p);
	if (f == NULL || fgets(line, sizeof(line), f) == NULL || localtime(&now) == NULL)
		return answer(req, "failed\n");
	fclose(f);
	return answer(req, "ok\n");
}

static int state(struct http_request *req)
{
	char text[100];

	snprintf(text, sizeof(text), "ready %d degraded %d in_hand %ld\n", pipe_ready(), window_degraded(),
		(long)metric_sum(METRIC_DB_IN_HAND));
	return answer(req, text);
}

static int metrics(struct http_request *req)
{
	struct work w;
	struct buf b;

	work_init(&w);
	b = buf_new(w.arena, 1 << 20);
	metric_print(&b);
	http_response(req, 200, b.p, b.n);
	work_end(&w);
	return KORE_RESULT_OK;
}

static int pid(struct http_request *req)
{
	char text[32];

	snprintf(text, sizeof(text), "%d\n", getpid());
	return answer(req, text);
}

int probe_capture(struct http_request *req)
{
	struct kore_buf *b = kore_buf_alloc(64);

	for (size_t i = 1; i < HTTP_CAPTURE_GROUPS && req->cgroups[i].rm_so >= 0; i++)
		kore_buf_appendf(b, "%.*s\n", (int)(req->cgroups[i].rm_eo - req->cgroups[i].rm_so),
			req->path + req->cgroups[i].rm_so);
	http_response(req, 200, b->data, b->offset);
	kore_buf_free(b);
	return KORE_RESULT_OK;
}

static const struct {
	const char *prefix;
	int (*plain)(struct http_request *);
	int (*with)(struct http_request *, const char *rest);
} routes[] = {
	{ "/echo", echo, NULL },
	{ "/pid", pid, NULL },
	{ "/state", state, NULL },
	{ "/socket", open_socket, NULL },
	{ "/metrics", metrics, NULL },
	{ "/allocate", allocate, NULL },
	{ "/sleep/", NULL, sleep_for },
	{ "/sql/", NULL, sql },
	{ "/window/", NULL, window },
	{ "/forbidden/", NULL, forbid },
};

int dispatch(struct http_request *req)
{
	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		size_t n = strlen(routes[i].prefix);

		if (strncmp(req->path, routes[i].prefix, n) == 0)
			return routes[i].plain != NULL ? routes[i].plain(req) : routes[i].with(req, req->path + n);
	}
	if (strcmp(req->path, "/exit") == 0)
		_exit(3);
	if (strcmp(req->path, "/livez") == 0)
		return answer(req, "ok\n");
	http_response(req, 404, NULL, 0);
	return KORE_RESULT_OK;
}
