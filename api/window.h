/* Rate windows (GCRA): a steady rate with a burst, counted in Redis so that all workers and machines share it. While
 * Redis is away each worker counts in a table of its own, of fixed size, which forgets the longest idle first. */
#pragma once

#include "base/clock.h"

struct window_limit {
	int per_minute, burst; /* both at least 1 */
};

struct window_verdict {
	bool allowed;
	int remaining;    /* further requests that would be allowed now */
	usec retry_after; /* until the next one is allowed; 0 when allowed */
	usec reset;       /* until the whole burst is there again */
};

struct window_op;

/* Memory of the caller, alive until done() has run or the call is detached. */
struct window_call {
	void (*done)(struct window_call *call, const struct window_verdict *verdict);
	void *arg;
	struct window_op *op; /* of window.c */
};

void window_start(void); /* in a worker; connects by itself */

/* Counts one request under key ("addr:192.0.2.1", "user:..."; at most WINDOW_KEY_MAX bytes count). done() runs exactly
 * once unless detached: at once while Redis is away, otherwise from the loop, within 250 ms. It cannot fail. */
#define WINDOW_KEY_MAX 128
void window_take(struct window_call *call, str key, struct window_limit limit);
void window_detach(struct window_call *call);

bool window_degraded(void); /* this worker decides without Redis */
