/* Kore's headers. They bring syslog.h, whose macros take the names of our log levels: they go again, so this header
 * comes before every other one of ours. Only api/ includes it. */
#pragma once

#include <kore/kore.h>
#include <kore/http.h>

#undef LOG_DEBUG
#undef LOG_INFO

#include "base/log.h"

/* Kore finds hooks and handlers by name. */
#define HOOK __attribute__((visibility("default")))
