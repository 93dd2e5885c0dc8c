/* The parts of RFC 3986 that a login text is made of. Each takes the longest match off the front of *rest. */
#pragma once

#include "base/str.h"

bool uri_scheme(str *rest); /* without ':' */
bool uri_whole(str text);   /* an absolute URI and nothing else */
bool uri_pchars(str text);  /* *pchar and nothing else */
bool uri_domain(str text);  /* an authority with a host, and nothing else */
