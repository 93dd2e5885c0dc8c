/* What cJSON lets through, stopped before it: a strict pass over a text's grammar. */
#pragma once

#include "base/work.h"

#define JSON_DEPTH 32
#define JSON_NUMBER 60 /* characters; cJSON reads no more than 63 */

/* fails  ERR_INVALID json.malformed, json.too_deep */
MUST bool json_scan(struct work *w, str text);
