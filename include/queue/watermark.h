/* Where a claim begins to look, so that it neither walks the dead index entries of all that was ever claimed nor passes a row
 * that commits late. One per queue and process; pure, so that tests can play any order of commits. Not locked: callers are.
 *
 * A seq is handed out before its row's commit, so a row may appear below what was claimed already. Who holds a seq has a
 * transaction id (q.enqueue). So of a head H that was known before a transaction began, and a bound B that is above every id
 * that was out by then: every row at or below H belongs to a transaction below B. A later snapshot in which none of those is
 * in progress shows every row at or below H that will ever be; then `safe` may go up to the first of them that is still
 * visible, or past H. A snapshot's own xmax is no such bound: it is one above the last id that has ended, and ids above it may
 * be out. A transaction that stays open longer than WATERMARK_PATIENCE would hold that back: it is remembered with the seq to
 * go back to when it ends, and is passed.
 *
 * A server that crashed may hand out again what it had not yet written to its disk: sequences, and transaction ids. All that
 * was learned before is void then; each connection made since starts a new life. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/str.h"

#define WATERMARK_PRIOS 5 /* -2 .. 2, in the order of claiming */
#define WATERMARK_NONE INT64_MAX
#define WATERMARK_PATIENCE (250 * USEC_MS)
#define WATERMARK_PROBE (100 * USEC_MS) /* with a backlog, one claim in this span starts from safe */
#define WATERMARK_SPACING (8 * USEC_MS)
#define WATERMARK_POINTS 64 /* more than PATIENCE / SPACING */
#define WATERMARK_LATE 64
#define WATERMARK_XIPS 1024

struct snapshot {
	uint64_t xmin, xmax;
	uint64_t xip[WATERMARK_XIPS]; /* in progress within [xmin, xmax), ascending */
	int n;
	bool cut; /* more were in progress than fit: nothing may be concluded from absence */
};
MUST bool snapshot_read(str text, struct snapshot *out); /* "xmin:xmax:xip,xip" */
bool snapshot_running(const struct snapshot *s, uint64_t xid);

struct watermark {
	int64_t safe[WATERMARK_PRIOS]; /* below: nothing, but for what `late` remembers */
	int64_t fast[WATERMARK_PRIOS]; /* last claimed + 1 */
	struct {
		int64_t head;
		uint64_t bound;
		usec at;
	} point[WATERMARK_POINTS];
	int points;
	struct {
		uint64_t xid;
		int64_t from[WATERMARK_PRIOS];
	} late[WATERMARK_LATE];
	int lates;
	int64_t head;        /* the highest that was ever read */
	uint64_t generation; /* counts the times that safe went back */
	uint64_t life;       /* of the server, as far as we can tell: watermark_live() */
	usec probed;
	bool backlog;
};

/* One claim on its way: what it started from, and what was known before its transaction began. */
struct watermark_look {
	int64_t from[WATERMARK_PRIOS];
	int64_t head;
	uint64_t generation, life;
	bool safe;
};

/* What a claim came back with. */
struct watermark_seen {
	const struct snapshot *snapshot;
	uint64_t bound; /* above every transaction id that was out when the claim's transaction began */
	int64_t head;
	int64_t first[WATERMARK_PRIOS]; /* lowest visible at or above from, WATERMARK_NONE = none */
	int64_t last[WATERMARK_PRIOS];  /* highest taken, 0 = none */
	bool full;                      /* as many as were asked for */
};

/* Before a look: a later life than the last one forgets everything; what comes back from looks of earlier ones is ignored. */
void watermark_live(struct watermark *m, uint64_t life);
void watermark_look(struct watermark *m, usec now, struct watermark_look *out);
void watermark_saw(struct watermark *m, usec now, const struct watermark_look *look, const struct watermark_seen *seen);
