#include "host.h"

#include "pipe.h"
#include "queue/wake.h"
#include "sql.h"
#include "wake.h"

#define QUEUES 8

struct hint {
	const char *queue;
	struct pipe_call call;
	struct arena *arena;
	bool due, sending;
};

static struct hint hints[QUEUES];
static bool armed;

static void arm(void);

static void on_sent(struct pipe_call *call)
{
	struct hint *h = call->arg;

	PQclear(call->res);
	arena_free(&h->arena);
	h->sending = false;
	if (h->due)
		arm();
}

static void send_hint(struct hint *h)
{
	struct sql_job_wake_in in = { .channel = STR(WAKE_CHANNEL), .queue = str_c(h->queue) };

	h->due = false;
	h->sending = true;
	h->arena = arena_new();
	h->call = (struct pipe_call){ .sql = &sql_job_wake_stmt, .done = on_sent, .arg = h };
	query_encode(h->arena, h->call.sql, &in, &h->call.params);
	pipe_submit(&h->call);
}

static void on_timer(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	armed = false;
	for (int i = 0; i < QUEUES; i++) {
		if (hints[i].due && !hints[i].sending)
			send_hint(&hints[i]);
	}
}

static void arm(void)
{
	if (!armed)
		kore_timer_add(on_timer, WAKE_DEBOUNCE / USEC_MS, NULL, KORE_TIMER_ONESHOT);
	armed = true;
}

void wake_hint_queue(const char *queue)
{
	for (int i = 0; i < QUEUES; i++) {
		if (hints[i].queue == NULL)
			hints[i].queue = queue;
		if (strcmp(hints[i].queue, queue) != 0)
			continue;
		hints[i].due = true;
		arm();
		return;
	}
}
