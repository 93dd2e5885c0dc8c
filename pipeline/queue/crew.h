/* The threads that run jobs, and the buffers between them and the dispatcher. */
#pragma once

#include "runner.h"

void crew_start(struct runner *r);
void crew_push(struct runner *r, struct batch *b); /* its jobs, or all of a pure lane's as one, wait for threads */
/* How many more items than `ahead` of waiting ones the threads would take; 0 also when enough wait already. The dispatcher is
 * poked when that changes. */
int crew_free(struct runner *r, int ahead);
struct i64s crew_ended(struct runner *r, struct arena *arena); /* claims to release: they are the caller's now */
void crew_ended_again(struct runner *r, struct i64s claims);   /* that could not be released yet */
bool crew_has_ended(struct runner *r);
void crew_close(struct work *w, struct runner *r); /* threads end after what is in hand; what waits is given back */
bool crew_done(struct runner *r);
void crew_join(struct runner *r);
void crew_free_all(struct runner *r);
