/* What a job tells while it runs: progress, what it did to the world, and steps that are behind it. */
#pragma once

#include "db/tx.h"

#define PROGRESS_SPAN USEC_S /* told at most this often per job; what comes in between is dropped */

/* How far it is: done of total (0 = not known), and a note of up to 500 bytes ({ NULL, 0 } = none), seen at GET /v1/jobs/{id}. From probe
 * and effect at any time; inside a transaction of the job, and outside of jobs, it does nothing. Never fails. */
void progress_report(struct work *w, int64_t done, int64_t total, str note);
/* One effect on the world, kept with the run: what is a word ("evm.tx"), id names it there ({ NULL, 0 } = nothing to name). Also when the
 * run fails afterwards. The runner itself notes probe.found and effect.called. */
void progress_effect(struct work *w, const char *what, str id);

/* Is the step behind the job? *output is what it left then, in this attempt or an earlier one: JSON or { NULL, 0 }, in w's arena. */
bool step_output(const struct work *w, const char *name, str *output);
