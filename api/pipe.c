/* The queue of calls; pipe_link.c is one connection. */
#include "host.h"

#include "conf.h"
#include "db/sqlstate.h"
#include "metrics.h"
#include "pipe.h"
#include "pipe_link.h"

#define SWEEP_MS 50
#define READ_LOSSES 3 /* a read is sent again: the next connection may be dead, too, and not known to be */
#define RECONNECT (250 * USEC_MS)
#define CONNECT_LIMIT (3 * USEC_S)
#define ANSWER_GRACE (2 * USEC_S) /* beyond statement_timeout a silent server is taken for gone */

static struct link *links;
static struct op_list pending, later, refused; /* to be sent; after the next sweep; to be answered without PostgreSQL */
static bool refusing;                          /* a timer for `refused` is set */
static int in_hand;

static void count_in_hand(int n)
{
	in_hand += n;
	metric_set(METRIC_DB_IN_HAND, in_hand);
}

static void finish(struct pipe_op *op)
{
	struct pipe_call *call = op->call;

	count_in_hand(-1);
	if (call != NULL) {
		call->op = NULL;
		call->res = op->res;
		call->err = op->err;
	} else {
		PQclear(op->res);
	}
	free(op);
	if (call != NULL)
		call->done(call);
}

static void on_refused(void *arg, u_int64_t now)
{
	struct pipe_op *op;

	(void)arg;
	(void)now;
	refusing = false;
	while ((op = TAILQ_FIRST(&refused)) != NULL) {
		TAILQ_REMOVE(&refused, op, list);
		finish(op);
	}
}

/* op is in no list. Its answer comes in the loop's next turn, so that no done() runs inside pipe_submit. */
static void refuse(struct pipe_op *op, enum err_kind kind, const char *code, const char *text)
{
	op->err.kind = kind;
	op->err.code = code;
	op->err.retry_after = USEC_S;
	snprintf(op->err.text, sizeof(op->err.text), "%s", text);
	op->state = OP_REFUSED;
	TAILQ_INSERT_TAIL(&refused, op, list);
	metric_add(kind == ERR_UNCERTAIN ? METRIC_DB_LOST : METRIC_DB_REFUSED, 1);
	if (!refusing)
		kore_timer_add(on_refused, 0, NULL, KORE_TIMER_ONESHOT);
	refusing = true;
}

static struct link *least_loaded(void)
{
	struct link *best = NULL;

	for (int i = 0; i < api_conf.connections; i++) {
		struct link *l = &links[i];

		if (l->state == LINK_READY && !l->stale && l->in_flight < LINK_DEPTH &&
			(best == NULL || l->in_flight < best->in_flight))
			best = l;
	}
	return best;
}

void pipe_feed(void)
{
	struct pipe_op *op;
	struct link *l;

	while ((op = TAILQ_FIRST(&pending)) != NULL && (l = least_loaded()) != NULL) {
		TAILQ_REMOVE(&pending, op, list);
		if (link_send(l, op))
			continue;
		pipe_again(op); /* not complete on the wire, so not done: the next connection takes it */
		link_fail(l, "cannot send");
	}
}

void pipe_done(struct pipe_op *op)
{
	finish(op);
}

void pipe_again(struct pipe_op *op)
{
	PQclear(op->res);
	op->res = NULL;
	op->state = OP_PENDING;
	op->since = clock_monotonic();
	if (op->call == NULL)
		finish(op);
	else
		TAILQ_INSERT_HEAD(&pending, op, list);
}

/* A connection broke before op's answer was complete. */
void pipe_lost(struct pipe_op *op)
{
	if (op->reads && op->losses < READ_LOSSES && op->call != NULL) {
		PQclear(op->res);
		op->res = NULL;
		op->losses++;
		op->since = clock_monotonic();
		op->state = OP_LATER; /* connections die together: by then the dead ones are known */
		TAILQ_INSERT_TAIL(&later, op, list);
		return;
	}
	if (op->res != NULL && PQresultStatus(op->res) == PGRES_FATAL_ERROR) {
		finish(op); /* refused before the connection went: nothing happened */
		return;
	}
	PQclear(op->res);
	op->res = NULL;
	if (op->reads)
		refuse(op, ERR_RETRY, "api.database_down", "the connection to the database broke");
	else
		refuse(op, ERR_UNCERTAIN, "api.outcome_unknown",
			"the connection to the database broke before its answer");
}

static bool hopeless(void)
{
	for (int i = 0; i < api_conf.connections; i++) {
		if (links[i].state != LINK_DOWN)
			return false;
	}
	return true;
}

void pipe_submit(struct pipe_call *call)
{
	struct pipe_op *op = calloc(1, sizeof(*op));

	if (op == NULL)
		fatal("out of memory");
	op->call = call;
	op->sql = call->sql;
	op->reads = call->reads;
	op->since = clock_monotonic();
	call->op = op;
	call->res = NULL;
	call->kept = false;
	call->err = (struct err){ 0 };
	metric_add(METRIC_DB_CALLS, 1);
	count_in_hand(1);
	if (in_hand > api_conf.queue) {
		refuse(op, ERR_RETRY, "api.busy", "too many statements in hand");
	} else if (hopeless()) {
		refuse(op, ERR_RETRY, "api.database_down", "no connection to the database");
	} else {
		op->state = OP_PENDING;
		TAILQ_INSERT_TAIL(&pending, op, list);
		pipe_feed();
	}
}

void pipe_detach(struct pipe_call *call)
{
	struct pipe_op *op = call->op;

	if (op == NULL)
		return;
	call->op = NULL;
	op->call = NULL;
	if (op->state != OP_PENDING && op->state != OP_LATER)
		return;
	TAILQ_REMOVE(op->state == OP_PENDING ? &pending : &later, op, list); /* its parameters go with the call */
	finish(op);
}

void pipe_drop(struct pipe_call *call)
{
	if (!call->kept)
		PQclear(call->res);
	call->res = NULL;
}

static void clear_result(void *res)
{
	PQclear(res);
}

bool pipe_result(struct work *w, struct pipe_call *call)
{
	ExecStatusType status;

	if (call->res == NULL) {
		w->err = call->err;
		return false;
	}
	arena_defer(w->arena, clear_result, call->res);
	call->kept = true;
	status = PQresultStatus(call->res);
	return status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || sqlstate_err(w, call->res, NULL);
}

int pipe_ready(void)
{
	int n = 0;

	for (int i = 0; i < api_conf.connections; i++)
		n += links[i].state == LINK_READY;
	return n;
}

static void sweep_link(struct link *l, usec now)
{
	struct pipe_op *oldest = TAILQ_FIRST(&l->ops);

	if (l->state == LINK_DOWN && now - l->since >= RECONNECT)
		link_open(l);
	else if (l->state == LINK_CONNECTING && now - l->since >= CONNECT_LIMIT)
		link_fail(l, "no answer to the connection attempt");
	else if (oldest != NULL &&
		now - (oldest->sent > l->heard ? oldest->sent : l->heard) > api_conf.statement_timeout + ANSWER_GRACE)
		link_fail(l, "no answer to a statement");
}

static void sweep(void *arg, u_int64_t unused)
{
	usec now = clock_monotonic();
	struct pipe_op *op, *next;
	bool up;

	(void)arg;
	(void)unused;
	for (int i = 0; i < api_conf.connections; i++)
		sweep_link(&links[i], now);
	while ((op = TAILQ_FIRST(&later)) != NULL) {
		TAILQ_REMOVE(&later, op, list);
		op->state = OP_PENDING;
		TAILQ_INSERT_TAIL(&pending, op, list);
	}
	up = pipe_ready() > 0;
	for (op = TAILQ_FIRST(&pending); op != NULL; op = next) {
		next = TAILQ_NEXT(op, list);
		if (now - op->since < (up ? api_conf.statement_timeout : api_conf.connect_wait))
			continue;
		TAILQ_REMOVE(&pending, op, list);
		refuse(op, ERR_RETRY, up ? "api.busy" : "api.database_down",
			up ? "no connection became free" : "no connection to the database");
	}
	pipe_feed();
}

void pipe_start(void)
{
	TAILQ_INIT(&pending);
	TAILQ_INIT(&later);
	TAILQ_INIT(&refused);
	links = calloc((size_t)api_conf.connections, sizeof(*links));
	if (links == NULL)
		fatal("out of memory");
	for (int i = 0; i < api_conf.connections; i++) {
		TAILQ_INIT(&links[i].ops);
		link_open(&links[i]);
	}
	kore_timer_add(sweep, SWEEP_MS, NULL, 0);
}
