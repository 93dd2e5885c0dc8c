/* HTTP/1.1 load on 127.0.0.1 from one thread: see options.h. One JSON line on stdout.
 *
 * Closed loop: each connection sends its next request when it has its answer. With a rate, request i is due at i / rate s,
 * whatever became of the ones before it, and its time counts from then: a server (or a generator) that stalls cannot hide what
 * waited meanwhile. Requests that are due in the warm-up are sent and not counted in the times. All that were sent are waited
 * for, GRACE at most; what has no answer then counts with the time it has waited. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "histogram.h"
#include "options.h"
#include "template.h"

#define GRACE 5000000 /* us */
#define HEAD_MAX 16384

struct client {
	int fd;
	char *request; /* its own copy, since the UUIDs differ */
	size_t whole;  /* bytes of it */
	size_t sent;
	bool blocked; /* the rest waits for room in the socket */
	char head[HEAD_MAX + 1];
	size_t head_n;
	int64_t body_left; /* -1 = the answer's head is not complete */
	int status;
	bool keep;   /* the server leaves the connection open */
	bool busy;   /* a request is on its way */
	int64_t due; /* us; the request's time counts from here */
	struct client *next_idle;
};

static int loop;
static struct client *clients, *idle;
static int64_t began, measured_from, measured_to;                                             /* us */
static uint64_t issued, answered, by_status[600], broken, reconnected, unanswered, in_window; /* counts */
static struct histogram times;

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void watch(struct client *c, uint32_t events, int op)
{
	struct epoll_event e = { .events = events, .data.ptr = c };

	if (epoll_ctl(loop, op, c->fd, &e) != 0)
		die("epoll_ctl");
}

static void open_client(struct client *c)
{
	struct sockaddr_in to = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)opt.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	int one = 1;

	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	fcntl(c->fd, F_SETFL, O_NONBLOCK);
	c->blocked = false;
	watch(c, EPOLLIN, EPOLL_CTL_ADD);
}

static void reopen(struct client *c)
{
	close(c->fd);
	reconnected++;
	open_client(c);
}

static void rest(struct client *c)
{
	c->busy = false;
	c->next_idle = idle;
	idle = c;
}

static bool counts(const struct client *c)
{
	return c->due >= measured_from && c->due < measured_to;
}

static void lost(struct client *c)
{
	broken++;
	if (counts(c))
		histogram_add(&times, now_us() - c->due);
	reopen(c);
	rest(c);
}

static void push(struct client *c)
{
	ssize_t n = send(c->fd, c->request + c->sent, c->whole - c->sent, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN) {
		lost(c);
		return;
	}
	c->sent += n > 0 ? (size_t)n : 0;
	if (c->blocked != (c->sent < c->whole)) {
		c->blocked = !c->blocked;
		watch(c, c->blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, EPOLL_CTL_MOD);
	}
}

static void issue(struct client *c, int64_t due)
{
	issued++;
	c->busy = true;
	c->due = due;
	c->sent = c->head_n = 0;
	c->body_left = -1;
	c->whole = template_next(c->request);
	push(c);
}

/* What of the head matters; an answer without a length is none that this program can read. */
static void read_head(struct client *c, size_t head_n)
{
	char *length, *close_it;

	c->head[head_n] = '\0';
	if (sscanf(c->head, "HTTP/1.1 %d", &c->status) != 1 || c->status < 100 || c->status > 599) {
		fprintf(stderr, "load: not an answer: %.80s\n", c->head);
		exit(1);
	}
	length = strcasestr(c->head, "\r\ncontent-length:");
	close_it = strcasestr(c->head, "\r\nconnection: close");
	if (length == NULL && c->status != 204 && c->status != 304) {
		fprintf(stderr, "load: an answer without content-length\n");
		exit(1);
	}
	c->keep = close_it == NULL;
	c->body_left = length == NULL ? 0 : atoll(length + strlen("\r\ncontent-length:"));
}

static void answer(struct client *c)
{
	int64_t now = now_us();

	answered++;
	by_status[c->status]++;
	in_window += now >= measured_from && now < measured_to;
	if (counts(c))
		histogram_add(&times, now - c->due);
	if (!c->keep)
		reopen(c);
	rest(c);
}

/* Takes what has arrived into the head, or counts it as body. */
static void take(struct client *c, const char *data, size_t n)
{
	char *end;
	size_t head_n, old = c->head_n;

	if (c->body_left < 0) {
		size_t room = HEAD_MAX - old, part = n < room ? n : room;

		memcpy(c->head + old, data, part);
		c->head_n += part;
		c->head[c->head_n] = '\0';
		end = strstr(c->head, "\r\n\r\n");
		if (end == NULL && part == room)
			die("an answer's head is too long");
		if (end == NULL)
			return;
		head_n = (size_t)(end - c->head) + 4;
		read_head(c, head_n);
		n -= head_n - old;
	}
	c->body_left -= (int64_t)n;
}

static void pull(struct client *c)
{
	static char data[1 << 16];
	ssize_t n = recv(c->fd, data, sizeof(data), 0);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		if (c->busy)
			lost(c);
		else
			reopen(c);
		return;
	}
	if (!c->busy)
		die("an answer that nobody asked for");
	take(c, data, (size_t)n);
	if (c->body_left == 0)
		answer(c);
}

static int64_t due_at(uint64_t i)
{
	return began + (int64_t)((double)i * 1e6 / opt.rate);
}

/* Hands idle connections what is due; returns when to be called again, us. */
static int64_t feed(int64_t now)
{
	while (idle != NULL) {
		struct client *c = idle;
		int64_t due = opt.rate > 0 ? due_at(issued) : now;

		if (due > now || due >= measured_to)
			break;
		idle = c->next_idle;
		issue(c, due);
	}
	if (now >= measured_to)
		return measured_to + GRACE;
	if (opt.rate <= 0 || idle == NULL || due_at(issued) > measured_to)
		return measured_to;
	return due_at(issued);
}

static bool finished(int64_t now)
{
	bool all_issued = opt.rate <= 0 || due_at(issued) >= measured_to;

	return now >= measured_to && ((all_issued && issued == answered + broken) || now >= measured_to + GRACE);
}

static void turn(int64_t until)
{
	struct epoll_event events[256];
	int64_t wait = until - now_us();
	struct timespec t = { .tv_sec = wait > 0 ? wait / 1000000 : 0,
		.tv_nsec = wait > 0 ? wait % 1000000 * 1000 : 0 };
	int n = epoll_pwait2(loop, events, 256, &t, NULL);

	if (n < 0 && errno != EINTR)
		die("epoll_pwait2");
	for (int i = 0; i < n; i++) {
		struct client *c = events[i].data.ptr;

		if (events[i].events & EPOLLOUT)
			push(c);
		if (events[i].events & ~EPOLLOUT)
			pull(c);
	}
}

/* What was due and has no answer counts as long as it has waited. */
static void count_unanswered(int64_t now)
{
	for (int i = 0; i < opt.connections; i++) {
		if (clients[i].busy) {
			unanswered++;
			if (counts(&clients[i]))
				histogram_add(&times, now - clients[i].due);
		}
	}
	for (; opt.rate > 0 && due_at(issued) < measured_to; issued++) {
		unanswered++;
		if (due_at(issued) >= measured_from)
			histogram_add(&times, now - due_at(issued));
	}
}

static double ms(int64_t us)
{
	return (double)us / 1000;
}

static void report(void)
{
	struct rusage used;
	const char *comma = "";

	getrusage(RUSAGE_SELF, &used);
	printf("{\"mode\":\"%s\",\"connections\":%d,\"seconds\":%.3f,\"due_per_s\":%.0f,\"per_s\":%.1f,\"sent\":%llu",
		opt.rate > 0 ? "open" : "closed", opt.connections, opt.seconds, opt.rate,
		(double)in_window / opt.seconds, (unsigned long long)issued);
	printf(",\"p50_ms\":%.3f,\"p90_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"max_ms\":%.3f",
		ms(histogram_quantile(&times, 0.5)), ms(histogram_quantile(&times, 0.9)),
		ms(histogram_quantile(&times, 0.99)), ms(histogram_quantile(&times, 0.999)), ms(times.max));
	printf(",\"status\":{");
	for (int i = 0; i < 600; i++) {
		if (by_status[i] > 0) {
			printf("%s\"%d\":%llu", comma, i, (unsigned long long)by_status[i]);
			comma = ",";
		}
	}
	printf("},\"broken\":%llu,\"unanswered\":%llu,\"reconnected\":%llu,\"load_cpu_s\":%.2f}\n",
		(unsigned long long)broken, (unsigned long long)unanswered, (unsigned long long)reconnected,
		(double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
			(double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

int main(int argc, char **argv)
{
	options_read(argc, argv);
	clients = calloc((size_t)opt.connections, sizeof(*clients));
	loop = epoll_create1(EPOLL_CLOEXEC);
	if (clients == NULL || loop < 0)
		die("start");
	for (int i = 0; i < opt.connections; i++) {
		clients[i].request = malloc(template_max());
		if (clients[i].request == NULL)
			die("start");
		open_client(&clients[i]);
		rest(&clients[i]);
	}
	began = now_us();
	measured_from = began + (int64_t)(opt.warmup * 1e6);
	measured_to = measured_from + (int64_t)(opt.seconds * 1e6);
	while (!finished(now_us()))
		turn(feed(now_us()));
	count_unanswered(now_us());
	report();
	return 0;
}
