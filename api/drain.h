/* The end of a worker: on SIGTERM, SIGINT, SIGQUIT or when the parent is gone it accepts no more, answers what it has
 * in hand (each answer closes its connection) and leaves, after api.drain at the latest. */
#pragma once

#include <stdbool.h>

void drain_start(void); /* in a worker, once its message channel is up */
bool draining(void);
