/* NATS JetStream publishing (cnats), for the relay. */
#pragma once

#include "base/work.h"

struct bus_conf {
	str url, user, password;
	str stream;         /* created when missing: limits, file storage */
	str subject_prefix; /* "pw.demo": the stream holds "pw.demo.>" */
	usec duplicate_window;
};
struct bus;
MUST bool bus_open(struct work *w, const struct bus_conf *c, struct bus **out); /* ERR_RETRY bus.unreachable */
void bus_close(struct bus **b);

struct bus_msg {
	str subject, id; /* id: Nats-Msg-Id, the broker's key against duplicates */
	str body;
	str trace; /* traceparent header; { NULL, 0 } = none */
};
/* Publishes in order and waits for every acknowledgement: true means the broker stored all n (or had them already).
 * fails  ERR_RETRY bus.no_ack, bus.unreachable: any prefix may have been stored, publishing again is harmless */
MUST bool bus_publish(struct work *w, struct bus *b, const struct bus_msg *msgs, size_t n);
