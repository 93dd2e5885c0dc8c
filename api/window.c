/* The queue of window calls; redis.c is the connection, window_local.c counts while Redis is away. */
#include "host.h"

#include "metrics.h"
#include "redis.h"
#include "window.h"
#include "window_local.h"

#define SWEEP_MS 50
#define ANSWER_LIMIT (200 * USEC_MS)

/* KEYS[1]; ARGV: microseconds per request, burst. The value is the theoretical arrival time (GCRA) in microseconds of
 * Redis's clock, written by %.0f because a number turned into text by itself loses its last digits. */
static const char script[] =
	"local t = redis.call('TIME')\n"
	"local now = t[1] * 1000000 + t[2]\n"
	"local step, burst = tonumber(ARGV[1]), tonumber(ARGV[2])\n"
	"local tat = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now))\n"
	"local early = tat + step - burst * step - now\n"
	"if early > 0 then return {0, 0, early, tat - now} end\n"
	"tat = tat + step\n"
	"redis.call('SET', KEYS[1], string.format('%.0f', tat), 'PX', math.ceil((tat - now) / 1000) + 1)\n"
	"return {1, math.floor((burst * step - (tat - now)) / step), 0, tat - now}\n";

struct window_op {
	TAILQ_ENTRY(window_op) list;
	struct window_call *call; /* NULL: detached */
	char key[WINDOW_KEY_MAX + 8];
	size_t key_n;
	struct window_limit limit;
	usec since;
	bool sent; /* Redis still owes an answer: freed by its callback */
	bool answered;
	struct window_verdict verdict;
};
TAILQ_HEAD(op_list, window_op);

static struct {
	struct op_list waiting, decided; /* at Redis, oldest first; to be answered in the loop's next turn */
	bool answering;
} win;

static void answer(struct window_op *op)
{
	struct window_call *call = op->call;

	op->call = NULL;
	op->answered = true;
	if (call == NULL)
		return;
	call->op = NULL;
	if (!op->verdict.allowed)
		metric_add(METRIC_WINDOW_DENIED, 1);
	call->done(call, &op->verdict);
}

static void decide_local(struct window_op *op)
{
	metric_add(METRIC_WINDOW_LOCAL, 1);
	op->verdict = window_local(str_of(op->key, op->key_n), op->limit, clock_monotonic());
}

static void on_decided(void *arg, u_int64_t now)
{
	struct window_op *op;

	(void)arg;
	(void)now;
	win.answering = false;
	while ((op = TAILQ_FIRST(&win.decided)) != NULL) {
		TAILQ_REMOVE(&win.decided, op, list);
		answer(op);
		free(op);
	}
}

static void answer_soon(struct window_op *op)
{
	TAILQ_INSERT_TAIL(&win.decided, op, list);
	if (!win.answering)
		kore_timer_add(on_decided, 0, NULL, KORE_TIMER_ONESHOT);
	win.answering = true;
}

static bool verdict_of(const redisReply *r, struct window_verdict *v)
{
	if (r == NULL || r->type != REDIS_REPLY_ARRAY || r->elements != 4)
		return false;
	for (int i = 0; i < 4; i++) {
		if (r->element[i]->type != REDIS_REPLY_INTEGER)
			return false;
	}
	v->allowed = r->element[0]->integer == 1;
	v->remaining = (int)r->element[1]->integer;
	v->retry_after = r->element[2]->integer;
	v->reset = r->element[3]->integer;
	return true;
}

static bool ask(struct window_op *op, bool by_text);

static void on_reply(redisAsyncContext *ac, void *reply, void *arg)
{
	struct window_op *op = arg;
	const redisReply *r = reply;

	(void)ac;
	if (op->answered) { /* was too late */
		free(op);
		return;
	}
	if (r != NULL && r->type == REDIS_REPLY_ERROR && strncmp(r->str, "NOSCRIPT", 8) == 0 && redis_ready() != NULL &&
		ask(op, true))
		return;
	TAILQ_REMOVE(&win.waiting, op, list);
	if (!verdict_of(r, &op->verdict)) {
		if (r != NULL && r->type == REDIS_REPLY_ERROR)
			log_event(LOG_WARN, NULL, "window.redis_refused", "why=%s", LOG_Q(str_c(r->str)));
		decide_local(op);
	}
	answer(op);
	free(op);
}

static bool ask(struct window_op *op, bool by_text)
{
	const char *what = by_text ? script : redis_sha();
	long long step = 60 * USEC_S / op->limit.per_minute;

	return redisAsyncCommand(redis_ready(), on_reply, op, "%s %s 1 %b %lld %d", by_text ? "EVAL" : "EVALSHA", what,
		       op->key, op->key_n, step, op->limit.burst) == REDIS_OK;
}

void window_take(struct window_call *call, str key, struct window_limit limit)
{
	struct window_op *op = calloc(1, sizeof(*op));

	if (op == NULL)
		fatal("out of memory");
	op->call = call;
	call->op = op;
	op->limit = limit;
	op->since = clock_monotonic();
	op->key_n = (size_t)snprintf(
		op->key, sizeof(op->key), "window:%.*s", (int)(key.n < WINDOW_KEY_MAX ? key.n : WINDOW_KEY_MAX), key.p);
	if (redis_ready() != NULL && ask(op, false)) {
		TAILQ_INSERT_TAIL(&win.waiting, op, list);
		return;
	}
	decide_local(op);
	answer_soon(op);
}

void window_detach(struct window_call *call)
{
	if (call->op != NULL)
		call->op->call = NULL;
	call->op = NULL;
}

bool window_degraded(void)
{
	return redis_ready() == NULL;
}

/* A Redis that holds its tongue is away: its callers are answered here and it gets a new connection. */
static void give_up(void)
{
	struct window_op *op;

	while ((op = TAILQ_FIRST(&win.waiting)) != NULL) {
		TAILQ_REMOVE(&win.waiting, op, list);
		decide_local(op);
		answer(op); /* freed by on_reply, which redis_drop brings about */
	}
	redis_drop("no answer");
}

static void sweep(void *arg, u_int64_t unused)
{
	struct window_op *oldest = TAILQ_FIRST(&win.waiting);
	usec now = clock_monotonic();

	(void)arg;
	(void)unused;
	if (oldest != NULL && now - oldest->since > ANSWER_LIMIT)
		give_up();
}

void window_start(void)
{
	TAILQ_INIT(&win.waiting);
	TAILQ_INIT(&win.decided);
	window_local_start();
	redis_start(script);
	kore_timer_add(sweep, SWEEP_MS, NULL, 0);
}
