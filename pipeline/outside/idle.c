#include "idle.h"

void idle_init(struct idle *idle, enum meter_service service)
{
	meter_register();
	idle->service = service;
	idle->n = 0;
	pthread_mutex_init(&idle->lock, NULL);
}

struct fetch *idle_take(struct idle *idle)
{
	struct fetch *f;

	pthread_mutex_lock(&idle->lock);
	f = idle->n > 0 ? idle->at[--idle->n] : NULL;
	pthread_mutex_unlock(&idle->lock);
	return f == NULL ? fetch_new() : f;
}

void idle_give(struct idle *idle, struct fetch *f)
{
	pthread_mutex_lock(&idle->lock);
	if (idle->n < IDLE_MAX) {
		idle->at[idle->n++] = f;
		f = NULL;
	}
	pthread_mutex_unlock(&idle->lock);
	fetch_free(&f);
}

void idle_free(struct idle *idle)
{
	while (idle->n > 0)
		fetch_free(&idle->at[--idle->n]);
	pthread_mutex_destroy(&idle->lock);
}

bool idle_fetch(struct work *w, struct idle *idle, const struct fetch_req *req, struct fetch_resp *resp)
{
	struct fetch *f = idle_take(idle);
	usec began = clock_monotonic();
	bool ok = fetch_do(w, f, req, resp);

	meter_exchange(idle->service, began, w, ok ? resp->status : 0);
	idle_give(idle, f);
	return ok;
}
