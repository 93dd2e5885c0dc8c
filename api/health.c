#include "health.h"

#include "db/migrate.h"
#include "metrics.h"
#include "problem.h"
#include "sql.h"

bool health_live(struct call *c, void *row)
{
	(void)row;
	buf_add(&c->out, STR("ok\n"));
	return true;
}

bool health_ready_bind(struct call *c, void *p)
{
	struct sql_health_ready_in *in = p;
	size_t n = 0;
	int32_t *ours;

	while (migrations[n].number != 0)
		n++;
	ours = arena_array(c->w.arena, n, sizeof(*ours));
	for (size_t i = 0; i < n; i++)
		ours[i] = migrations[i].number;
	in->ours = (struct i32s){ ours, n };
	return true;
}

static void put_warnings(struct json *j, int64_t newer)
{
	json_open(j, "warnings", '[');
	if (window_degraded())
		json_str(j, NULL, STR("redis: away; rate windows count per process"));
	if (newer > 0)
		json_str(j, NULL, STR("schema: newer than this program"));
	json_close(j, ']');
}

/* Ready means: requests can be served. What is degraded is listed and does not take the process out of service. */
bool health_ready(struct call *c, void *p)
{
	const struct sql_health_ready_out *row = p;
	struct json j = { .b = &c->out };

	if (row == NULL)
		return false;
	if (row->has_missing)
		return err_set(&c->w, ERR_RETRY, "api.schema", "migration %d is not applied", row->missing);
	json_open(&j, NULL, '{');
	json_str(&j, "status", window_degraded() ? STR("degraded") : STR("ready"));
	json_i64(&j, "migration", row->migration);
	json_i64(&j, "database_connections", pipe_ready());
	put_warnings(&j, row->newer);
	json_close(&j, '}');
	return true;
}

static void put_gauge(struct call *c, const char *name, const char *help)
{
	buf_printf(&c->out, "# HELP %s %s\n# TYPE %s gauge\n", name, help, name);
}

static void put_queue(struct buf *out, const struct sql_health_jobs_out *q)
{
	static const char *const states[] = { "ready", "scheduled", "running", "parked", "held" };
	const int64_t counts[] = { q->ready, q->scheduled, q->running, q->parked, q->held };

	for (int s = 0; s < 5; s++)
		buf_printf(out, "patchwork_queue_jobs{queue=\"" STR_FMT "\",state=\"%s\"} %ld\n", STR_ARG(q->queue),
			states[s], (long)counts[s]);
}

static void put_queues(struct call *c, const struct sql_health_jobs_out *rows, int n)
{
	put_gauge(c, "patchwork_queue_jobs", "Jobs by queue and state, counted up to 10000.");
	for (int i = 0; i < n; i++)
		put_queue(&c->out, &rows[i]);
	put_gauge(c, "patchwork_queue_oldest_seconds", "Since the first ready job in line was made.");
	for (int i = 0; i < n; i++)
		buf_printf(&c->out, "patchwork_queue_oldest_seconds{queue=\"" STR_FMT "\"} %.6f\n",
			STR_ARG(rows[i].queue), (double)rows[i].oldest / 1e6);
	put_gauge(c, "patchwork_queue_workers", "Processes that take jobs of the queue.");
	for (int i = 0; i < n; i++)
		buf_printf(&c->out, "patchwork_queue_workers{queue=\"" STR_FMT "\"} %ld\n", STR_ARG(rows[i].queue),
			(long)rows[i].workers);
}

static void put_number(struct call *c, const char *name, const char *help, int64_t n)
{
	put_gauge(c, name, help);
	buf_printf(&c->out, "%s %ld\n", name, (long)n);
}

static void put_span(struct call *c, const char *name, const char *help, usec span)
{
	put_gauge(c, name, help);
	buf_printf(&c->out, "%s %.6f\n", name, (double)span / 1e6);
}

static void put_vitals(struct call *c, const struct sql_health_jobs_out *v)
{
	put_number(c, "patchwork_xmin_age_transactions",
		"Transactions since the oldest one that keeps dead rows alive.", v->xmin_age);
	put_span(c, "patchwork_chain_confirm_lag_seconds",
		"Since the oldest transaction was sent that no chain has decided; 0 without one.", v->unconfirmed);
	put_number(c, "patchwork_audit_unsealed", "Rows of the audit log without a place in its chain, up to 10000.",
		v->unsealed);
	put_span(c, "patchwork_audit_unsealed_seconds", "Since the first of them was written; 0 without one.",
		v->unsealed_for);
	put_number(c, "patchwork_audit_unsigned", "Places of the audit chain behind its last checkpoint.",
		v->unsigned_places);
	if (v->has_checkpoint_age)
		put_span(c, "patchwork_audit_checkpoint_age_seconds", "Since the last checkpoint.", v->checkpoint_age);
}

static void put_books(struct call *c, const struct sql_health_jobs_out *v)
{
	if (!v->has_books_age)
		return;
	put_gauge(c, "patchwork_ledger_unbalanced_units",
		"By how much the books disagree with themselves, in the asset's smallest units.");
	for (size_t i = 0; i < v->assets.n && i < v->unbalanced.n; i++)
		buf_printf(&c->out, "patchwork_ledger_unbalanced_units{asset=\"" STR_FMT "\"} " STR_FMT "\n",
			STR_ARG(v->assets.at[i]), STR_ARG(v->unbalanced.at[i]));
	put_span(c, "patchwork_ledger_check_age_seconds", "Since the books were checked.", v->books_age);
}

/* The database's part is there when PostgreSQL is. */
static bool put_database(struct call *c, PGresult *res)
{
	int n = PQntuples(res);
	struct sql_health_jobs_out *rows = arena_array(c->w.arena, (size_t)n, sizeof(*rows));

	for (int i = 0; i < n; i++)
		if (!query_decode(&c->w, &sql_health_jobs_stmt, res, i, &rows[i]))
			return false;
	if (n > 0) {
		put_queues(c, rows, rows[0].queue.p != NULL ? n : 0);
		put_vitals(c, &rows[0]);
		put_books(c, &rows[0]);
	}
	return true;
}

bool health_metrics(struct call *c, void *row)
{
	(void)row;
	metric_print(&c->out);
	err_clear(&c->w);
	return c->pipe.res == NULL || PQresultStatus(c->pipe.res) != PGRES_TUPLES_OK || put_database(c, c->pipe.res);
}
