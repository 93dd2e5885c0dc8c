#include "formula.h"

#include <assert.h>

#include "base/json.h"
#include "crypto/digest.h"

#define POINT INT64_C(1000000)
#define RECIPROCAL 250     /* thousandths */
#define RECIPROCAL_DAYS 90 /* as in sql/score/inputs.sql */

static const int64_t weights[] = { 1000, 800, 650, 520, 420, 340, 270, 220, 200 }; /* thousandths; the last one stays */
#define N_WEIGHTS (int64_t)(sizeof(weights) / sizeof(weights[0]))

int64_t formula_points(int64_t earlier, bool self_merge, bool reciprocal)
{
	int64_t points;

	assert(earlier >= 0);
	if (self_merge)
		return 0;
	points = POINT * weights[earlier < N_WEIGHTS ? earlier : N_WEIGHTS - 1] / 1000;
	return reciprocal ? points * RECIPROCAL / 1000 : points;
}

bool formula_text(struct work *w, int version, str *out, uint8_t sha256_out[32])
{
	struct buf b = buf_new(w->arena, 4096);
	struct json j = { .b = &b };
	const cJSON *tree;

	json_open(&j, NULL, '{');
	json_i64(&j, "version", version);
	json_str(&j, "kind", STR("merge"));
	json_i64(&j, "points_micro", POINT);
	json_i64(&j, "self_merge_micro", 0);
	json_str(&j, "period", STR("month UTC"));
	if (version >= 2) {
		json_i64(&j, "reciprocal_days", RECIPROCAL_DAYS);
		json_i64(&j, "reciprocal_per_mille", RECIPROCAL);
	}
	json_open(&j, "weight_per_mille", '[');
	for (int64_t i = 0; i < N_WEIGHTS; i++)
		json_i64(&j, NULL, weights[i]);
	json_close(&j, ']');
	json_close(&j, '}');
	if (!json_parse(w, buf_str(&b), &tree) || !json_canonical(w, tree, out))
		return false;
	sha256(*out, sha256_out);
	return true;
}
