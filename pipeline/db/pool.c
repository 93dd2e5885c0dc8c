#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/metric.h"
#include "exchange.h"

static struct metric_label states = { 2, 2, { "state=\"lent\"", "state=\"idle\"" } };
enum { LENT, IDLE };
static struct metric connections = {
	.name = "patchwork_db_connections",
	.help = "Connections of the pool that threads share.",
	.type = METRIC_GAUGE,
	.by = { &states },
};
static struct metric waits = {
	.name = "patchwork_db_pool_waits_total",
	.help = "Threads that had to wait for a connection.",
};

struct pool {
	struct conn_conf conf;
	pthread_mutex_t lock;
	pthread_cond_t freed;
	int max, open, idle; /* open counts those lent, idle, and being opened */
	struct conn *at[];   /* the idle ones; the last given is the first taken: its plans are warm */
};

struct pool *pool_new(const struct conn_conf *c, int n)
{
	struct pool *p = calloc(1, sizeof(*p) + (size_t)n * sizeof(struct conn *));
	pthread_condattr_t attr;

	assert(n > 0);
	metric_register(&connections);
	metric_register(&waits);
	if (p == NULL)
		abort();
	conn_conf_copy(&p->conf, c);
	p->max = n;
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->freed, &attr);
	pthread_condattr_destroy(&attr);
	return p;
}

/* Locked. False when the deadline came first. */
static bool wait_for_one(struct pool *p, const struct work *w)
{
	usec left = work_left(w);
	struct timespec until;
	int64_t ns;

	if (left == INT64_MAX)
		return pthread_cond_wait(&p->freed, &p->lock) == 0;
	if (left == 0)
		return false;
	clock_gettime(CLOCK_MONOTONIC, &until);
	ns = until.tv_nsec + left % USEC_S * 1000;
	until.tv_sec += left / USEC_S + ns / 1000000000;
	until.tv_nsec = ns % 1000000000;
	return pthread_cond_timedwait(&p->freed, &p->lock, &until) != ETIMEDOUT || p->idle > 0 || p->open < p->max;
}

/* Locked. */
static void count(const struct pool *p)
{
	metric_level(&connections, LENT, 0, p->open - p->idle);
	metric_level(&connections, IDLE, 0, p->idle);
}

/* Locked. A connection that still lives, or NULL with a place reserved for a new one; false past the deadline. */
static bool reserve(struct pool *p, const struct work *w, struct conn **out)
{
	for (*out = NULL;;) {
		if (p->idle > 0) {
			*out = p->at[--p->idle];
			if (exchange_open(*out))
				return true;
			conn_close(out);
			p->open--;
		} else if (p->open < p->max) {
			p->open++;
			return true;
		} else if (!wait_for_one(p, w)) {
			return false;
		}
	}
}

static void give_place(struct pool *p)
{
	pthread_mutex_lock(&p->lock);
	p->open--;
	count(p);
	pthread_cond_signal(&p->freed);
	pthread_mutex_unlock(&p->lock);
}

bool pool_take(struct work *w, struct pool *p, struct conn **out)
{
	bool ok;

	pthread_mutex_lock(&p->lock);
	if (p->idle == 0 && p->open == p->max)
		metric_count(&waits, 0, 0, 1);
	ok = reserve(p, w, out);
	count(p);
	pthread_mutex_unlock(&p->lock);
	if (!ok)
		return err_set(w, ERR_RETRY, "db.pool_busy", "all %d connections are in use", p->max);
	if (*out != NULL)
		return true;
	if (conn_open(w, &p->conf, out))
		return true;
	give_place(p);
	return false;
}

void pool_give(struct pool *p, struct conn *conn)
{
	if (conn->begin[0] != NULL || !conn_alive(conn) || PQtransactionStatus(conn->pg) != PQTRANS_IDLE) {
		conn_close(&conn);
		give_place(p);
		return;
	}
	pthread_mutex_lock(&p->lock);
	p->at[p->idle++] = conn;
	count(p);
	pthread_cond_signal(&p->freed);
	pthread_mutex_unlock(&p->lock);
}

void pool_free(struct pool **pool)
{
	struct pool *p = *pool;

	if (p == NULL)
		return;
	assert(p->open == p->idle); /* every one was given back */
	while (p->idle > 0)
		conn_close(&p->at[--p->idle]);
	conn_conf_wipe(&p->conf);
	pthread_cond_destroy(&p->freed);
	pthread_mutex_destroy(&p->lock);
	free(p);
	*pool = NULL;
}
