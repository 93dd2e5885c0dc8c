/* The audit log's chain outside the database: the same hashes computed here, and signed checkpoints.
 * docs/security.md describes both for auditors who use other tools. */
#pragma once

#include "base/work.h"
#include "crypto/secret.h"
#include "db/conn.h"
#include "sql.h"

struct audit_checkpoint {
	int64_t size;
	uint8_t hash[32];
};
str audit_origin(struct work *w, str env); /* the name in notes: "patchwork/ENV/audit" */
str audit_note(struct work *w, str origin, const struct audit_checkpoint *c, usec at, const uint8_t seed[32]);
/* Public keys, any of which may have signed: 32 bytes each, one after the other. */
struct audit_keys {
	const uint8_t *at;
	size_t n;
};
/* fails  ERR_INVALID note.malformed, note.signature */
MUST bool audit_note_open(
	struct work *w, str note, str origin, const struct audit_keys *keys, struct audit_checkpoint *out);

struct audit_check {
	str origin;
	struct audit_keys keys;               /* none: the database's checkpoints are not looked at */
	const struct audit_checkpoint *saved; /* from outside the database, by size; their signatures are checked */
	size_t n_saved;
	usec age; /* a row without a place must be younger */
};
struct audit_report {
	int64_t rows;        /* of the chain, all good */
	int64_t checkpoints; /* compared, the database's and the saved ones */
	int64_t signed_rows; /* up to the last checkpoint */
	uint8_t head[32];
};
/* Every row and every checkpoint, in order; stops at the first that is bad.
 * fails  ERR_INVALID audit.row_changed, audit.row_missing, audit.truncated, audit.rewritten (the chain fits itself but not a
 *        checkpoint), audit.checkpoint_forged, audit.unsealed; err.text names the row; as query_many */
MUST bool audit_verify(struct work *w, struct conn *conn, const struct audit_check *c, struct audit_report *out);

/* Signs where the chain ends now. size 0: there was nothing new.
 * fails  as the statements */
MUST bool audit_sign(
	struct work *w, struct tx *tx, str origin, const struct secret *seed, struct audit_checkpoint *out);
/* Writes the notes of checkpoints above *done as files into a folder, and moves *done.
 * fails  ERR_RETRY audit.export; as the statements */
MUST bool audit_export(struct work *w, struct tx *tx, const char *folder, int64_t *done);
int64_t audit_exported(const char *folder); /* the largest size that has a file; 0 = none */
