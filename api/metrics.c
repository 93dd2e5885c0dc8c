#include "metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

static const struct {
	const char *name, *labels, *help;
} meta[METRIC_N] = {
	[METRIC_RESPONSES_2XX] = { "patchwork_api_responses_total", "class=\"2xx\"",
		"Answered requests by class of status." },
	[METRIC_RESPONSES_3XX] = { "patchwork_api_responses_total", "class=\"3xx\"", NULL },
	[METRIC_RESPONSES_4XX] = { "patchwork_api_responses_total", "class=\"4xx\"", NULL },
	[METRIC_RESPONSES_5XX] = { "patchwork_api_responses_total", "class=\"5xx\"", NULL },
	[METRIC_WORKER_STARTS] = { "patchwork_api_worker_starts_total", "", "Starts of worker processes." },
	[METRIC_REFUSED] = { "patchwork_api_refused_total", "", "Requests refused by the HTTP parser." },
	[METRIC_DB_CALLS] = { "patchwork_api_db_calls_total", "", "Statements submitted to PostgreSQL." },
	[METRIC_DB_REFUSED] = { "patchwork_api_db_refused_total", "",
		"Statements refused: queue full or database away." },
	[METRIC_DB_LOST] = { "patchwork_api_db_lost_total", "", "Statements in flight on a connection that broke." },
	[METRIC_DB_CONNECTS] = { "patchwork_api_db_connects_total", "", "Connections made to PostgreSQL." },
	[METRIC_WINDOW_DENIED] = { "patchwork_api_window_denied_total", "", "Requests over a rate window." },
	[METRIC_WINDOW_LOCAL] = { "patchwork_api_window_local_total", "", "Rate windows decided without Redis." },
	[METRIC_DB_READY] = { "patchwork_api_db_ready", "", "Connections to PostgreSQL that are usable." },
	[METRIC_DB_IN_HAND] = { "patchwork_api_db_in_hand", "", "Statements waiting or running." },
	[METRIC_WINDOW_DEGRADED] = { "patchwork_api_window_degraded", "", "Workers whose Redis is away." },
};

/* Upper edges of the duration histogram, in usec; one more bucket takes the rest. */
static const usec edges[] = { 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000 };
#define EDGES (int)(sizeof(edges) / sizeof(edges[0]))

struct slot {
	int64_t values[METRIC_N];
	int64_t buckets[EDGES + 1], took;
} __attribute__((aligned(64)));

static struct slot *shared, *mine;
static int slots;

void metrics_share(int workers)
{
	slots = workers + 1;
	shared = mmap(NULL, sizeof(*shared) * (size_t)slots, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("metrics: mmap");
		exit(1);
	}
	mine = shared;
}

void metrics_attach(int slot)
{
	mine = &shared[slot > 0 && slot < slots ? slot : 0];
	for (int m = METRIC_GAUGES; m < METRIC_N; m++)
		metric_set(m, 0);
	metric_add(METRIC_WORKER_STARTS, 1);
}

static void add(int64_t *at, int64_t n)
{
	__atomic_fetch_add(at, n, __ATOMIC_RELAXED);
}

static int64_t get(const int64_t *at)
{
	return __atomic_load_n(at, __ATOMIC_RELAXED);
}

void metric_add(enum metric m, int64_t n)
{
	add(&mine->values[m], n);
}

void metric_set(enum metric m, int64_t n)
{
	__atomic_store_n(&mine->values[m], n, __ATOMIC_RELAXED);
}

int64_t metric_sum(enum metric m)
{
	int64_t sum = 0;

	for (int i = 0; i < slots; i++)
		sum += get(&shared[i].values[m]);
	return sum;
}

void metric_request(int status, usec took)
{
	int bucket = 0;

	if (status >= 200 && status < 600)
		metric_add(METRIC_RESPONSES_2XX + status / 100 - 2, 1);
	while (bucket < EDGES && took > edges[bucket])
		bucket++;
	add(&mine->buckets[bucket], 1);
	add(&mine->took, took);
}

static void print_histogram(struct buf *b)
{
	int64_t count = 0, took = 0;

	buf_printf(b,
		"# HELP patchwork_api_request_seconds Time from a request's dispatch to its answer.\n"
		"# TYPE patchwork_api_request_seconds histogram\n");
	for (int e = 0; e <= EDGES; e++) {
		for (int i = 0; i < slots; i++)
			count += get(&shared[i].buckets[e]);
		if (e < EDGES)
			buf_printf(b, "patchwork_api_request_seconds_bucket{le=\"%g\"} %ld\n", (double)edges[e] / 1e6,
				(long)count);
		else
			buf_printf(b, "patchwork_api_request_seconds_bucket{le=\"+Inf\"} %ld\n", (long)count);
	}
	for (int i = 0; i < slots; i++)
		took += get(&shared[i].took);
	buf_printf(b, "patchwork_api_request_seconds_sum %.6f\npatchwork_api_request_seconds_count %ld\n",
		(double)took / 1e6, (long)count);
}

void metrics_print(struct buf *b)
{
	for (int m = 0; m < METRIC_N; m++) {
		if (meta[m].help != NULL)
			buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", meta[m].name, meta[m].help, meta[m].name,
				m < METRIC_GAUGES ? "counter" : "gauge");
		if (meta[m].labels[0] != '\0')
			buf_printf(b, "%s{%s} %ld\n", meta[m].name, meta[m].labels, (long)metric_sum(m));
		else
			buf_printf(b, "%s %ld\n", meta[m].name, (long)metric_sum(m));
	}
	print_histogram(b);
}
