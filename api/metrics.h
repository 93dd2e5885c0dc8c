/* Counters and gauges in memory that all workers share: each has its own slot, a scrape in any of them adds them up.
 * One slot is written by one process only, with relaxed atomics; a worker that starts again keeps its counters. */
#pragma once

#include "base/buf.h"
#include "base/clock.h"

enum metric {
	/* counters */
	METRIC_RESPONSES_2XX,
	METRIC_RESPONSES_3XX,
	METRIC_RESPONSES_4XX,
	METRIC_RESPONSES_5XX,
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

void metrics_share(int workers); /* in the parent, before it forks */
void metrics_attach(int slot);   /* in a worker: 1 .. workers */
void metric_add(enum metric m, int64_t n);
void metric_set(enum metric m, int64_t n);
int64_t metric_sum(enum metric m);          /* over all workers */
void metric_request(int status, usec took); /* one answered request: its class and its duration */
void metrics_print(struct buf *b);          /* Prometheus text, version 0.0.4 */
