/* What a proof says: an in-toto Statement v1 about the merge commit, in canonical JSON (RFC 8785). Made from stored rows alone,
 * so that anyone who has them makes the same bytes and the same address. No name, e-mail or address of a person is in it. */
#pragma once

#include "base/work.h"
#include "base/u256.h"
#include "base/uuid.h"

#define STATEMENT_TYPE "https://in-toto.io/Statement/v1"
#define STATEMENT_PREDICATE "https://patchwork.dev/attestation/contribution/v2"

struct statement {
	str verdict; /* its canonical JSON (stages/verify/verdict.h) */
	uint8_t policy_sha256[32];
	const str *evidence; /* sha256 each, sorted */
	size_t n_evidence;
	uuid bounty;
	u256 amount;
	str chain, asset; /* CAIP-2, CAIP-19 */
	str deposits;     /* JSON: [{tx, log_index, amount}], the escrow's logs that the money is there by */
};
/* fails  ERR_BUG prove.verdict_incomplete; ERR_INVALID proof.too_large (256 KiB), json.*, jcs.* */
MUST bool statement_text(struct work *w, const struct statement *s, str *out);
