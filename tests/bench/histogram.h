/* Times in microseconds, counted in buckets that are at most 0.8 % wide; exact below 256 us. */
#pragma once

#include <stdint.h>

#define HISTOGRAM_HALF 128 /* buckets per power of two */
#define HISTOGRAM_ROWS 32

struct histogram {
	uint64_t bucket[HISTOGRAM_ROWS * HISTOGRAM_HALF];
	uint64_t n;
	int64_t max;
};

static inline unsigned histogram_index(int64_t us)
{
	uint64_t v = us < 0 ? 0 : (uint64_t)us;
	int shift = v < 2 * HISTOGRAM_HALF ? 0 : 56 - __builtin_clzll(v);
	unsigned i = (unsigned)shift * HISTOGRAM_HALF + (unsigned)(v >> shift);

	return i < HISTOGRAM_ROWS * HISTOGRAM_HALF ? i : HISTOGRAM_ROWS * HISTOGRAM_HALF - 1;
}

/* The largest time that is counted there. */
static inline int64_t histogram_top(unsigned i)
{
	unsigned shift = i < 2 * HISTOGRAM_HALF ? 0 : i / HISTOGRAM_HALF - 1;

	return ((int64_t)(i - shift * HISTOGRAM_HALF + 1) << shift) - 1;
}

static inline void histogram_add(struct histogram *h, int64_t us)
{
	h->bucket[histogram_index(us)]++;
	h->n++;
	if (us > h->max)
		h->max = us;
}

/* share 0.99 = p99; 0 when nothing was counted */
static inline int64_t histogram_quantile(const struct histogram *h, double share)
{
	uint64_t want = (uint64_t)(share * (double)h->n + 0.999999), seen = 0;

	for (unsigned i = 0; i < HISTOGRAM_ROWS * HISTOGRAM_HALF; i++) {
		seen += h->bucket[i];
		if (seen >= want && seen > 0)
			return histogram_top(i) < h->max ? histogram_top(i) : h->max;
	}
	return h->max;
}
