#include "routes.h"

#include "route_metrics.h"

#include <sys/mman.h>

static const usec edges[] = { 1000, 2500, 5000, 10000, 25000, 100000, 500000, 2500000 };
#define EDGES (sizeof(edges) / sizeof(edges[0]))
#define ROUTES 64

struct counts {
	int64_t class[6], buckets[EDGES + 1], took;
};
struct slot {
	struct counts routes[ROUTES]; /* the last one is for what has no route */
	int64_t webhooks[WEBHOOK_OUTCOMES];
};

static struct slot *shared, *mine;
static int slots;

void route_metrics_share(int workers)
{
	slots = workers + 1;
	shared = mmap(NULL, sizeof(*shared) * (size_t)slots, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || n_routes >= ROUTES)
		fatal("no room for the counters of %zu routes", n_routes);
	mine = shared;
}

void route_metrics_attach(int slot)
{
	mine = &shared[slot > 0 && slot < slots ? slot : 0];
}

static void add(int64_t *at, int64_t n)
{
	__atomic_fetch_add(at, n, __ATOMIC_RELAXED);
}

static size_t index_of(const struct route *r)
{
	return r == NULL ? ROUTES - 1 : (size_t)(r - routes);
}

void route_metrics_add(const struct route *r, int status, usec took)
{
	struct counts *c = &mine->routes[index_of(r)];
	size_t bucket = 0;

	while (bucket < EDGES && took > edges[bucket])
		bucket++;
	add(&c->class[status / 100 % 6], 1);
	add(&c->buckets[bucket], 1);
	add(&c->took, took);
}

void webhook_metric(enum webhook_outcome outcome)
{
	add(&mine->webhooks[outcome], 1);
}

/* The counter at that distance from a slot's begin, over all slots. */
static int64_t sum(const void *of_first)
{
	size_t offset = (size_t)((const char *)of_first - (const char *)shared);
	int64_t n = 0;

	for (int i = 0; i < slots; i++)
		n += __atomic_load_n((const int64_t *)((const char *)&shared[i] + offset), __ATOMIC_RELAXED);
	return n;
}

static void print_labels(struct buf *b, size_t i)
{
	if (i == ROUTES - 1)
		buf_printf(b, "method=\"-\",route=\"none\"");
	else
		buf_printf(b, "method=\"%s\",route=\"%s\"", routes[i].method, routes[i].path);
}

static void print_requests(struct buf *b, size_t i)
{
	for (int class = 2; class < 6; class ++) {
		int64_t n = sum(&shared->routes[i].class[class]);

		if (n == 0)
			continue;
		buf_printf(b, "patchwork_http_requests_total{");
		print_labels(b, i);
		buf_printf(b, ",class=\"%dxx\"} %ld\n", class, (long)n);
	}
}

static void print_durations(struct buf *b, size_t i)
{
	const struct counts *c = &shared->routes[i];
	int64_t n = 0;

	for (size_t e = 0; e <= EDGES; e++)
		n += sum(&c->buckets[e]);
	if (n == 0)
		return;
	n = 0;
	for (size_t e = 0; e <= EDGES; e++) {
		n += sum(&c->buckets[e]);
		buf_printf(b, "patchwork_http_request_seconds_bucket{");
		print_labels(b, i);
		if (e < EDGES)
			buf_printf(b, ",le=\"%g\"} %ld\n", (double)edges[e] / 1e6, (long)n);
		else
			buf_printf(b, ",le=\"+Inf\"} %ld\n", (long)n);
	}
	buf_printf(b, "patchwork_http_request_seconds_sum{");
	print_labels(b, i);
	buf_printf(b, "} %.6f\npatchwork_http_request_seconds_count{", (double)sum(&c->took) / 1e6);
	print_labels(b, i);
	buf_printf(b, "} %ld\n", (long)n);
}

void route_metrics_print(struct buf *b)
{
	static const char *const outcomes[] = { "new", "duplicate", "conflict", "bad_signature", "bad_header" };

	buf_printf(b,
		"# HELP patchwork_http_requests_total Answered requests by route and class of status.\n"
		"# TYPE patchwork_http_requests_total counter\n");
	for (size_t i = 0; i < ROUTES; i++)
		print_requests(b, i);
	buf_printf(b,
		"# HELP patchwork_http_request_seconds Time from a request's arrival to its answer, by route.\n"
		"# TYPE patchwork_http_request_seconds histogram\n");
	for (size_t i = 0; i < ROUTES; i++)
		print_durations(b, i);
	buf_printf(b,
		"# HELP patchwork_webhook_deliveries_total GitHub's deliveries by outcome.\n"
		"# TYPE patchwork_webhook_deliveries_total counter\n");
	for (int o = 0; o < WEBHOOK_OUTCOMES; o++)
		buf_printf(b, "patchwork_webhook_deliveries_total{outcome=\"%s\"} %ld\n", outcomes[o],
			(long)sum(&shared->webhooks[o]));
}
