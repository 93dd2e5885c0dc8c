/* A configured value for people to read: the password of a URL (RFC 3986, 3.2.1), values of parameters and libpq keywords whose
 * name speaks of a password, key, token or secret, and pieces of a URL's path that are long enough to be a key are "...". */
#pragma once

#include "base/arena.h"
#include "base/str.h"

str conf_mask(struct arena *arena, str text);
