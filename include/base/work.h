/* The unit of work: one request or one attempt of a job. Its arena owns everything that the work allocates; its error says
 * why the last call that returned false did; its fields print in each of its log lines. */
#pragma once

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/quota.h"

struct running;
struct work {
	struct arena *arena;
	struct err err;
	usec deadline;     /* clock_monotonic(); 0 = none */
	char trace[56];    /* W3C traceparent, terminated; "" = none */
	const char *stage; /* log fields, NULL = not printed */
	int64_t job;       /* 0 = not printed */
	int attempt;
	str request_id;
	struct quota *quota; /* what it may ask of an outside that counts; NULL = nobody counts */
	struct running *run; /* of a job (queue/progress.h); NULL = none */
	str output;          /* what the unit produced, JSON; kept with its history; { NULL, 0 } = nothing */
};

void work_init(struct work *w); /* with a fresh arena */
void work_end(struct work *w);
void work_reset(struct work *w);                   /* empties arena, error and fields for the next unit */
usec work_left(const struct work *w);              /* until the deadline, at least 0; INT64_MAX without one */
static inline str work_trace(const struct work *w) /* { NULL, 0 } without one */
{
	return str_c(w->trace[0] == '\0' ? NULL : w->trace);
}

/* Sets w->err and returns false, so that a check is one statement. The format never carries a secret. */
bool err_set(struct work *w, enum err_kind kind, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* The same with the time the outside asked us to wait, in usec. */
bool err_retry_after(struct work *w, usec wait, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Not yet: the same unit again in `wait`, without burning an attempt. */
bool err_snooze(struct work *w, usec wait, const char *code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void err_clear(struct work *w);

/* So that compilers and analysers see the false, too. */
static inline bool err_false(bool set)
{
	(void)set;
	return false;
}
#define err_set(...) err_false(err_set(__VA_ARGS__))
#define err_retry_after(...) err_false(err_retry_after(__VA_ARGS__))
#define err_snooze(...) err_false(err_snooze(__VA_ARGS__))
