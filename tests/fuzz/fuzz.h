/* One parser meets bytes that nobody wrote: no fault, and what it took is what it says (`make fuzz`, libFuzzer). */
#pragma once

#include <stdint.h>
#include <stdlib.h>

#include "base/work.h"

/* What must hold, whatever comes. */
#define HOLDS(x)                                                                                                       \
	do {                                                                                                           \
		if (!(x))                                                                                              \
			abort();                                                                                       \
	} while (0)

static void fuzz(struct work *w, str in);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct work w;

	work_init(&w);
	fuzz(&w, str_of(data, size));
	work_end(&w);
	return 0;
}
