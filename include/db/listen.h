/* LISTEN on a connection of its own, reopened by itself. Lost notifications are expected: polling is the floor. */
#pragma once

#include "db/conn.h"

struct listen;
struct listen *listen_new(const struct conn_conf *c, const char *const channels[], int n);
/* Waits up to `wait` for one; false when none came (also while the connection is down, it then still waits). *fd_wake, when
 * not -1, ends the wait as soon as it is readable. channel and payload live in w's arena. */
bool listen_wait(struct work *w, struct listen *l, usec wait, int fd_wake, str *channel, str *payload);
void listen_free(struct listen **l);
