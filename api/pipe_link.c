#include "pipe_link.h"

#include "conf.h"
#include "db/sqlstate.h"
#include "metrics.h"

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define LIBPQ_BUFFER 8192

static void on_event(void *arg, int error);

static void count_ready(const char *why)
{
	static bool away;
	int n = pipe_ready();

	metric_set(METRIC_DB_READY, n);
	if (n == 0 && !away)
		log_event(LOG_WARN, NULL, "db.away", "worker=%d why=%s", worker->id, LOG_Q(str_trim(str_c(why))));
	else if (n > 0 && away)
		log_event(LOG_INFO, NULL, "db.back", "worker=%d", worker->id);
	away = n == 0;
}

static void set_state(struct link *l, enum link_state state)
{
	l->state = state;
	l->since = clock_monotonic();
}

/* Level triggered: PQconsumeInput reads once, an edge would leave the rest unseen. */
static void arm(struct link *l, int mask)
{
	if (l->mask == mask)
		return;
	l->mask = mask;
	kore_platform_event_schedule(l->fd, mask, 0, l);
}

static void on_notice(void *arg, const char *message)
{
	(void)arg;
	log_event(LOG_INFO, NULL, "db.notice", "text=%s", LOG_Q(str_trim(str_c(message))));
}

static PGconn *begin_connect(void)
{
	char url[1024], options[64];
	const char *keys[] = { "password", "dbname", "application_name", "gssencmode", "client_encoding", "options",
		"keepalives_idle", "tcp_user_timeout", NULL }; /* a password of the URL goes before ours */
	const char *values[] = { NULL, url, "patchwork-api", "disable", "UTF8", options, "10", "10000", NULL };
	char secret[256];

	snprintf(url, sizeof(url), STR_FMT, STR_ARG(api_conf.database));
	snprintf(options, sizeof(options), "-c jit=off -c statement_timeout=%ld",
		(long)(api_conf.statement_timeout / USEC_MS));
	if (api_conf.database_password.n > 0) {
		snprintf(secret, sizeof(secret), STR_FMT, STR_ARG(api_conf.database_password));
		values[0] = secret;
	}
	return PQconnectStartParams(keys, values, 1);
}

void link_open(struct link *l)
{
	l->evt.type = 0;
	l->evt.flags = 0;
	l->evt.handle = on_event;
	l->mask = 0;
	l->pg = begin_connect();
	set_state(l, LINK_CONNECTING);
	if (l->pg == NULL || PQstatus(l->pg) == CONNECTION_BAD) {
		link_fail(l, l->pg == NULL ? "out of memory" : PQerrorMessage(l->pg));
		return;
	}
	PQsetNoticeProcessor(l->pg, on_notice, NULL);
	l->fd = PQsocket(l->pg);
	arm(l, EPOLLOUT);
}

/* Takes it down; what was on it goes to *ops. The reason is logged once per outage, since it is tried again four times
 * a second. why may be libpq's text of this very connection, so it closes last. */
static void take_down(struct link *l, const char *why, struct op_list *ops)
{
	PGconn *pg = l->pg;

	log_event(l->state == LINK_READY ? LOG_WARN : LOG_DEBUG, NULL, "db.connection_lost",
		"worker=%d in_flight=%d why=%s", worker->id, l->in_flight, LOG_Q(str_trim(str_c(why))));
	l->pg = NULL;
	l->fd = -1;
	l->mask = l->in_flight = 0;
	l->stale = false;
	memset(l->prepared, 0, sizeof(l->prepared));
	set_state(l, LINK_DOWN);
	count_ready(why);
	TAILQ_CONCAT(ops, &l->ops, list);
	PQfinish(pg); /* closes the descriptor, which leaves the loop with it */
}

void link_fail(struct link *l, const char *why)
{
	struct op_list ops = TAILQ_HEAD_INITIALIZER(ops);
	struct pipe_op *op;

	take_down(l, why, &ops);
	while ((op = TAILQ_LAST(&ops, op_list)) != NULL) { /* newest first: what is repeated goes to the queue's head */
		TAILQ_REMOVE(&ops, op, list);
		pipe_lost(op);
	}
}

static struct prepared *place(struct link *l, const struct sql *sql)
{
	size_t i = ((uintptr_t)sql / sizeof(*sql)) & (LINK_PREPARED - 1);

	while (l->prepared[i].sql != NULL && l->prepared[i].sql != sql)
		i = (i + 1) & (LINK_PREPARED - 1);
	l->prepared[i].sql = sql;
	return &l->prepared[i];
}

static size_t query_params_size(const struct query_params *p)
{
	size_t n = 0;

	for (int i = 0; i < p->n; i++)
		n += (size_t)p->lengths[i];
	return n;
}

/* libpq sends as soon as it has 8 kB. What is one statement shall arrive as one, and wake its backend once. */
static void cork(struct link *l, int on)
{
	setsockopt(l->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)); /* a Unix socket refuses, and does without */
}

bool link_send(struct link *l, struct pipe_op *op)
{
	const struct query_params *p = &op->call->params;
	struct prepared *prepared = place(l, op->sql);
	bool large = query_params_size(p) >= LIBPQ_BUFFER;
	int left;

	op->preparing = !prepared->done;
	if (large)
		cork(l, 1);
	if (op->preparing && !PQsendPrepare(l->pg, op->sql->name, op->sql->text, p->n, p->types))
		return false;
	if (!PQsendQueryPrepared(l->pg, op->sql->name, p->n, p->values, p->lengths, p->formats, 1))
		return false;
	if (!PQpipelineSync(l->pg))
		return false;
	prepared->done = true;
	op->state = OP_SENT;
	op->sent = clock_monotonic();
	TAILQ_INSERT_TAIL(&l->ops, op, list);
	l->in_flight++;
	left = PQflush(l->pg); /* < 0: the socket is readable too, on_event finds it broken */
	if (large)
		cork(l, 0);
	arm(l, left != 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
	return true;
}

static void keep(struct link *l, struct pipe_op *op, PGresult *res)
{
	ExecStatusType status = PQresultStatus(res);
	bool of_prepare = op->preparing;

	op->preparing = false;
	if ((of_prepare && status == PGRES_COMMAND_OK) || (status == PGRES_PIPELINE_ABORTED && op->res != NULL)) {
		PQclear(res);
		return;
	}
	if (of_prepare)
		place(l, op->sql)->done = false; /* refused */
	else if (sqlstate_stale(res))
		l->stale = true;
	PQclear(op->res);
	op->res = res;
}

static void answered(struct link *l, struct pipe_op *op)
{
	TAILQ_REMOVE(&l->ops, op, list);
	l->in_flight--;
	l->heard = clock_monotonic();
	if (op->res != NULL && sqlstate_stale(op->res) && !op->refreshed) {
		op->refreshed = true;
		pipe_again(op);
		return;
	}
	pipe_done(op);
}

static void poll_connect(struct link *l)
{
	PostgresPollingStatusType s = PQconnectPoll(l->pg);

	if (s == PGRES_POLLING_FAILED) {
		link_fail(l, PQerrorMessage(l->pg));
		return;
	}
	l->fd = PQsocket(l->pg); /* may be another one, even under the same number */
	l->mask = 0;
	if (s != PGRES_POLLING_OK) {
		arm(l, s == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT);
		return;
	}
	if (PQsetnonblocking(l->pg, 1) != 0 || !PQenterPipelineMode(l->pg)) {
		link_fail(l, PQerrorMessage(l->pg));
		return;
	}
	arm(l, EPOLLIN);
	set_state(l, LINK_READY);
	metric_add(METRIC_DB_CONNECTS, 1);
	count_ready("");
	pipe_feed();
}

static void on_event(void *arg, int error)
{
	struct link *l = arg;
	struct pipe_op *op;
	PGresult *res;

	(void)error; /* reading says what it was */
	l->evt.flags = 0;
	if (l->state == LINK_DOWN)
		return;
	if (l->state == LINK_CONNECTING) {
		poll_connect(l);
		return;
	}
	if (!PQconsumeInput(l->pg)) {
		link_fail(l, PQerrorMessage(l->pg));
		pipe_feed();
		return;
	}
	while (l->state == LINK_READY && !PQisBusy(l->pg) && (op = TAILQ_FIRST(&l->ops)) != NULL) {
		if ((res = PQgetResult(l->pg)) == NULL)
			continue; /* the end of one statement */
		if (PQresultStatus(res) != PGRES_PIPELINE_SYNC) {
			keep(l, op, res);
			continue;
		}
		PQclear(res);
		answered(l, op);
	}
	if (l->state == LINK_READY && l->stale && l->in_flight == 0)
		link_fail(l, "prepared statements are out of date");
	else if (l->state == LINK_READY)
		arm(l, PQflush(l->pg) != 0 ? EPOLLIN | EPOLLOUT : EPOLLIN);
	pipe_feed();
}
