/* What is counted of the outside (base/metric.h). */
#pragma once

#include "net/fetch.h"

enum meter_service { METER_GITHUB, METER_IPFS, METER_EVM, METER_SERVICES };

void meter_register(void); /* again is nothing */
/* One exchange that began at that clock_monotonic(): its status, or 0 and why w has none. */
void meter_exchange(enum meter_service s, usec began, const struct work *w, int status);
/* What GitHub says is left of the hour's budget. */
void meter_budget(const struct fetch_resp *resp);
