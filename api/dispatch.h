/* What answers requests. entry.c calls it; the substrate (entry, pipe, window ...) knows no route. */
#pragma once

#include "host.h"

void dispatch_prepare(void); /* in the parent: keys, tables, counters; ends the process when it cannot */

/* Once per worker, when pipe and window are up. */
void dispatch_start(void);

/* Answers the request (http_response, then KORE_RESULT_OK), or begins something slow, puts it to sleep
 * (http_request_sleep) and returns KORE_RESULT_RETRY: it is called again after http_request_wakeup. req->onfree must
 * detach what is still under way, since the client may leave first. */
int dispatch(struct http_request *req);
