/* Points of a paid merge, version 1. Integers alone, in millionths of a point:
 *
 *     points = 1,000,000 * weight[k] / 1000
 *
 * k counts the person's earlier paid merges in the same project and calendar month (UTC); weight = 1000, 800, 650, 520, 420, 340,
 * 270, 220 and then 200 for each further one, so that many small pull requests in one place are worth less than work in several.
 * Who merged the pull request alone, being its author, gets 0. The amount paid does not count. */
#pragma once

#include "base/work.h"

#define FORMULA_VERSION 1
int64_t formula_points(int64_t earlier, bool self_merge); /* earlier at least 0 */
/* The formula as canonical JSON, and its sha256: the name under which events were counted. */
MUST bool formula_text(struct work *w, str *out, uint8_t sha256_out[32]);
