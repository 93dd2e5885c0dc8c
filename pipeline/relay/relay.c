#include "relay/relay.h"

#include <inttypes.h>

#include "base/fault.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metric.h"
#include "sql.h"

#define SINK STR("nats")
#define BACK_OFF_LEAST (250 * USEC_MS)
#define BACK_OFF_MOST (10 * USEC_S)
#define NAP (50 * USEC_MS) /* SIGTERM is noticed after this */

#define MEASURE (2 * USEC_S)
#define LAG_MOST 10000

static struct metric published = { .name = "patchwork_relay_published_total",
	.help = "Events that NATS has acknowledged." };
static struct metric failures = { .name = "patchwork_relay_errors_total", .help = "Rounds that failed." };
static struct metric leads = {
	.name = "patchwork_relay_leads", .help = "1 while this relay leads.", .type = METRIC_GAUGE
};
static struct metric lag_events = {
	.name = "patchwork_relay_lag_events",
	.help = "Events that are not published yet, counted up to 10000; of the relay that leads.",
	.type = METRIC_GAUGE,
	.late = true,
};
static struct metric lag_seconds = {
	.name = "patchwork_relay_lag_seconds",
	.help = "Since the oldest of them was committed or at least begun.",
	.type = METRIC_SPAN,
	.late = true,
};

static struct metric *const measured[] = { &published, &failures, &leads, &lag_events, &lag_seconds };

struct relay {
	const struct relay_conf *conf;
	const volatile sig_atomic_t *stop;
	struct bus_conf bus_conf;
	struct conn *conn; /* NULL = not connected */
	struct bus *bus;
	bool leads;
	usec measure; /* clock_monotonic() of the next */
};

static bool is_env(str env)
{
	for (size_t i = 0; i < env.n; i++) {
		char c = env.p[i];

		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
			    c == '_'))
			return false;
	}
	return env.n > 0;
}

/* CloudEvents 1.0 in structured mode, with its distributed tracing extension. */
static str envelope(struct work *w, const struct relay *r, const struct sql_relay_next_out *e)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct json j = { .b = &b };

	json_open(&j, NULL, '{');
	json_str(&j, "specversion", STR("1.0"));
	json_uuid(&j, "id", e->event);
	json_str(&j, "source", arena_printf(w->arena, "patchwork/" STR_FMT, STR_ARG(r->conf->env)));
	json_str(&j, "type", arena_printf(w->arena, "patchwork." STR_FMT ".v1", STR_ARG(e->topic)));
	json_str(&j, "subject", e->subject);
	json_time(&j, "time", e->created_at);
	json_str(&j, "datacontenttype", STR("application/json"));
	if (e->trace.n > 0)
		json_str(&j, "traceparent", e->trace);
	json_raw(&j, "data", e->body);
	json_close(&j, '}');
	return buf_str(&b);
}

/* pw.ENV.PROJECT.AGGREGATE.EVENT.v1; what belongs to no project has "none" there. */
static struct bus_msg message(struct work *w, const struct relay *r, const struct sql_relay_next_out *e)
{
	char project[UUID_TEXT + 1] = "none", id[UUID_TEXT];

	if (e->has_project_id)
		uuid_format(e->project_id, project);
	uuid_format(e->event, id);
	return (struct bus_msg){
		.subject = arena_printf(w->arena, STR_FMT ".%s." STR_FMT ".v1", STR_ARG(r->bus_conf.subject_prefix),
			project, STR_ARG(e->topic)),
		.id = arena_str(w->arena, str_of(id, UUID_TEXT)),
		.body = envelope(w, r, e),
		.trace = e->trace,
	};
}

static bool publish(struct work *w, struct relay *r, const struct sql_relay_next_out *rows, size_t n)
{
	struct bus_msg *msgs = arena_array(w->arena, n, sizeof(*msgs));

	for (size_t i = 0; i < n; i++)
		msgs[i] = message(w, r, &rows[i]);
	return bus_publish(w, r->bus, msgs, n);
}

static bool want_connection(struct work *w, struct relay *r)
{
	if (r->conn != NULL && conn_alive(r->conn))
		return true;
	conn_close(&r->conn);
	r->leads = false; /* the lock went with the session */
	return conn_open(w, &r->conf->db, &r->conn);
}

static bool want_lead(struct work *w, struct relay *r)
{
	struct tx tx;
	struct sql_relay_lead_out out;

	if (!want_connection(w, r))
		return false;
	if (r->leads)
		return true;
	tx = tx_auto(r->conn);
	if (!sql_relay_lead(w, &tx, &(struct sql_relay_lead_in){ SINK }, &out))
		return false;
	if (out.leads)
		log_event(LOG_INFO, w, "relay.leads", NULL);
	r->leads = out.leads;
	return true;
}

/* One batch; *n is 0 when there was nothing to do or another relay leads. */
static bool relay_batch(struct work *w, struct relay *r, size_t *n)
{
	struct sql_relay_next_out *rows;
	const struct sql_relay_next_out *last;
	struct tx tx;

	*n = 0;
	if (!want_lead(w, r) || !r->leads)
		return w->err.kind == ERR_NONE;
	/* Also before there is an event, so that subscribers find the stream. */
	if (r->bus == NULL && !bus_open(w, &r->bus_conf, &r->bus))
		return false;
	tx = tx_auto(r->conn);
	if (!sql_relay_next(w, &tx, &(struct sql_relay_next_in){ SINK, r->conf->batch }, &rows, n))
		return false;
	if (*n == 0)
		return true;
	if (!publish(w, r, rows, *n))
		return false;
	metric_count(&published, 0, 0, (int64_t)*n);
	FAULT("relay.published");
	last = &rows[*n - 1];
	if (!sql_relay_advance(
		    w, &tx, &(struct sql_relay_advance_in){ SINK, rows->from_xid, rows->from_id, last->xid, last->id }))
		return false;
	FAULT("relay.advanced");
	log_event(LOG_DEBUG, w, "relay.batch", "events=%zu xid=%" PRId64 " id=%" PRId64, *n, last->xid, last->id);
	return true;
}

/* Also while NATS is away; without the database nobody knows, and what was last known stands. */
static void measure(struct work *w, struct relay *r)
{
	struct sql_relay_lag_out lag;
	struct tx tx;

	metric_level(&leads, 0, 0, r->leads);
	if (!r->leads) {
		metric_level(&lag_events, 0, 0, -1);
		metric_level(&lag_seconds, 0, 0, -1);
	}
	if (!r->leads || !conn_alive(r->conn) || clock_monotonic() < r->measure)
		return;
	r->measure = clock_monotonic() + MEASURE;
	tx = tx_auto(r->conn);
	if (sql_relay_lag(w, &tx, &(struct sql_relay_lag_in){ SINK, LAG_MOST }, &lag)) {
		metric_level(&lag_events, 0, 0, lag.events);
		metric_level(&lag_seconds, 0, 0, lag.oldest);
	}
	err_clear(w);
}

static void nap(const struct relay *r, usec span)
{
	for (usec until = clock_monotonic() + span, left; !*r->stop && (left = until - clock_monotonic()) > 0;)
		clock_sleep(left < NAP ? left : NAP);
}

static void rounds(struct work *w, struct relay *r)
{
	usec back_off = 0;
	size_t n;

	while (!*r->stop) {
		work_reset(w);
		measure(w, r);
		if (relay_batch(w, r, &n)) {
			if (back_off > 0)
				log_event(LOG_INFO, w, "relay.recovered", NULL);
			back_off = 0;
			if (n < (size_t)r->conf->batch)
				nap(r, r->conf->poll);
			continue;
		}
		metric_count(&failures, 0, 0, 1);
		log_failure(
			w->err.kind == ERR_INVALID || w->err.kind == ERR_BUG ? LOG_ERROR : LOG_WARN, w, "relay.failed");
		back_off = back_off == 0 ? BACK_OFF_LEAST : back_off * 2 > BACK_OFF_MOST ? BACK_OFF_MOST : back_off * 2;
		nap(r, back_off);
	}
}

bool relay_run(struct work *w, const struct relay_conf *c, const volatile sig_atomic_t *stop)
{
	struct relay r = { .conf = c, .stop = stop, .bus_conf = c->bus };
	struct work unit;

	if (!is_env(c->env))
		return err_set(w, ERR_INVALID, "relay.env", "env must be letters, digits, '-' or '_'");
	r.bus_conf.subject_prefix = arena_printf(w->arena, "pw." STR_FMT, STR_ARG(c->env));
	for (size_t i = 0; i < sizeof(measured) / sizeof(measured[0]); i++)
		metric_register(measured[i]);
	work_init(&unit);
	rounds(&unit, &r);
	bus_close(&r.bus);
	conn_close(&r.conn);
	work_end(&unit);
	return true;
}

bool relay_rewind(struct work *w, struct tx *tx, str actor, str reason)
{
	return sql_audit_act(w, tx, &(struct sql_audit_act_in){ actor, reason }) &&
		sql_relay_rewind(w, tx, &(struct sql_relay_rewind_in){ SINK });
}
