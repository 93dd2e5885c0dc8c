/* Points of a paid merge, version 2. Integers alone, in millionths of a point:
 *
 *     points = 1,000,000 * weight[k] / 1000 * (reciprocal ? 250 : 1000) / 1000
 *
 * k counts the person's earlier paid merges in the same project and calendar month (UTC); weight = 1000, 800, 650, 520, 420, 340,
 * 270, 220 and then 200 for each further one, so that many small pull requests in one place are worth less than work in several.
 * Who merged the pull request alone, being its author, gets 0. Reciprocal: within the 90 days before, a bounty that the person funded
 * paid a funder of this one (as V10 sees it). The amount paid does not count. Version 1 knew nothing of reciprocal payments; what it
 * counted stays as it is. */
#pragma once

#include "base/work.h"

#define FORMULA_VERSION 2
#define FORMULA_FIRST 1 /* boards add up the events of all versions since */
int64_t formula_points(int64_t earlier, bool self_merge, bool reciprocal); /* earlier at least 0 */
/* A version of the formula as canonical JSON, and its sha256: the name under which events were counted. */
MUST bool formula_text(struct work *w, int version, str *out, uint8_t sha256_out[32]);
