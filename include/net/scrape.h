/* The metrics of a process for Prometheus: GET /metrics by HTTP (libmicrohttpd), on a thread of its own. Nothing else is
 * answered; a request's head has 8 KiB, an idle connection 2 s, and 8 connections are open at once. */
#pragma once

#include "base/work.h"

struct scrape;
/* where: ADDRESS:PORT (0 = any free port), [ADDRESS]:PORT or unix:PATH, which is replaced.
 * fails  ERR_INVALID conf.value (no such form); ERR_RETRY metrics.listen (the address or path cannot be had) */
MUST bool scrape_open(struct work *w, str where, struct scrape **out);
void scrape_close(struct scrape **s);
