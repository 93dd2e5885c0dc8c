#include "queue/wake.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool wake_init(struct wake *k)
{
	memset(k, 0, sizeof(*k));
	pthread_mutex_init(&k->lock, NULL);
	k->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return k->fd >= 0;
}

void wake_end(struct wake *k)
{
	close(k->fd);
	pthread_mutex_destroy(&k->lock);
}

void wake_poke(struct wake *k)
{
	uint64_t one = 1;
	ssize_t n = write(k->fd, &one, sizeof(one)); /* fails only when it is readable already */

	(void)n;
}

void wake_calm(struct wake *k)
{
	uint64_t count;
	ssize_t n = read(k->fd, &count, sizeof(count)); /* fails only when it was calm */

	(void)n;
}

void wake_hint(struct wake *k, const char *queue)
{
	bool known = false;

	pthread_mutex_lock(&k->lock);
	for (int i = 0; i < k->n && !known; i++)
		known = strcmp(k->queue[i], queue) == 0;
	if (!known && k->n < WAKE_QUEUES)
		k->queue[k->n++] = queue;
	pthread_mutex_unlock(&k->lock);
	if (!known)
		wake_poke(k);
}

int wake_take(struct wake *k, usec now, const char *out[WAKE_QUEUES], usec *left)
{
	int n = 0;

	pthread_mutex_lock(&k->lock);
	*left = k->n == 0 ? INT64_MAX : k->sent + WAKE_DEBOUNCE - now;
	if (k->n > 0 && *left <= 0) {
		n = k->n;
		memcpy(out, k->queue, (size_t)n * sizeof(out[0]));
		k->n = 0;
		k->sent = now;
		*left = INT64_MAX;
	}
	pthread_mutex_unlock(&k->lock);
	return n;
}
