/* What this program counts (base/metric.h), in memory that all workers share: each has its own slot, which it alone writes;
 * a scrape in any of them adds them up, and a worker that starts again keeps its counters. */
#pragma once

#include "base/metric.h"

enum api_metric {
	/* counters */
	METRIC_WORKER_STARTS,
	METRIC_REFUSED, /* requests that Kore refused before any handler */
	METRIC_DB_CALLS,
	METRIC_DB_REFUSED, /* answered api.busy or api.database_down */
	METRIC_DB_LOST,    /* in flight when their connection broke */
	METRIC_DB_CONNECTS,
	METRIC_WINDOW_DENIED,
	METRIC_WINDOW_LOCAL, /* decided without Redis */
	METRIC_GAUGES,
	/* gauges: zeroed when their worker starts */
	METRIC_DB_READY = METRIC_GAUGES, /* connections in use */
	METRIC_DB_IN_HAND,               /* statements waiting or running */
	METRIC_WINDOW_DEGRADED,          /* 1 while Redis is away */
	METRIC_N
};

enum webhook_outcome {
	WEBHOOK_NEW,
	WEBHOOK_DUPLICATE,
	WEBHOOK_CONFLICT,
	WEBHOOK_BAD_SIGNATURE,
	WEBHOOK_BAD_HEADER,
	WEBHOOK_OUTCOMES
};

void metrics_share(int workers);                            /* in the parent, before it forks */
void metrics_routes(const char *method, const char *route); /* in the order of their indexes, there too */
void metrics_attach(int slot);                              /* in a worker: 1 .. workers */
void metric_add(enum api_metric m, int64_t n);
void metric_set(enum api_metric m, int64_t n);
int64_t metric_sum(enum api_metric m);                  /* over all workers */
void metrics_request(int route, int status, usec took); /* one answered request; route -1: none */
void webhook_metric(enum webhook_outcome outcome);
