/* A small HTTP server in a thread of the test: it gives scripted answers, one per request, with the faults that real servers
 * have, and keeps what it was sent. An answer's body may hold $ID: the JSON-RPC id of the request. */
#pragma once

#include "check.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>

enum stub_fault {
	STUB_NONE,
	STUB_SHORT, /* Content-Length promises ten bytes more than come */
	STUB_RESET, /* the request is read, then the connection is reset */
	STUB_CLOSE, /* the request is read, then the connection is closed */
	STUB_HANG,  /* the request is read, then nothing happens until the test ends */
	STUB_HALF,  /* status, headers and half of the body, then nothing */
	STUB_NOISE, /* bytes that are no HTTP */
	STUB_GIANT, /* headers, and then a body without end */
};

struct stub_answer {
	int status;          /* 0 stands for 200 */
	const char *headers; /* whole lines, each with \r\n; NULL = none */
	const char *body;    /* NULL = empty */
	enum stub_fault fault;
	bool keep; /* the connection stays open */
};

#define STUB_MAX 64
struct stub_request {
	char method[16], path[512];
	char *headers; /* the request line and all headers */
	char *body;
	size_t body_n;
};

struct stub {
	const struct stub_answer *answers;
	size_t n_answers;
	struct stub_request requests[STUB_MAX];
	size_t n_requests, n_connections;
	int fd, stop[2];
	pthread_t thread;
	char url[64]; /* "http://127.0.0.1:PORT" */
};

/* Readable before the test asked us to stop. */
static inline bool stub_readable(struct stub *s, int fd)
{
	struct pollfd p[2] = { { fd, POLLIN, 0 }, { s->stop[0], POLLIN, 0 } };

	while (poll(p, 2, -1) < 0)
		;
	return p[1].revents == 0;
}

static inline void stub_send(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		p += sent;
		n -= (size_t)sent;
	}
}

/* The request as text, terminated; NULL when the peer has closed. */
static inline char *stub_read(struct stub *s, int fd, size_t *head, size_t *total)
{
	size_t n = 0, cap = 1 << 20, want = 0;
	char *text = calloc(1, cap + 1), *end;

	while (n < cap && (want == 0 || n < want)) {
		ssize_t got = stub_readable(s, fd) ? recv(fd, text + n, cap - n, 0) : 0;

		if (got <= 0) {
			free(text);
			return NULL;
		}
		n += (size_t)got;
		end = strstr(text, "\r\n\r\n");
		if (want == 0 && end != NULL) {
			char *length = strcasestr(text, "content-length:");

			*head = (size_t)(end - text) + 4;
			want = *head + (length != NULL && length < end ? strtoul(length + 15, NULL, 10) : 0);
		}
	}
	*total = want;
	return text;
}

static inline void stub_keep(struct stub *s, const char *text, size_t head, size_t total)
{
	struct stub_request *r = &s->requests[s->n_requests];

	assert_true(s->n_requests < STUB_MAX);
	sscanf(text, "%15s %511s", r->method, r->path);
	r->headers = strndup(text, head);
	r->body_n = total - head;
	r->body = malloc(r->body_n + 1);
	memcpy(r->body, text + head, r->body_n);
	r->body[r->body_n] = '\0';
	__atomic_add_fetch(&s->n_requests, 1, __ATOMIC_SEQ_CST);
}

/* body with $ID replaced; to be freed */
static inline char *stub_body(const struct stub_answer *a, const char *request)
{
	const char *body = a->body == NULL ? "" : a->body, *at = strstr(body, "$ID"), *id = strstr(request, "\"id\":");
	char *out;

	if (at == NULL || id == NULL)
		return strdup(body);
	if (asprintf(&out, "%.*s%ld%s", (int)(at - body), body, strtol(id + 5, NULL, 10), at + 3) < 0)
		abort();
	return out;
}

static inline void stub_pour(int fd)
{
	static const char block[65536] = { ' ' };

	for (int i = 0; i < 4096; i++)
		if (send(fd, block, sizeof(block), MSG_NOSIGNAL) <= 0)
			return;
}

static inline void stub_answer(struct stub *s, int fd, const struct stub_answer *a, const char *request)
{
	char *body = stub_body(a, request), head[256];
	size_t n = strlen(body);

	if (a->fault == STUB_NOISE)
		stub_send(fd, "\x16\x03\x01 nonsense\r\n\r\n", 15);
	if (a->fault == STUB_RESET || a->fault == STUB_CLOSE || a->fault == STUB_NOISE || a->fault == STUB_HANG)
		goto done;
	snprintf(head, sizeof(head), "HTTP/1.1 %d Scripted\r\nContent-Length: %zu\r\nConnection: %s\r\n",
		a->status == 0 ? 200 : a->status,
		a->fault == STUB_GIANT ? (size_t)1 << 40 : n + (a->fault == STUB_SHORT ? 10 : 0),
		a->keep ? "keep-alive" : "close");
	stub_send(fd, head, strlen(head));
	if (a->headers != NULL)
		stub_send(fd, a->headers, strlen(a->headers));
	stub_send(fd, "\r\n", 2);
	stub_send(fd, body, a->fault == STUB_HALF ? n / 2 : n);
	if (a->fault == STUB_GIANT)
		stub_pour(fd);
done:
	free(body);
	if (a->fault == STUB_HANG || a->fault == STUB_HALF)
		(void)stub_readable(s, s->stop[0]);
}

/* A kept connection with nothing to say gives way to a new one. */
static inline bool stub_stays(struct stub *s, int fd)
{
	struct pollfd p[3] = { { fd, POLLIN, 0 }, { s->stop[0], POLLIN, 0 }, { s->fd, POLLIN, 0 } };

	while (poll(p, 3, -1) < 0)
		;
	return p[0].revents != 0 || p[1].revents != 0;
}

static inline void stub_connection(struct stub *s, int fd)
{
	size_t head, total;
	char *text;

	while ((text = stub_read(s, fd, &head, &total)) != NULL) {
		static const struct stub_answer none = { .status = 599, .body = "nothing is scripted" };
		const struct stub_answer *a = s->n_requests < s->n_answers ? &s->answers[s->n_requests] : &none;

		stub_keep(s, text, head, total);
		stub_answer(s, fd, a, s->requests[s->n_requests - 1].body);
		free(text);
		if (a->fault == STUB_RESET)
			setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){ 1, 0 }, sizeof(struct linger));
		if (!a->keep || !stub_stays(s, fd))
			break;
	}
	close(fd);
}

static inline void *stub_run(void *arg)
{
	struct stub *s = arg;

	while (stub_readable(s, s->fd)) {
		int fd = accept(s->fd, NULL, NULL);

		if (fd < 0)
			continue;
		s->n_connections++;
		stub_connection(s, fd);
	}
	return NULL;
}

static inline void stub_start(struct stub *s, const struct stub_answer *answers, size_t n)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	*s = (struct stub){ .answers = answers, .n_answers = n, .fd = socket(AF_INET, SOCK_STREAM, 0) };
	assert_int_equal(bind(s->fd, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(s->fd, 16), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&at, &size), 0);
	snprintf(s->url, sizeof(s->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
	assert_int_equal(pipe(s->stop), 0);
	assert_int_equal(pthread_create(&s->thread, NULL, stub_run, s), 0);
}

/* What was sent can be read afterwards, until stub_free. */
static inline void stub_stop(struct stub *s)
{
	assert_int_equal(write(s->stop[1], "x", 1), 1);
	pthread_join(s->thread, NULL);
	close(s->fd);
	close(s->stop[0]);
	close(s->stop[1]);
}

static inline void stub_free(struct stub *s)
{
	for (size_t i = 0; i < s->n_requests; i++) {
		free(s->requests[i].headers);
		free(s->requests[i].body);
	}
}

/* An origin where nobody listens. */
static inline void stub_nobody(char url[64])
{
	struct stub s;

	stub_start(&s, NULL, 0);
	memcpy(url, s.url, 64);
	stub_stop(&s);
}
