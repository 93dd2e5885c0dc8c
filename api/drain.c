#include "host.h"

#include "conf.h"
#include "drain.h"
#include "sandbox.h"

#define TICK_MS 50
#define SLOTS_OF_KORE 2 /* worker_count counts two processes that exist with TLS only */

static volatile sig_atomic_t asked;
static usec began;

static void on_signal(int sig)
{
	(void)sig;
	asked = 1;
}

static void on_parent_gone(struct connection *c)
{
	(void)c;
	asked = 1;
}

bool draining(void)
{
	return asked != 0;
}

static bool all_sent(void)
{
	struct connection *c;

	TAILQ_FOREACH(c, &connections, list) {
		if (c->proto != CONN_PROTO_MSG && !TAILQ_EMPTY(&c->send_queue))
			return false;
	}
	return true;
}

/* With one worker the accept lock does not exist; with several the loop gives it up itself once it may hold none. */
static void stop_accepting(void)
{
	if (worker_count == 1 + SLOTS_OF_KORE)
		kore_platform_disable_accept();
	else
		worker_max_connections = 0;
}

/* Leaves by exit() instead of Kore's own way out, which writes to the parent over a channel that may be closed. */
static void tick(void *arg, u_int64_t now)
{
	usec t = clock_monotonic();

	(void)arg;
	(void)now;
	if (!asked && sandbox_parent_alive())
		return;
	asked = 1;
	if (began == 0) {
		began = t;
		stop_accepting();
		log_event(LOG_INFO, NULL, "api.draining", "worker=%d requests=%u", worker->id, http_request_count);
	}
	if ((http_request_count > 0 || !all_sent()) && t - began < api_conf.drain)
		return;
	log_event(LOG_INFO, NULL, "api.drained", "worker=%d requests=%u took_ms=%ld", worker->id, http_request_count,
		(long)((t - began) / USEC_MS));
	exit(0);
}

void drain_start(void)
{
	struct sigaction sa = { .sa_handler = on_signal };

	sigfillset(&sa.sa_mask);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGQUIT, &sa, NULL);
	signal(SIGHUP, SIG_IGN); /* nothing is reloaded: the configuration changes by a restart */
	worker->msg[1]->disconnect = on_parent_gone;
	kore_timer_add(tick, TICK_MS, NULL, 0);
}
