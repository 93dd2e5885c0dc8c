#include "net/scrape.h"

#include <errno.h>
#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metric.h"

#define PAGE_MAX (4 << 20)
#define HEAD_MAX 8192
#define CONNECTIONS 8u
#define IDLE_S 2u

struct scrape {
	struct MHD_Daemon *daemon;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)]; /* of a Unix socket, "" = none */
};

static enum MHD_Result say(struct MHD_Connection *to, unsigned status, str body, const char *type)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(body.n, (void *)body.p, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result queued;

	if (r == NULL)
		return MHD_NO;
	MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	queued = MHD_queue_response(to, status, r);
	MHD_destroy_response(r);
	return queued;
}

static enum MHD_Result page(struct MHD_Connection *to)
{
	struct arena *arena = arena_new();
	struct buf b = buf_new(arena, PAGE_MAX);
	enum MHD_Result said;

	metric_print(&b);
	said = say(to, MHD_HTTP_OK, buf_str(&b), "text/plain; version=0.0.4");
	arena_free(&arena);
	return said;
}

/* Called when the head is there, then for each piece of a body, which is not read. */
static enum MHD_Result answer(void *arg, struct MHD_Connection *to, const char *path, const char *method,
	const char *version, const char *upload, size_t *upload_size, void **seen)
{
	(void)arg, (void)version, (void)upload, (void)seen;
	*upload_size = 0;
	if (strcmp(path, "/metrics") != 0)
		return say(to, MHD_HTTP_NOT_FOUND, STR("only /metrics is here\n"), "text/plain");
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return say(to, MHD_HTTP_METHOD_NOT_ALLOWED, STR("only GET\n"), "text/plain");
	return page(to);
}

static bool bad(struct work *w, str where)
{
	return err_set(w, ERR_INVALID, "conf.value",
		"metrics: " STR_FMT " is no ADDRESS:PORT, [ADDRESS]:PORT or unix:PATH", STR_ARG(where));
}

static bool bind_unix(struct work *w, struct scrape *s, str where, int *fd)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	str path = str_skip(where, strlen("unix:"));

	if (path.n == 0 || path.n >= sizeof(a.sun_path))
		return bad(w, where);
	memcpy(a.sun_path, path.p, path.n);
	memcpy(s->path, a.sun_path, sizeof(s->path));
	unlink(a.sun_path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return bind(*fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

static bool bind_inet(struct work *w, str where, int *fd)
{
	struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
		.ai_socktype = SOCK_STREAM },
			*found;
	char *text = arena_cstr(w->arena, where), *port = strrchr(text, ':');
	int on = 1;
	bool ok;

	if (port == NULL || port == text)
		return bad(w, where);
	*port++ = '\0';
	if (text[0] == '[' && port[-2] == ']') {
		port[-2] = '\0';
		text++;
	}
	if (getaddrinfo(text, port, &hints, &found) != 0)
		return bad(w, where);
	*fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	ok = bind(*fd, found->ai_addr, found->ai_addrlen) == 0;
	freeaddrinfo(found);
	return ok;
}

static int port_of(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t n = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &n) != 0)
		return -1;
	return a.ss_family == AF_INET6   ? ntohs(((struct sockaddr_in6 *)&a)->sin6_port)
		: a.ss_family == AF_INET ? ntohs(((struct sockaddr_in *)&a)->sin_port)
					 : 0;
}

/* Signals are not for the daemon's thread: they end the waits of others. */
static struct MHD_Daemon *start(int fd)
{
	struct MHD_Daemon *daemon;
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, answer, NULL,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEAD_MAX, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
		MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return daemon;
}

bool scrape_open(struct work *w, str where, struct scrape **out)
{
	struct scrape *s = calloc(1, sizeof(*s));
	int fd = -1, port = 0;

	if (s == NULL)
		abort();
	if ((str_starts(where, STR("unix:")) ? bind_unix(w, s, where, &fd) : bind_inet(w, where, &fd)) &&
		listen(fd, (int)CONNECTIONS) == 0) {
		port = port_of(fd);
		s->daemon = start(fd);
	}
	if (s->daemon == NULL) {
		if (w->err.kind == ERR_NONE)
			err_set(w, ERR_RETRY, "metrics.listen", STR_FMT ": %s", STR_ARG(where), strerror(errno));
		if (fd >= 0)
			close(fd);
		free(s);
		return false;
	}
	log_event(LOG_INFO, w, "metrics.listening", "at=%s port=%d", LOG_Q(where), port);
	*out = s;
	return true;
}

void scrape_close(struct scrape **s)
{
	if (*s == NULL)
		return;
	MHD_stop_daemon((*s)->daemon); /* the listening socket, too */
	if ((*s)->path[0] != '\0')
		unlink((*s)->path);
	free(*s);
	*s = NULL;
}
