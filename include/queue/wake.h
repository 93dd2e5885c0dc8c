/* Who waits for jobs is told by
 *
 *     NOTIFY patchwork_ready, 'QUEUE'         for instance  select pg_notify('patchwork_ready', 'sync')
 *
 * sent after the enqueueing transaction has committed, on another connection, at most once per queue in WAKE_DEBOUNCE:
 * NOTIFY takes one lock for the whole cluster at commit, so inside the enqueueing transaction it would make commits queue up.
 * A hint may be lost or superfluous; workers look at least every runner_conf.poll anyway. */
#pragma once

#include <pthread.h>
#include <stdbool.h>

#include "base/clock.h"

#define WAKE_CHANNEL "patchwork_ready"
#define WAKE_CONTROL "*" /* instead of a queue: pauses, limits or cancels have changed */
#define WAKE_DEBOUNCE (10 * USEC_MS)
#define WAKE_QUEUES 32

/* Hints that wait to be sent. Any thread adds; one thread sends. */
struct wake {
	pthread_mutex_t lock;
	const char *queue[WAKE_QUEUES]; /* not owned: names live as long as the process */
	int n;
	usec sent;
	int fd; /* an eventfd, readable when there is something to do */
};

MUST bool wake_init(struct wake *k);
void wake_end(struct wake *k);
void wake_hint(struct wake *k, const char *queue); /* the same queue twice is once */
void wake_poke(struct wake *k);                    /* only makes fd readable */
void wake_calm(struct wake *k);                    /* fd is not readable until the next poke */
/* Takes what may be sent now; 0 when nothing is or it is too early: *left says how long (INT64_MAX = nothing). */
int wake_take(struct wake *k, usec now, const char *out[WAKE_QUEUES], usec *left);
