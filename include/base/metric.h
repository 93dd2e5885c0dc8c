/* Counters, gauges and histograms, printed as Prometheus text (version 0.0.4). A family is a static struct metric beside the
 * code that counts; it is registered once, before the first thread or process that counts begins, and lives for ever.
 * The values of a label are a closed table, so the number of series is known at the start; what has no place is "other".
 * Counting is one relaxed atomic addition, or a plain store where a process has its cells for itself (metric_share). */
#pragma once

#include "base/buf.h"
#include "base/clock.h"

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_SPAN,     /* a gauge in usec, printed in seconds */
	METRIC_HISTOGRAM /* of usec, printed in seconds */
};

#define METRIC_VALUES 128
struct metric_label {
	int n, room;                      /* values in use, values there is place for: at most METRIC_VALUES */
	const char *pairs[METRIC_VALUES]; /* as they are printed: name="value", or several of them with commas */
};
/* The index of the value, added when it is new; once there is no room, the last one's, which then is other="..." in all.
 * Before the first thread begins. name="value" is copied. */
int metric_label_add(struct metric_label *l, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct metric_edges {
	int n;
	usec at[20];
};
extern const struct metric_edges metric_quick, metric_slow; /* 0.5 ms to 5 s; 1 ms to 1 h */

struct metric {
	const char *name, *help;
	enum metric_type type;
	bool late;                        /* a gauge that is not printed before it is set, nor while it is -1 */
	struct metric_label *by[2];       /* NULL = no such label */
	const struct metric_edges *edges; /* of a histogram */
	int at;                           /* its first cell, 0 = not registered: counting does nothing */
};
void metric_register(struct metric *m); /* again is nothing */

/* a, b: indexes into by[0] and by[1], 0 without a label. */
void metric_count(const struct metric *m, int a, int b, int64_t n); /* counters; also gauges that go up and down */
void metric_level(const struct metric *m, int a, int b, int64_t value);
void metric_observe(const struct metric *m, int a, int b, usec value, int64_t times);
int64_t metric_value(const struct metric *m, int a, int b); /* of a counter or gauge, over all processes */

/* Cells that processes share: n of them count, each in its own slot, after metric_attach. Before they fork. */
void metric_share(int n);
void metric_attach(int slot); /* 0 .. n - 1 */

void metric_print(struct buf *b); /* all that are registered */
