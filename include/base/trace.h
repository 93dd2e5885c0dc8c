/* W3C Trace Context: "00-TRACE-SPAN-FLAGS", 32, 16 and 2 hex digits. A trace is one cause and all that follows from it; a
 * span is one step of it. */
#pragma once

#include "base/str.h"

#define TRACE_TEXT 55

/* A header's value, of version 00 or a later one; neither trace nor span is all zeros. */
bool trace_valid(str traceparent);
/* The next span of a valid trace, or the first of a new one; terminated, version 00. fresh: TRACE_RANDOM random bytes */
#define TRACE_RANDOM 24
void trace_span(str traceparent, const uint8_t fresh[TRACE_RANDOM], char out[TRACE_TEXT + 1]);
void trace_next(str traceparent, char out[TRACE_TEXT + 1]); /* the same with the system's random bytes */
