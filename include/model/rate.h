/* How fast: "50/s", "600/m", "1000/h", or "50", which is a second's. */
#pragma once

#include "base/str.h"

#define RATE_DEFAULT STR("50/s") /* of a replay that names none */

/* How many digits a decimal number has, which has at most one point and nothing else; 0 = it is none. */
size_t rate_digits(str number);

/* In a whole number of jobs per day; false when it is no rate from 0.001 to 10000 a second. */
MUST bool rate_parse(str text, int64_t *per_day);
