#include "metrics.h"

#include <assert.h>

static struct metric_label routes = { 0, METRIC_VALUES, { NULL } };
static struct metric_label classes = { 4, 4, { "class=\"2xx\"", "class=\"3xx\"", "class=\"4xx\"", "class=\"5xx\"" } };
static struct metric_label outcomes = { WEBHOOK_OUTCOMES, WEBHOOK_OUTCOMES,
	{
		[WEBHOOK_NEW] = "outcome=\"new\"",
		[WEBHOOK_DUPLICATE] = "outcome=\"duplicate\"",
		[WEBHOOK_CONFLICT] = "outcome=\"conflict\"",
		[WEBHOOK_BAD_SIGNATURE] = "outcome=\"bad_signature\"",
		[WEBHOOK_BAD_HEADER] = "outcome=\"bad_header\"",
	} };

static struct metric requests = {
	.name = "patchwork_http_requests_total",
	.help = "Answered requests by route and class of status.",
	.by = { &routes, &classes },
};
static struct metric durations = {
	.name = "patchwork_http_request_seconds",
	.help = "Time from a request's arrival to its answer, by route.",
	.type = METRIC_HISTOGRAM,
	.by = { &routes },
	.edges = &metric_quick,
};
static struct metric deliveries = {
	.name = "patchwork_webhook_deliveries_total",
	.help = "GitHub's deliveries by outcome.",
	.by = { &outcomes },
};

#define COUNTER(NAME, HELP)                                                                                            \
	{                                                                                                              \
		.name = NAME, .help = HELP                                                                             \
	}
#define GAUGE(NAME, HELP)                                                                                              \
	{                                                                                                              \
		.name = NAME, .help = HELP, .type = METRIC_GAUGE                                                       \
	}
static struct metric plain[METRIC_N] = {
	[METRIC_WORKER_STARTS] = COUNTER("patchwork_api_worker_starts_total", "Starts of worker processes."),
	[METRIC_REFUSED] = COUNTER("patchwork_api_refused_total", "Requests refused by the HTTP parser."),
	[METRIC_DB_CALLS] = COUNTER("patchwork_api_db_calls_total", "Statements submitted to PostgreSQL."),
	[METRIC_DB_REFUSED] =
		COUNTER("patchwork_api_db_refused_total", "Statements refused: queue full or database away."),
	[METRIC_DB_LOST] = COUNTER("patchwork_api_db_lost_total", "Statements in flight on a connection that broke."),
	[METRIC_DB_CONNECTS] = COUNTER("patchwork_api_db_connects_total", "Connections made to PostgreSQL."),
	[METRIC_WINDOW_DENIED] = COUNTER("patchwork_api_window_denied_total", "Requests over a rate window."),
	[METRIC_WINDOW_LOCAL] = COUNTER("patchwork_api_window_local_total", "Rate windows decided without Redis."),
	[METRIC_DB_READY] = GAUGE("patchwork_api_db_ready", "Connections to PostgreSQL that are usable."),
	[METRIC_DB_IN_HAND] = GAUGE("patchwork_api_db_in_hand", "Statements waiting or running."),
	[METRIC_WINDOW_DEGRADED] = GAUGE("patchwork_api_window_degraded", "Workers whose Redis is away."),
};

void metrics_share(int workers)
{
	metric_share(workers + 1);
	for (int m = 0; m < METRIC_N; m++)
		metric_register(&plain[m]);
	metric_register(&requests);
	metric_register(&durations);
	metric_register(&deliveries);
	metric_label_add(&routes, "method=\"-\",route=\"none\"");
}

void metrics_routes(const char *method, const char *route)
{
	metric_label_add(&routes, "method=\"%s\",route=\"%s\"", method, route);
	assert(routes.n < routes.room); /* else the last ones are counted as one */
}

void metrics_attach(int slot)
{
	metric_attach(slot);
	for (int m = METRIC_GAUGES; m < METRIC_N; m++)
		metric_set(m, 0);
	metric_add(METRIC_WORKER_STARTS, 1);
}

void metric_add(enum api_metric m, int64_t n)
{
	metric_count(&plain[m], 0, 0, n);
}

void metric_set(enum api_metric m, int64_t n)
{
	metric_level(&plain[m], 0, 0, n);
}

int64_t metric_sum(enum api_metric m)
{
	return metric_value(&plain[m], 0, 0);
}

void metrics_request(int route, int status, usec took)
{
	int i = route + 1 < routes.n ? route + 1 : 0;

	if (status >= 200 && status < 600)
		metric_count(&requests, i, status / 100 - 2, 1);
	metric_observe(&durations, i, 0, took, 1);
}

void webhook_metric(enum webhook_outcome outcome)
{
	metric_count(&deliveries, outcome, 0, 1);
}
