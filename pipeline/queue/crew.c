#include "crew.h"

#include <signal.h>
#include <stdlib.h>

#include "base/log.h"

bool runner_closing(struct runner *r)
{
	bool closing;

	pthread_mutex_lock(&r->lock);
	closing = r->closing;
	pthread_mutex_unlock(&r->lock);
	return closing;
}

/* Locked. */
static void add_ended(struct runner *r, int64_t claim)
{
	if (r->n_ended == r->size_ended) {
		r->size_ended = r->size_ended == 0 ? 64 : 2 * r->size_ended;
		r->ended = realloc(r->ended, (size_t)r->size_ended * sizeof(r->ended[0]));
		if (r->ended == NULL)
			abort();
	}
	r->ended[r->n_ended++] = claim;
}

void runner_ended(struct runner *r, struct batch *b)
{
	bool first;

	pthread_mutex_lock(&r->lock);
	first = r->n_ended == 0;
	add_ended(r, b->claim);
	pthread_mutex_unlock(&r->lock);
	if (first)
		wake_poke(&r->wake);
	batch_free(b);
}

struct i64s crew_ended(struct runner *r, struct arena *arena)
{
	struct i64s out = { 0 };

	pthread_mutex_lock(&r->lock);
	if (r->n_ended > 0) {
		int64_t *copy = arena_array(arena, (size_t)r->n_ended, sizeof(*copy));

		memcpy(copy, r->ended, (size_t)r->n_ended * sizeof(*copy));
		out = (struct i64s){ copy, (size_t)r->n_ended };
		r->n_ended = 0;
	}
	pthread_mutex_unlock(&r->lock);
	return out;
}

void crew_ended_again(struct runner *r, struct i64s claims)
{
	pthread_mutex_lock(&r->lock);
	for (size_t i = 0; i < claims.n; i++)
		add_ended(r, claims.at[i]);
	pthread_mutex_unlock(&r->lock);
}

bool crew_has_ended(struct runner *r)
{
	bool has;

	pthread_mutex_lock(&r->lock);
	has = r->n_ended > 0;
	pthread_mutex_unlock(&r->lock);
	return has;
}

/* Locked. */
static void push(struct runner *r, struct item item)
{
	if (r->queued == r->size) {
		int size = r->size == 0 ? 256 : 2 * r->size;
		struct item *fifo = malloc((size_t)size * sizeof(*fifo));

		if (fifo == NULL)
			abort();
		for (int i = 0; i < r->queued; i++)
			fifo[i] = r->fifo[(r->head + i) % r->size];
		free(r->fifo);
		r->fifo = fifo;
		r->head = 0;
		r->size = size;
	}
	r->fifo[(r->head + r->queued++) % r->size] = item;
}

void crew_push(struct runner *r, struct batch *b)
{
	pthread_mutex_lock(&r->lock);
	if (b->lane->pure)
		push(r, (struct item){ b, -1 });
	else
		for (int i = 0; i < b->n; i++)
			push(r, (struct item){ b, i });
	if (b->lane->pure || b->n == 1)
		pthread_cond_signal(&r->more);
	else
		pthread_cond_broadcast(&r->more);
	pthread_mutex_unlock(&r->lock);
}

/* Locked. Until an item is there; false when the runner closes. */
static bool pop(struct runner *r, struct item *out)
{
	r->idle++;
	if (r->queued == 0 && r->low >= 0)
		wake_poke(&r->wake);
	while (r->queued == 0 && !r->closing)
		pthread_cond_wait(&r->more, &r->lock);
	r->idle--;
	if (r->closing)
		return false; /* what waits belongs to crew_close */
	*out = r->fifo[r->head];
	r->head = (r->head + 1) % r->size;
	if (--r->queued <= r->low) {
		r->low = -1;
		wake_poke(&r->wake);
	}
	return true;
}

static void *work_on(void *arg)
{
	struct runner *r = arg;
	struct item item;
	struct work w;

	work_init(&w);
	pthread_mutex_lock(&r->lock);
	while (pop(r, &item)) {
		pthread_mutex_unlock(&r->lock);
		if (item.index < 0)
			pure_run(&w, r, item.batch);
		else
			attempt_run(&w, r, &item.batch->at[item.index]);
		work_reset(&w);
		pthread_mutex_lock(&r->lock);
	}
	pthread_mutex_unlock(&r->lock);
	work_end(&w);
	pthread_mutex_lock(&r->lock);
	r->threads--;
	wake_poke(&r->wake);
	pthread_mutex_unlock(&r->lock);
	return NULL;
}

int crew_free(struct runner *r, int ahead)
{
	int free;

	pthread_mutex_lock(&r->lock);
	free = r->idle + ahead - r->queued;
	if (free < 0 || r->queued > ahead / 2 + r->idle)
		free = 0;
	r->low = free > 0 ? -1 : ahead / 2;
	pthread_mutex_unlock(&r->lock);
	return free;
}

/* Signals go to the dispatcher, whose waits they end. */
void crew_start(struct runner *r)
{
	sigset_t all, before;
	pthread_attr_t attr;

	pthread_mutex_init(&r->lock, NULL);
	pthread_mutex_init(&r->suspect, NULL);
	pthread_mutex_init(&r->cancel, NULL);
	pthread_cond_init(&r->more, NULL);
	r->low = 0;
	r->crew = calloc((size_t)r->conf->threads, sizeof(r->crew[0]));
	if (r->crew == NULL)
		abort();
	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &before);
	pthread_attr_init(&attr);
	for (int i = 0; i < r->conf->threads; i++) {
		if (pthread_create(&r->crew[i], &attr, work_on, r) != 0)
			abort();
		pthread_mutex_lock(&r->lock);
		r->threads++;
		pthread_mutex_unlock(&r->lock);
	}
	pthread_attr_destroy(&attr);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void give_back(struct work *w, struct runner *r, struct item item)
{
	struct batch *b = item.batch;
	int n = item.index < 0 ? b->n : 1;

	for (int i = 0; i < n; i++) {
		const struct job *j = &b->at[item.index < 0 ? i : item.index];
		struct end end = { .state = "returned", .burned = j->burned };

		settle_surely(w, r, j, &end, 0);
	}
	if (atomic_fetch_sub(&b->left, n) == n)
		runner_ended(r, b);
}

void crew_close(struct work *w, struct runner *r)
{
	pthread_mutex_lock(&r->lock);
	r->closing = true;
	pthread_cond_broadcast(&r->more);
	while (r->queued > 0) {
		struct item item = r->fifo[r->head];

		r->head = (r->head + 1) % r->size;
		r->queued--;
		pthread_mutex_unlock(&r->lock);
		give_back(w, r, item);
		pthread_mutex_lock(&r->lock);
	}
	pthread_mutex_unlock(&r->lock);
}

bool crew_done(struct runner *r)
{
	bool done;

	pthread_mutex_lock(&r->lock);
	done = r->threads == 0;
	pthread_mutex_unlock(&r->lock);
	return done;
}

void crew_join(struct runner *r)
{
	for (int i = 0; i < r->conf->threads; i++)
		pthread_join(r->crew[i], NULL);
}

void crew_free_all(struct runner *r)
{
	if (r->crew != NULL) {
		pthread_cond_destroy(&r->more);
		pthread_mutex_destroy(&r->suspect);
		pthread_mutex_destroy(&r->cancel);
		pthread_mutex_destroy(&r->lock);
	}
	free(r->crew);
	free(r->fifo);
	free(r->ended);
	free(r->cancels);
}
