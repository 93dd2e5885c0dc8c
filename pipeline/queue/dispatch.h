/* The dispatcher: one thread that listens, claims for the others, keeps the leases, rescues, moves what is due, releases what
 * has ended and sends the hints. The others run jobs. */
#pragma once

#include "db/listen.h"
#include "runner.h"

struct dispatcher {
	struct runner *r;
	struct conn *conn;
	struct listen *listen;
	usec beat, rescue, rescue_all, due, all_due, cron, partitions, release, replay, poll, control, feed,
		regain; /* clock_monotonic() of the next */
};

/* dispatch.c: as in queue/stage.h. A worker joins, takes turns until it is stopped, ends what it has in hand, and leaves. */
MUST bool dispatch_join(struct work *w, struct dispatcher *d);
void dispatch_turn(struct work *w, struct dispatcher *d);
void dispatch_drain(
	struct work *w, struct dispatcher *d); /* _exit(RUNNER_LEFT_IN_HAND) when that takes longer than conf.drain */
void dispatch_leave(struct work *w, struct dispatcher *d);

/* duties.c: what comes due on the dispatcher's connection, but for claims. *left: until hints are due again */
MUST bool duties_do(struct work *w, struct tx *tx, struct dispatcher *d, usec now, usec *left);
MUST bool duties_last(struct work *w, struct tx *tx, struct dispatcher *d); /* before it leaves */
usec duties_next(const struct dispatcher *d);                               /* clock_monotonic() of the first of them */

static inline usec earlier(usec a, usec b)
{
	return a < b ? a : b;
}
