/* What a worker may still do once it serves: Kore's system call filter with what Debian 12's libraries need added. The
 * filter itself is the hook kore_seccomp_hook, which Kore calls in each worker before it loads the filter. */
#pragma once

#include <stdbool.h>

/* In the parent, before it forks: no core files, descriptors for `sockets` clients, and its own pid for its workers. */
void sandbox_prepare(int sockets);
bool sandbox_parent_alive(void);
