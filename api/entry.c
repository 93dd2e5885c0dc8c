/* The hooks that Kore calls: configuration and listener in the parent, the loop's modules in each worker, requests. */
#include "host.h"

#include "conf.h"
#include "dispatch.h"
#include "drain.h"
#include "metrics.h"
#include "pipe.h"
#include "sandbox.h"
#include "version.h"
#include "window.h"

#include <kore/hooks.h>

#define HEADER_MAX 16384 /* bytes of a header block */

/* A single binary carries a configuration file for Kore. Ours is empty: address, limits and workers are keys of our
 * own configuration (conf.c), so they are handed over in C; a second file would have to repeat them. */
u_int8_t asset_builtin_kore_conf[] = "# none\n";
u_int32_t asset_len_builtin_kore_conf = sizeof(asset_builtin_kore_conf) - 1;

HOOK int api_request(struct http_request *req);

static void load_conf(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : getenv("PATCHWORK_API_CONF");
	static struct work w; /* its arena holds the strings of api_conf until the process ends */

	work_init(&w);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("patchwork-api " PATCHWORK_VERSION);
		exit(0);
	}
	if (argc > 2 || (argc == 2 && argv[1][0] == '-')) {
		fputs("usage: patchwork-api [--version | FILE]\n"
		      "       without FILE: $PATCHWORK_API_CONF, then environment and defaults\n",
			stderr);
		exit(2);
	}
	if (!conf_load(&w, path, api_conf_fields, &api_conf)) {
		log_failure(LOG_ERROR, &w, "api.configuration");
		exit(2);
	}
}

static void set_limits(void)
{
	kore_foreground = skip_chroot = skip_runas = kore_quiet = 1; /* users and roots are the service manager's */
	kore_pidfile = kore_strdup("");
	worker_count = (u_int8_t)api_conf.workers;
	worker_max_connections = (u_int32_t)api_conf.sockets;
	worker_accept_threshold = 1; /* spreads connections over the workers */
	worker_set_affinity = 0;
	http_header_max = HEADER_MAX;
	http_body_max = (size_t)api_conf.body_max;
	http_body_held_max =
		(size_t)(api_conf.body_memory > api_conf.body_max ? api_conf.body_memory : api_conf.body_max);
	http_header_timeout = (u_int16_t)(api_conf.header_timeout / USEC_S);
	http_keepalive_time = (u_int16_t)(api_conf.keepalive / USEC_S);
	http_body_timeout = (u_int16_t)(api_conf.body_timeout / USEC_S);
	http_request_limit = (u_int32_t)api_conf.sockets;
	http_request_ms = 1000;
	http_hsts_enable = 0; /* TLS ends in the proxy, which sends it */
	http_server_version("patchwork");
	kore_websocket_maxframe = 65536;
	kore_websocket_timeout = 90000;
}

/* "ADDRESS:PORT", "[ADDRESS]:PORT" or "unix:PATH". */
static int bind_to(struct kore_server *server, const char *where)
{
	char address[256];
	const char *colon = strrchr(where, ':');
	size_t n;

	if (strncmp(where, "unix:", 5) == 0) {
		unlink(where + 5);
		return kore_server_bind_unix(server, where + 5, NULL);
	}
	if (colon == NULL || (n = (size_t)(colon - where)) >= sizeof(address))
		return KORE_RESULT_ERROR;
	if (n > 2 && where[0] == '[' && colon[-1] == ']')
		snprintf(address, sizeof(address), "%.*s", (int)n - 2, where + 1);
	else
		snprintf(address, sizeof(address), "%.*s", (int)n, where);
	return kore_server_bind(server, address, colon + 1, NULL);
}

static int bound_port(const struct kore_server *server)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof(a);

	if (getsockname(LIST_FIRST(&server->listeners)->fd, (struct sockaddr *)&a, &n) == -1)
		return -1;
	if (a.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
	return a.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&a)->sin_port) : 0;
}

/* One domain for every name, one route for every path: dispatch() knows the rest and answers 404 and 405 in JSON. */
static void serve(void)
{
	struct kore_server *server = kore_server_create("main");
	struct kore_domain *domain = kore_domain_new("*");
	char where[300];

	server->tls = 0;
	snprintf(where, sizeof(where), STR_FMT, STR_ARG(api_conf.listen));
	if (!bind_to(server, where)) {
		log_event(LOG_ERROR, NULL, "api.listen", "cannot_bind=%s", where);
		exit(1);
	}
	if (!kore_domain_attach(domain, server) ||
		!kore_module_handler_new(domain, "^", "api_request", NULL, HANDLER_TYPE_DYNAMIC))
		fatal("no route");
	log_event(LOG_INFO, NULL, "api.listening", "at=%s port=%d workers=%d", where, bound_port(server),
		api_conf.workers);
}

static const char *problem_code(int status)
{
	switch (status) {
	case 404: return "api.not_found";
	case 405: return "api.method_not_allowed";
	case 408: return "api.timeout";
	case 411: return "api.length_required";
	case 413: return "api.body_too_large";
	case 414: return "api.uri_too_long";
	case 431: return "api.headers_too_large";
	case 500: return "api.internal";
	case 503: return "api.busy";
	case 505: return "api.http_version";
	default: return "api.malformed_request";
	}
}

/* The body of what Kore refuses before any handler runs. */
static const char *problem(int status, size_t *len)
{
	static char body[256];
	char id[UUID_TEXT];

	uuid_format(uuid_v7(), id);
	metric_add(METRIC_REFUSED, 1);
	*len = (size_t)snprintf(body, sizeof(body),
		"{\"type\":\"about:blank\",\"title\":\"%s\",\"status\":%d,\"code\":\"%s\",\"request_id\":\"%.*s\"}",
		http_status_text(status), status, problem_code(status), UUID_TEXT, id);
	return body;
}

HOOK void kore_parent_configure(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0); /* Kore logs to it and never flushes */
	load_conf(argc, argv);
	set_limits();
	sandbox_prepare(api_conf.sockets);
	metrics_share(api_conf.workers);
	dispatch_prepare();
	http_problem = problem;
	serve();
}

HOOK void kore_worker_configure(void)
{
	metrics_attach(worker->id);
	drain_start();
	pipe_start();
	window_start();
	dispatch_start();
}

HOOK int api_request(struct http_request *req)
{
	if (draining() && req->owner != NULL)
		req->owner->flags |= CONN_CLOSE_EMPTY;
	return dispatch(req);
}
