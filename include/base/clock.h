/* Time. usec counts microseconds since 1970-01-01 UTC, or a span of them.
 * Leases and deadlines of rows use the database's clock; this one is for waits, logs, tokens and signatures. */
#pragma once

#include "base/arena.h"

typedef int64_t usec;
#define USEC_S INT64_C(1000000)
#define USEC_MS INT64_C(1000)

usec clock_now(void);       /* wall clock; PATCHWORK_CLOCK_OFFSET_S moves it in test builds only */
usec clock_monotonic(void); /* for spans */
void clock_sleep(usec span);
usec clock_doubled(usec first, int times, usec most); /* first * 2^times (times < 0 is 0), at most `most` */

/* RFC 3339. Reading takes any offset and up to nine digits of fraction (cut to microseconds); writing is UTC with 'Z',
 * six digits of fraction when it is not zero, years outside 0000 to 9999 as the nearest of these. */
MUST bool clock_parse(str text, usec *out);
#define CLOCK_TEXT 32
size_t clock_format(usec t, char out[CLOCK_TEXT]);
