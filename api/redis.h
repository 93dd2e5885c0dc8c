/* This worker's connection to Redis, inside Kore's loop; it comes back by itself and then loads its one script. */
#pragma once

#include "base/clock.h"

#include <hiredis/async.h>
#include <hiredis/hiredis.h>

void redis_start(const char *script); /* in a worker; script lives as long as the process */
redisAsyncContext *redis_ready(void); /* NULL while Redis is away */
const char *redis_sha(void);          /* of the script, once ready */
void redis_drop(const char *why);     /* closes it: commands under way get their callback without a reply */
