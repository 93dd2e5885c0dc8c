/* The kinds of jobs there are, and what running an ended one again does. What each stage's struct says of the same is compared by
 * tests/unit/effects.c. */
#pragma once

#include "base/str.h"

struct kind {
	const char *kind;     /* STAGE.WHAT */
	const char *outcomes; /* of a replay's dry run, besides waits and parks: done|acts, asks, rows ... */
	const char *does;     /* a sentence */
};
extern const struct kind kinds[]; /* stages in the order of the work; kind NULL at the end */

const struct kind *kind_find(str kind); /* NULL: there is none */
bool kind_stage(str name);              /* is there a stage of that name? */
