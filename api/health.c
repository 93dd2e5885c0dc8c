#include "health.h"

#include "db/migrate.h"
#include "metrics.h"
#include "problem.h"
#include "route_metrics.h"
#include "sql.h"

bool health_live(struct call *c, void *row)
{
	(void)row;
	buf_add(&c->out, STR("ok\n"));
	return true;
}

static int newest_migration(void)
{
	int n = 0;

	for (const struct migration *m = migrations; m->number != 0; m++)
		n = m->number;
	return n;
}

/* Ready means: requests can be served. What is degraded is listed and does not take the process out of service. */
bool health_ready(struct call *c, void *p)
{
	const struct sql_health_ready_out *row = p;
	struct json j = { .b = &c->out };

	if (row == NULL)
		return false;
	if (row->migration != newest_migration())
		return err_set(
			&c->w, ERR_RETRY, "api.schema", "migration %d, not %d", row->migration, newest_migration());
	json_open(&j, NULL, '{');
	json_str(&j, "status", window_degraded() ? STR("degraded") : STR("ready"));
	json_i64(&j, "migration", row->migration);
	json_i64(&j, "database_connections", pipe_ready());
	json_open(&j, "warnings", '[');
	if (window_degraded())
		json_str(&j, NULL, STR("redis: away; rate windows count per process"));
	json_close(&j, ']');
	json_close(&j, '}');
	return true;
}

/* The queue's depths are there when PostgreSQL is. */
static bool put_queues(struct call *c, PGresult *res)
{
	static const char *const states[] = { "ready", "scheduled", "running", "parked" };

	buf_printf(
		&c->out, "# HELP patchwork_queue_jobs Jobs by queue and state.\n# TYPE patchwork_queue_jobs gauge\n");
	for (int i = 0; i < PQntuples(res); i++) {
		struct sql_health_jobs_out q = { 0 };
		const int64_t *counts[] = { &q.ready, &q.scheduled, &q.running, &q.parked };

		if (!query_decode(&c->w, &sql_health_jobs_stmt, res, i, &q))
			return false;
		for (int s = 0; s < 4; s++)
			buf_printf(&c->out, "patchwork_queue_jobs{queue=\"" STR_FMT "\",state=\"%s\"} %ld\n",
				STR_ARG(q.queue), states[s], (long)*counts[s]);
	}
	buf_printf(&c->out,
		"# HELP patchwork_queue_oldest_seconds Since the oldest ready job was made.\n"
		"# TYPE patchwork_queue_oldest_seconds gauge\n");
	for (int i = 0; i < PQntuples(res); i++) {
		struct sql_health_jobs_out q = { 0 };

		if (!query_decode(&c->w, &sql_health_jobs_stmt, res, i, &q))
			return false;
		buf_printf(&c->out, "patchwork_queue_oldest_seconds{queue=\"" STR_FMT "\"} %ld\n", STR_ARG(q.queue),
			(long)q.oldest_seconds);
	}
	return true;
}

bool health_metrics(struct call *c, void *row)
{
	(void)row;
	metrics_print(&c->out);
	route_metrics_print(&c->out);
	err_clear(&c->w);
	return c->pipe.res == NULL || PQresultStatus(c->pipe.res) != PGRES_TUPLES_OK || put_queues(c, c->pipe.res);
}
