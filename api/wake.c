#include "host.h"

#include "pipe.h"
#include "queue/wake.h"
#include "sql.h"
#include "wake.h"

#define QUEUES 8

static const char *due[QUEUES];
static int n_due;
static bool armed, sending;
static usec sent_at;
static struct pipe_call call;
static struct arena *arena; /* of call's parameters */

static void arm(void);

static void on_sent(struct pipe_call *sent)
{
	PQclear(sent->res);
	arena_free(&arena);
	sending = false;
	if (n_due > 0)
		arm();
}

static void send_hints(void)
{
	str queues[QUEUES];
	struct sql_queue_hint_in in = { .queues = { queues, (size_t)n_due } };

	for (int i = 0; i < n_due; i++)
		queues[i] = str_c(due[i]);
	n_due = 0;
	sending = true;
	sent_at = clock_monotonic();
	arena = arena_new();
	call = (struct pipe_call){ .sql = &sql_queue_hint_stmt, .done = on_sent };
	query_encode(arena, call.sql, &in, &call.params);
	pipe_submit(&call);
}

static void on_timer(void *arg, u_int64_t now)
{
	(void)arg;
	(void)now;
	armed = false;
	if (!sending)
		send_hints();
}

/* In the loop's next turn, after the answer, where none was sent lately. */
static void arm(void)
{
	usec left = sent_at + WAKE_DEBOUNCE - clock_monotonic();

	if (!armed)
		kore_timer_add(
			on_timer, left > 0 ? (u_int64_t)(left + USEC_MS - 1) / USEC_MS : 0, NULL, KORE_TIMER_ONESHOT);
	armed = true;
}

void wake_hint_queue(const char *queue)
{
	for (int i = 0; i < n_due; i++) {
		if (strcmp(due[i], queue) == 0)
			return;
	}
	if (n_due == QUEUES)
		return;
	due[n_due++] = queue;
	if (!sending)
		arm();
}
