/* evidence show: a document that was read, by its hash, exactly as it was hashed. */
#include <stdio.h>

#include "base/hex.h"
#include "base/json.h"
#include "command.h"
#include "crypto/digest.h"
#include "sql.h"

struct shown {
	const struct invocation *in;
	uint8_t sha256[32];
};

static bool print_document(struct work *w, const struct invocation *in, const struct sql_evidence_get_out *row, str sha)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct json j = { .b = &b };

	if (!in->json) {
		fwrite(row->bytes.p, 1, row->bytes.n, stdout);
		fprintf(stderr, "patchwork: " STR_FMT ", %zu bytes, from " STR_FMT "\n", STR_ARG(row->media_type),
			row->bytes.n, STR_ARG(row->source_url));
		return true;
	}
	json_open(&j, NULL, '{');
	json_str(&j, "sha256", sha);
	json_str(&j, "media_type", row->media_type);
	json_str(&j, "source_url", row->source_url);
	json_time(&j, "fetched_at", row->fetched_at);
	json_str(&j, "text", row->bytes);
	json_close(&j, '}');
	printf(STR_FMT "\n", STR_ARG(buf_str(&b)));
	return true;
}

static bool show(struct work *w, struct tx *tx, void *arg)
{
	const struct shown *s = arg;
	struct sql_evidence_get_out row;
	uint8_t again[32];
	bool found;

	if (!sql_evidence_get(w, tx, &(struct sql_evidence_get_in){ str_of(s->sha256, 32) }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "evidence.not_found", "no document has this hash");
	sha256(row.bytes, again);
	if (memcmp(again, s->sha256, 32) != 0)
		return err_set(w, ERR_BUG, "evidence.changed", "the document is no longer what its hash says");
	return print_document(w, s->in, &row, str_c(s->in->argv[0]));
}

int command_evidence_show(struct work *w, const struct invocation *in)
{
	struct shown s = { .in = in };

	if (in->argc != 1 || !hex_decode(str_c(in->argv[0]), s.sha256, sizeof(s.sha256)))
		return command_usage("evidence show SHA256: 64 hex digits");
	return command_visit(w, in, show, &s);
}
