/* Paths by pattern, as CODEOWNERS and .gitignore write them: `*` and `?` stand for anything, and for one character, but a slash;
 * `**` alone between slashes for any folders. A pattern with a slash before its end begins at the root, any other one at any
 * depth; one that ends with a slash, or whose last part has no wildcard, is all that is below that folder, too. */
#pragma once

#include "base/str.h"

#define GLOB_MAX 200       /* bytes of a pattern */
#define GLOB_PATH_MAX 1024 /* of a path; a longer one is matched by nothing */

bool glob_valid(str pattern); /* UTF-8 without control characters and \ [ ] { }; no empty part, none of dots alone */
/* Time: at most in proportion to the product of both lengths. The pattern is valid. */
bool glob_match(str pattern, str path);
