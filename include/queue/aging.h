/* The order in which a claim takes priorities. The first come first, but for what has waited: a priority whose oldest row was
 * handed out longer than `span` ago has a quarter of each claim for itself, before the others (of claims for fewer than four
 * jobs, every fourth claim). How old a seq is, is known from the heads of earlier claims. Pure; not locked: callers are. */
#pragma once

#include "queue/watermark.h"

#define AGING_SPAN (30 * USEC_S)
#define AGING_PARTS 4
#define AGING_SAMPLES 16

struct aging {
	struct {
		int64_t head;
		usec at;
	} sample[AGING_SAMPLES];
	int samples;
	bool waited[WATERMARK_PRIOS];
	unsigned turn;
};

/* How a claim of `want` goes: order[i] is an index of a priority, most[i] how many of it at most. */
struct aging_order {
	int order[WATERMARK_PRIOS];
	int32_t most[WATERMARK_PRIOS];
};

struct aging_order aging_order(struct aging *a, int want);
/* What a claim came back with: head and the lowest visible seq per priority (WATERMARK_NONE = none). */
void aging_saw(struct aging *a, usec now, usec span, int64_t head, const int64_t first[WATERMARK_PRIOS]);
