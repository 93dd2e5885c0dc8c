/* Requests by route, and deliveries by what became of them, in memory that all workers share (as metrics.h). */
#pragma once

#include "base/buf.h"
#include "base/clock.h"

struct route;

enum webhook_outcome {
	WEBHOOK_NEW,
	WEBHOOK_DUPLICATE,
	WEBHOOK_CONFLICT,
	WEBHOOK_BAD_SIGNATURE,
	WEBHOOK_BAD_HEADER,
	WEBHOOK_OUTCOMES
};

void route_metrics_share(int workers);                                /* in the parent */
void route_metrics_attach(int slot);                                  /* in a worker: 1 .. workers */
void route_metrics_add(const struct route *r, int status, usec took); /* r NULL: no route */
void webhook_metric(enum webhook_outcome outcome);
void route_metrics_print(struct buf *b);
