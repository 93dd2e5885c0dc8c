/* Why a call failed: one kind, one stable code, one sentence. The code is at once the API's field, the job's column, the
 * metric's label and a heading of docs/errors.md; code pointers are string literals or live as long as the work. */
#pragma once

#include "base/str.h"

enum err_kind {
	ERR_NONE = 0,
	ERR_INVALID,   /* the same input will fail again: 4xx; parked */
	ERR_RETRY,     /* nothing happened: 503; again later */
	ERR_UNCERTAIN, /* it may have happened: 503; probe before any second effect */
	ERR_BUG,       /* we broke our own rule: 500; parked and someone is called */
};

struct err {
	enum err_kind kind;
	const char *code;
	int64_t retry_after; /* usec; 0 = let back-off decide */
	bool snooze;         /* with ERR_RETRY: a wait that is no failure and burns no attempt */
	char text[240];      /* never holds a secret: it is logged and shown */
};

const char *err_kind_name(enum err_kind kind); /* "invalid", "retry", "uncertain", "bug" */
