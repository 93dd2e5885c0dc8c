/* Rate windows of one process: a table of fixed size. */
#pragma once

#include "window.h"

void window_local_start(void); /* a fresh hash key, so that nobody outside can aim at a place of the table */
struct window_verdict window_local(str key, struct window_limit limit, usec now);
