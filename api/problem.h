/* Refusals as RFC 9457 problem+json. One table says which status and title a code has and what to do about it. */
#pragma once

#include "call.h"

struct problem {
	const char *code;
	int status;
	const char *title; /* the same for every occurrence */
	const char *next;  /* what the caller can do */
};

extern const struct problem problems[]; /* sorted by code; docs/errors.md says the same */
extern const size_t n_problems;

/* Sets the error that a refused column, or a handler, names by its code. Returns false. */
bool problem_set(struct call *c, const char *code);

/* Makes c->w.err the reply. */
void problem_reply(struct call *c);
