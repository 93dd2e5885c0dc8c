#include "host.h"

#include "conf.h"
#include "metrics.h"
#include "redis.h"

#include <sys/epoll.h>

#define SWEEP_MS 50
#define RECONNECT (500 * USEC_MS)
#define CONNECT_LIMIT (2 * USEC_S)

static struct {
	struct kore_event evt; /* first: Kore's loop hands it back */
	redisAsyncContext *ac; /* NULL: away */
	int mask;
	bool ready;
	usec since;
	const char *script;
	char sha[41];
} redis;

static void set_ready(bool ready, const char *why)
{
	if (redis.ready != ready)
		log_event(ready ? LOG_INFO : LOG_WARN, NULL, ready ? "window.redis_back" : "window.redis_away",
			"worker=%d why=%s", worker->id, LOG_Q(str_c(why)));
	redis.ready = ready;
	metric_set(METRIC_WINDOW_DEGRADED, ready ? 0 : 1);
}

static void schedule(int mask)
{
	if (redis.mask == mask || redis.ac == NULL)
		return;
	redis.mask = mask;
	if (mask == 0)
		kore_platform_disable_read(redis.ac->c.fd);
	else
		kore_platform_event_schedule(redis.ac->c.fd, mask, 0, &redis);
}

static void add_read(void *p)
{
	(void)p;
	schedule(redis.mask | EPOLLIN);
}
static void del_read(void *p)
{
	(void)p;
	schedule(redis.mask & ~EPOLLIN);
}
static void add_write(void *p)
{
	(void)p;
	schedule(redis.mask | EPOLLOUT);
}
static void del_write(void *p)
{
	(void)p;
	schedule(redis.mask & ~EPOLLOUT);
}

/* hiredis is about to free its context, and closes the descriptor with it. */
static void forget(void *p)
{
	(void)p;
	schedule(0);
	redis.ac = NULL;
	redis.since = clock_monotonic();
}

static void on_event(void *arg, int error)
{
	(void)arg;
	if (redis.ac != NULL && (redis.evt.flags & KORE_EVENT_WRITE))
		redisAsyncHandleWrite(redis.ac);
	if (redis.ac != NULL && ((redis.evt.flags & KORE_EVENT_READ) || error))
		redisAsyncHandleRead(redis.ac);
	redis.evt.flags = 0;
}

static void on_loaded(redisAsyncContext *ac, void *reply, void *arg)
{
	const redisReply *r = reply;

	(void)ac;
	(void)arg;
	if (r != NULL && r->type == REDIS_REPLY_STRING && r->len == 40) {
		memcpy(redis.sha, r->str, 41);
		set_ready(true, "");
	} else if (r != NULL && r->type == REDIS_REPLY_ERROR) {
		log_event(LOG_ERROR, NULL, "window.redis_refused", "why=%s", LOG_Q(str_c(r->str)));
	}
}

static void on_connect(const redisAsyncContext *ac, int status)
{
	if (status != REDIS_OK)
		return; /* hiredis frees it and calls forget() */
	if (api_conf.redis_password.n > 0)
		redisAsyncCommand(
			redis.ac, NULL, NULL, "AUTH %b", api_conf.redis_password.p, api_conf.redis_password.n);
	redisAsyncCommand(redis.ac, on_loaded, NULL, "SCRIPT LOAD %s", redis.script);
	(void)ac;
}

static void on_disconnect(const redisAsyncContext *ac, int status)
{
	(void)status;
	set_ready(false, ac->errstr != NULL ? ac->errstr : "closed");
}

static redisAsyncContext *begin_connect(void)
{
	char where[256];
	char *colon;

	snprintf(where, sizeof(where), STR_FMT, STR_ARG(api_conf.redis));
	if (strncmp(where, "unix:", 5) == 0)
		return redisAsyncConnectUnix(where + 5);
	if ((colon = strrchr(where, ':')) == NULL)
		return redisAsyncConnect(where, 6379);
	*colon = '\0';
	return redisAsyncConnect(where, (int)strtol(colon + 1, NULL, 10));
}

static void open_redis(void)
{
	redisAsyncContext *ac = begin_connect();

	redis.since = clock_monotonic();
	if (ac == NULL || ac->err != 0) {
		if (ac != NULL)
			redisAsyncFree(ac);
		return;
	}
	redis.ac = ac;
	redis.mask = 0;
	redis.evt.handle = on_event;
	redis.evt.flags = 0;
	ac->ev.data = &redis;
	ac->ev.addRead = add_read;
	ac->ev.delRead = del_read;
	ac->ev.addWrite = add_write;
	ac->ev.delWrite = del_write;
	ac->ev.cleanup = forget;
	redisAsyncSetConnectCallback(ac, on_connect);
	redisAsyncSetDisconnectCallback(ac, on_disconnect);
}

static void sweep(void *arg, u_int64_t unused)
{
	usec now = clock_monotonic();

	(void)arg;
	(void)unused;
	if (redis.ac != NULL && !redis.ready && now - redis.since > CONNECT_LIMIT)
		redisAsyncFree(redis.ac);
	else if (redis.ac == NULL && now - redis.since >= RECONNECT)
		open_redis();
}

redisAsyncContext *redis_ready(void)
{
	return redis.ready ? redis.ac : NULL;
}

const char *redis_sha(void)
{
	return redis.sha;
}

void redis_drop(const char *why)
{
	set_ready(false, why);
	if (redis.ac != NULL)
		redisAsyncFree(redis.ac);
}

void redis_start(const char *script)
{
	redis.script = script;
	metric_set(METRIC_WINDOW_DEGRADED, 1);
	open_redis();
	kore_timer_add(sweep, SWEEP_MS, NULL, 0);
}
