#include "queue/aging.h"

#include <string.h>

static int count_waited(const struct aging *a)
{
	int n = 0;

	for (int p = 1; p < WATERMARK_PRIOS; p++)
		n += a->waited[p];
	return n;
}

struct aging_order aging_order(struct aging *a, int want)
{
	struct aging_order out;
	int waited = count_waited(a), part = want / AGING_PARTS, n = 0;

	if (part == 0 && waited > 0)
		part = ++a->turn % AGING_PARTS == 0;
	if (part == 0)
		waited = 0;
	for (int p = 1; p < WATERMARK_PRIOS && waited > 0; p++) {
		if (!a->waited[p])
			continue;
		out.order[n] = p;
		out.most[n++] = part > waited ? part / waited : 1;
	}
	for (int p = 0; p < WATERMARK_PRIOS; p++) {
		if (waited > 0 && p > 0 && a->waited[p])
			continue;
		out.order[n] = p;
		out.most[n++] = want;
	}
	return out;
}

/* The newest head that was read at least span ago; 0 = none. Samples before it are forgotten. */
static int64_t old_head(struct aging *a, usec now, usec span)
{
	int old = -1;

	for (int i = 0; i < a->samples && now - a->sample[i].at >= span; i++)
		old = i;
	if (old > 0) {
		a->samples -= old;
		memmove(a->sample, a->sample + old, (size_t)a->samples * sizeof(a->sample[0]));
	}
	return old < 0 ? 0 : a->sample[0].head;
}

void aging_saw(struct aging *a, usec now, usec span, int64_t head, const int64_t first[WATERMARK_PRIOS])
{
	int64_t old = old_head(a, now, span);

	for (int p = 0; p < WATERMARK_PRIOS; p++)
		a->waited[p] = first[p] <= old;
	if (a->samples == 0 ||
		(a->samples < AGING_SAMPLES && now - a->sample[a->samples - 1].at >= span / (AGING_SAMPLES / 2))) {
		a->sample[a->samples].head = head;
		a->sample[a->samples++].at = now;
	}
}
