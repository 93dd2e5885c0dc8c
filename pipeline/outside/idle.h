/* Clients that no thread uses at the moment, with their open connections. Shared by threads. */
#pragma once

#include <pthread.h>

#include "meter.h"

#define IDLE_MAX 64

struct idle {
	pthread_mutex_t lock;
	struct fetch *at[IDLE_MAX];
	size_t n;
	enum meter_service service;
};

void idle_init(struct idle *idle, enum meter_service service);
struct fetch *idle_take(
	struct idle *idle); /* the last one given, so its connections are warm; a new one when none is left */
void idle_give(struct idle *idle, struct fetch *f);
void idle_free(struct idle *idle);

/* One exchange with a client from the list, counted as the service's.  fails  as fetch_do */
MUST bool idle_fetch(struct work *w, struct idle *idle, const struct fetch_req *req, struct fetch_resp *resp);
