/* One key=value line per event on stderr: time, level, event word, fields, then the work's own fields.
 * error asks for a person, warn will be retried, info is a change of state, debug is off unless asked for. */
#pragma once

#include "base/work.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

void log_level(enum log_level least);
/* log_event(LOG_INFO, w, "job.done", "took_ms=%d", ms). w may be NULL. Values with spaces are quoted by LOG_Q-style "%s"
 * through log_quote. */
void log_event(enum log_level level, const struct work *w, const char *event, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The work's error as fields (code, kind, text). */
void log_failure(enum log_level level, const struct work *w, const char *event);
