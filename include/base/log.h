/* One key=value line per event on stderr: time, level, event word, the work's own fields, then the event's.
 * error asks for a person, warn will be retried, info is a change of state, debug is off unless asked for.
 * A line is one write of at most 2048 bytes, so lines of threads and processes never mix; a longer one ends in "...". */
#pragma once

#include "base/work.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_level(enum log_level least);
/* log_event(LOG_INFO, w, "job.done", "took_ms=%d url=%s", ms, LOG_Q(url)). w may be NULL, format too. Text that comes from
 * elsewhere goes through LOG_Q; a control character that did not is printed as '?'. */
void log_event(enum log_level level, const struct work *w, const char *event, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The work's error as fields (code, kind, text). */
void log_failure(enum log_level level, const struct work *w, const char *event);

/* A str as the value of a field: in quotes, with \" \\ \n \xNN, when it is empty or holds a space, quote, '=', control
 * character or invalid UTF-8; what does not fit ends in "...". LOG_Q's buffer lives as long as the block around it. */
#define LOG_VALUE 512
const char *log_quote(char out[LOG_VALUE], str value);
#define LOG_Q(value) log_quote((char[LOG_VALUE]){ 0 }, (value))
