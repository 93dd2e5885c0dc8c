/* Acknowledgements are read from an inbox of our own, one reply subject per message: cnats 3.4.1's asynchronous publishing
 * neither fails nor finishes what was in flight when the broker's leader died, and calls back on threads of its own.
 * A connection lives once: it is not reconnected behind our back, because what waited in a reconnect buffer would arrive
 * ahead of what was lost before it. So one connection's messages are stored in the order in which they were sent. */
#include "net/bus.h"

#include <inttypes.h>
#include <nats/nats.h>
#include <stdlib.h>

#include "base/json.h"

#define PATIENCE (10 * USEC_S) /* for all acknowledgements of one call */
#define CONNECT_MS 5000
#define PING_MS 2000           /* twice unanswered: a frozen broker is noticed in 6 s */
#define STREAM_NOT_FOUND 10059 /* the broker's err_code */

struct bus {
	char *url, *user, *password, *stream, *subjects;
	usec duplicate_window;
	natsConnection *nc; /* NULL = not connected */
	natsSubscription *acks;
	char inbox[64];
	int64_t serial; /* of the next message; the last token of its reply subject */
};

static char *copy(str s)
{
	char *z = s.p == NULL ? NULL : strndup(s.p, s.n);

	if (s.p != NULL && z == NULL)
		abort();
	return z;
}

/* The connection is closed first: its thread, which may have a late answer in hand, has ended then. cnats 3.4.1 goes on with a
 * subscription that is destroyed meanwhile (nats-io/nats.c#637). */
static void disconnect(struct bus *b)
{
	natsConnection_Close(b->nc);
	natsSubscription_Destroy(b->acks);
	natsConnection_Destroy(b->nc);
	b->acks = NULL;
	b->nc = NULL;
}

/* Any failure ends the connection: the next call begins with a fresh one and without answers to old messages. */
static bool broken(struct work *w, struct bus *b, const char *code, const char *what, natsStatus s)
{
	const char *last = NULL;
	bool said =
		b->nc != NULL && natsConnection_GetLastError(b->nc, &last) != NATS_OK && last != NULL && *last != '\0';

	err_set(w, ERR_RETRY, code, "%s: %s", what, said ? last : natsStatus_GetText(s));
	disconnect(b);
	return false;
}

/* Without one cnats prints to stderr; what it would say is also the connection's last error. */
static void on_error(natsConnection *nc, natsSubscription *sub, natsStatus s, void *closure)
{
	(void)nc;
	(void)sub;
	(void)s;
	(void)closure;
}

static natsStatus set_options(const struct bus *b, natsOptions *o)
{
	natsStatus s = natsOptions_SetURL(o, b->url);

	if (s == NATS_OK && b->user != NULL && *b->user != '\0')
		s = natsOptions_SetUserInfo(o, b->user, b->password == NULL ? "" : b->password);
	if (s == NATS_OK)
		s = natsOptions_SetTimeout(o, CONNECT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetPingInterval(o, PING_MS);
	if (s == NATS_OK)
		s = natsOptions_SetMaxPingsOut(o, 2);
	if (s == NATS_OK)
		s = natsOptions_SetWriteDeadline(o, CONNECT_MS);
	if (s == NATS_OK)
		s = natsOptions_SetAllowReconnect(o, false);
	if (s == NATS_OK)
		s = natsOptions_SetErrorHandler(o, on_error, NULL);
	return s == NATS_OK ? natsOptions_SetName(o, "patchwork") : s;
}

static natsStatus add_stream(const struct bus *b, jsCtx *js, jsErrCode *code)
{
	const char *subjects[] = { b->subjects };
	jsStreamConfig sc;

	jsStreamConfig_Init(&sc);
	sc.Name = b->stream;
	sc.Subjects = subjects;
	sc.SubjectsLen = 1;
	sc.Retention = js_LimitsPolicy;
	sc.Storage = js_FileStorage;
	sc.Duplicates = b->duplicate_window * 1000; /* nanoseconds */
	return js_AddStream(NULL, js, &sc, NULL, code);
}

/* A stream that exists stays as its operator made it. */
static natsStatus want_stream(const struct bus *b)
{
	jsStreamInfo *info = NULL;
	jsErrCode code = 0;
	jsCtx *js = NULL;
	natsStatus s = natsConnection_JetStream(&js, b->nc, NULL);

	if (s == NATS_OK)
		s = js_GetStreamInfo(&info, js, b->stream, NULL, &code);
	if (s == NATS_NOT_FOUND || code == STREAM_NOT_FOUND)
		s = add_stream(b, js, &code);
	jsStreamInfo_Destroy(info);
	jsCtx_Destroy(js);
	return s;
}

static natsStatus want_acks(struct bus *b)
{
	char *inbox = NULL, all[80];
	natsStatus s = natsInbox_Create(&inbox);

	if (s != NATS_OK)
		return s;
	snprintf(b->inbox, sizeof(b->inbox), "%s", inbox);
	snprintf(all, sizeof(all), "%s.*", inbox);
	natsInbox_Destroy(inbox);
	return natsConnection_SubscribeSync(&b->acks, b->nc, all);
}

static bool connect_to(struct work *w, struct bus *b)
{
	natsOptions *o = NULL;
	natsStatus s = natsOptions_Create(&o);

	if (s == NATS_OK)
		s = set_options(b, o);
	if (s == NATS_OK)
		s = natsConnection_Connect(&b->nc, o);
	natsOptions_Destroy(o);
	if (s != NATS_OK)
		return broken(w, b, "bus.unreachable", "connecting", s);
	s = want_acks(b);
	if (s == NATS_OK)
		s = want_stream(b);
	return s == NATS_OK || broken(w, b, "bus.unreachable", "stream", s);
}

bool bus_open(struct work *w, const struct bus_conf *c, struct bus **out)
{
	struct bus *b = calloc(1, sizeof(*b));

	if (b == NULL)
		abort();
	*b = (struct bus){ .url = copy(c->url),
		.user = copy(c->user),
		.password = copy(c->password),
		.stream = copy(c->stream),
		.duplicate_window = c->duplicate_window };
	b->subjects = copy(arena_printf(w->arena, STR_FMT ".>", STR_ARG(c->subject_prefix)));
	if (!connect_to(w, b)) {
		bus_close(&b);
		return false;
	}
	*out = b;
	return true;
}

void bus_close(struct bus **b)
{
	if (*b == NULL)
		return;
	disconnect(*b);
	free((*b)->url);
	free((*b)->user);
	free((*b)->password);
	free((*b)->stream);
	free((*b)->subjects);
	free(*b);
	*b = NULL;
}

static natsStatus send_one(struct work *w, struct bus *b, const struct bus_msg *m)
{
	natsMsg *msg = NULL;
	natsStatus s = natsMsg_Create(&msg, arena_cstr(w->arena, m->subject),
		arena_printf(w->arena, "%s.%" PRId64, b->inbox, b->serial).p, m->body.p, (int)m->body.n);

	if (s == NATS_OK)
		s = natsMsgHeader_Set(msg, "Nats-Msg-Id", arena_cstr(w->arena, m->id));
	if (s == NATS_OK)
		s = natsMsgHeader_Set(msg, "content-type", "application/cloudevents+json; charset=UTF-8");
	if (s == NATS_OK && m->trace.n > 0)
		s = natsMsgHeader_Set(msg, "traceparent", arena_cstr(w->arena, m->trace));
	if (s == NATS_OK)
		s = natsConnection_PublishMsg(b->nc, msg);
	natsMsg_Destroy(msg);
	b->serial++;
	return s;
}

/* {"stream":"PW_EVENTS","seq":7,"duplicate":true} or {"error":{...}} */
static bool check_ack(struct work *w, natsMsg *msg)
{
	const cJSON *ack;
	int64_t seq;

	if (!json_parse(w, str_of(natsMsg_GetData(msg), (size_t)natsMsg_GetDataLength(msg)), &ack))
		return err_set(w, ERR_RETRY, "bus.no_ack", "an acknowledgement is unreadable: %s", w->err.text);
	if (json_get(ack, "error") != NULL || !json_get_i64(ack, "seq", &seq))
		return err_set(w, ERR_RETRY, "bus.no_ack", "the broker says: " STR_FMT,
			STR_ARG(json_get_str(ack, "error.description")));
	return true;
}

/* Which message a reply subject answers; those of an earlier call, or none of ours, are not among `first` and up. */
static bool is_ours(const struct bus *b, natsMsg *msg, int64_t first)
{
	str subject = str_c(natsMsg_GetSubject(msg)), token;
	int64_t serial = -1;

	while (str_next(&subject, '.', &token))
		if (!str_i64(token, &serial))
			serial = -1;
	return serial >= first && serial < b->serial;
}

/* Each message has one reply subject and gets one answer, so n answers of ours are all of them. */
static bool await(struct work *w, struct bus *b, int64_t first, size_t n)
{
	usec left = work_left(w), until = clock_monotonic() + (left < PATIENCE ? left : PATIENCE);

	while (n > 0) {
		int64_t ms = (until - clock_monotonic()) / USEC_MS;
		natsMsg *msg = NULL;
		natsStatus s = ms <= 0 ? NATS_TIMEOUT : natsSubscription_NextMsg(&msg, b->acks, ms);
		bool ours, ok;

		if (s != NATS_OK)
			return broken(w, b,
				s == NATS_TIMEOUT || s == NATS_NO_RESPONDERS ? "bus.no_ack" : "bus.unreachable",
				"acknowledgement", s); /* no responders: no stream takes the subject */
		ours = is_ours(b, msg, first);
		ok = !ours || check_ack(w, msg);
		natsMsg_Destroy(msg);
		if (!ok) {
			disconnect(b);
			return false;
		}
		n -= ours;
	}
	return true;
}

bool bus_publish(struct work *w, struct bus *b, const struct bus_msg *msgs, size_t n)
{
	int64_t first;

	if (b->nc == NULL && !connect_to(w, b))
		return false;
	first = b->serial;
	for (size_t i = 0; i < n; i++) {
		natsStatus s = send_one(w, b, &msgs[i]);

		if (s == NATS_MAX_PAYLOAD)
			return err_set(w, ERR_INVALID, "bus.too_large", "event " STR_FMT " is too large for the broker",
				STR_ARG(msgs[i].id));
		if (s != NATS_OK)
			return broken(w, b, "bus.unreachable", "publishing", s);
	}
	return await(w, b, first, n);
}
