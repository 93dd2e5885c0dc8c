#include "base/metric.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#define CELLS 8192 /* of one slot */
#define FAMILIES 64

const struct metric_edges metric_quick = { 12,
	{ 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000, 250000, 500000, 1000000, 5000000 } };
const struct metric_edges metric_slow = { 16,
	{ 1000, 2500, 5000, 10000, 25000, 100000, 250000, 500000, USEC_S, 5 * USEC_S, 10 * USEC_S, 30 * USEC_S,
		60 * USEC_S, 300 * USEC_S, 900 * USEC_S, 3600 * USEC_S } };

static int64_t own[CELLS];
static int64_t *shared = own, *mine = own;
static int slots = 1;
static bool alone; /* nobody else writes to mine */

static struct metric *families[FAMILIES];
static int n_families, next_cell = 1;

int metric_label_add(struct metric_label *l, const char *format, ...)
{
	char *pair;
	va_list args;
	int found = 0, n;

	va_start(args, format);
	n = vasprintf(&pair, format, args);
	va_end(args);
	if (n < 0)
		abort();
	while (found < l->n && strcmp(l->pairs[found], pair) != 0)
		found++;
	if (found < l->n || l->n == l->room) {
		free(pair);
		return found < l->n ? found : l->n - 1;
	}
	l->pairs[l->n] = pair;
	return l->n++;
}

static int room(const struct metric_label *l)
{
	return l == NULL ? 1 : l->room;
}

static int values(const struct metric_label *l)
{
	return l == NULL ? 1 : l->n;
}

/* A histogram's cells: one per bucket, the rest, the sum. */
static int width(const struct metric *m)
{
	return m->type == METRIC_HISTOGRAM ? m->edges->n + 2 : 1;
}

void metric_register(struct metric *m)
{
	if (m->at != 0)
		return;
	assert(room(m->by[0]) <= METRIC_VALUES && room(m->by[1]) <= METRIC_VALUES);
	m->at = next_cell;
	next_cell += room(m->by[0]) * room(m->by[1]) * width(m);
	if (next_cell > CELLS || n_families == FAMILIES)
		abort();
	families[n_families++] = m;
}

void metric_share(int n)
{
	size_t size = (size_t)n * CELLS * sizeof(*shared);

	shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		perror("metric: mmap");
		exit(1);
	}
	slots = n;
	mine = shared;
	alone = true;
}

void metric_attach(int slot)
{
	assert(slot >= 0 && slot < slots);
	mine = shared + (size_t)slot * CELLS;
}

static int cell(const struct metric *m, int a, int b)
{
	assert(a >= 0 && a < room(m->by[0]) && b >= 0 && b < room(m->by[1]));
	return m->at + (a * room(m->by[1]) + b) * width(m);
}

static void add(int at, int64_t n)
{
	if (alone)
		__atomic_store_n(&mine[at], __atomic_load_n(&mine[at], __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
	else
		__atomic_fetch_add(&mine[at], n, __ATOMIC_RELAXED);
}

void metric_count(const struct metric *m, int a, int b, int64_t n)
{
	if (m->at != 0)
		add(cell(m, a, b), n);
}

/* A late gauge holds its value + 1: 0 is "not set". */
void metric_level(const struct metric *m, int a, int b, int64_t value)
{
	if (m->at != 0)
		__atomic_store_n(&mine[cell(m, a, b)], value + m->late, __ATOMIC_RELAXED);
}

void metric_observe(const struct metric *m, int a, int b, usec value, int64_t times)
{
	int bucket = 0, at;

	if (m->at == 0)
		return;
	at = cell(m, a, b);
	while (bucket < m->edges->n && value > m->edges->at[bucket])
		bucket++;
	add(at + bucket, times);
	add(at + m->edges->n + 1, value * times);
}

static int64_t sum(int at)
{
	int64_t n = 0;

	for (int i = 0; i < slots; i++)
		n += __atomic_load_n(&shared[(size_t)i * CELLS + (size_t)at], __ATOMIC_RELAXED);
	return n;
}

int64_t metric_value(const struct metric *m, int a, int b)
{
	return m->at == 0 ? 0 : sum(cell(m, a, b)) - m->late;
}

/* name suffix {labels}, the last label being le of a histogram's bucket. */
static void put_name(struct buf *out, const struct metric *m, const char *suffix, int a, int b, const char *le)
{
	const char *pairs[3] = { m->by[0] == NULL ? NULL : m->by[0]->pairs[a],
		m->by[1] == NULL ? NULL : m->by[1]->pairs[b], le };
	char before = '{';

	buf_printf(out, "%s%s", m->name, suffix);
	for (int i = 0; i < 3; i++) {
		if (pairs[i] == NULL)
			continue;
		buf_printf(out, "%c%s", before, pairs[i]);
		before = ',';
	}
	buf_printf(out, "%s ", before == ',' ? "}" : "");
}

/* A series without an observation is left out: most routes have none. */
static void put_histogram(struct buf *out, const struct metric *m, int a, int b)
{
	int at = cell(m, a, b), n = m->edges->n;
	int64_t count = 0;
	char le[40];

	for (int e = 0; e <= n; e++)
		count += sum(at + e);
	if (count == 0)
		return;
	count = 0;
	for (int e = 0; e <= n; e++) {
		count += sum(at + e);
		if (e < n)
			snprintf(le, sizeof(le), "le=\"%g\"", (double)m->edges->at[e] / 1e6);
		put_name(out, m, "_bucket", a, b, e < n ? le : "le=\"+Inf\"");
		buf_printf(out, "%" PRId64 "\n", count);
	}
	put_name(out, m, "_sum", a, b, NULL);
	buf_printf(out, "%.6f\n", (double)sum(at + n + 1) / 1e6);
	put_name(out, m, "_count", a, b, NULL);
	buf_printf(out, "%" PRId64 "\n", count);
}

static void put_series(struct buf *out, const struct metric *m, int a, int b)
{
	int64_t value;

	if (m->type == METRIC_HISTOGRAM) {
		put_histogram(out, m, a, b);
		return;
	}
	value = metric_value(m, a, b);
	if (m->late && value < 0)
		return;
	put_name(out, m, "", a, b, NULL);
	if (m->type == METRIC_SPAN)
		buf_printf(out, "%.6f\n", (double)value / 1e6);
	else
		buf_printf(out, "%" PRId64 "\n", value);
}

void metric_print(struct buf *b)
{
	static const char *const types[] = { "counter", "gauge", "gauge", "histogram" };

	for (int i = 0; i < n_families; i++) {
		const struct metric *m = families[i];

		buf_printf(b, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name, types[m->type]);
		for (int v = 0; v < values(m->by[0]); v++)
			for (int w = 0; w < values(m->by[1]); w++)
				put_series(b, m, v, w);
	}
}
