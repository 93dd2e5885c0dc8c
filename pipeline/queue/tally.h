/* What the runner counts (base/metric.h). Stages and kinds get their place when the runner is made; what it does not know is
 * "other". */
#pragma once

#include "base/clock.h"

struct lane;
struct job;
struct batch;

void tally_lane(struct lane *lane); /* before the first thread begins */
/* How long a row waited: no longer than its job is old, and no longer than since its number in line (q.ready.seq) was not given
 * out yet, which also holds for jobs that were retried or made to begin later. Under the lane's lock. */
usec tally_wait(const struct lane *lane, usec now, int64_t seq, usec age);
void tally_head(struct lane *lane, usec asked, int64_t head); /* no number above head was given out at `asked` */

void tally_claimed(const struct batch *b);
void tally_hand(const struct job *j, int n); /* n more, or fewer, are in hand */
void tally_ended(const struct job *j, const char *state, usec took);
void tally_stale(const struct job *j);
void tally_rescued(int64_t jobs);
