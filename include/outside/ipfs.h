/* Kubo's RPC API (/api/v0). Documents are single raw blocks below 256 KiB, so their CID is known beforehand.
 * fails  ERR_RETRY ipfs.server, ipfs.busy, ipfs.malformed; ERR_INVALID ipfs.refused, ipfs.cid (no CIDv1), ipfs.too_large;
 *        fetch.*; adding is repeatable: no answer is ERR_RETRY */
#pragma once

#include "outside/outside.h"

struct ipfs_conf {
	str api_url; /* "http://127.0.0.1:5001" */
};
MUST bool ipfs_new(struct work *w, const struct ipfs_conf *c, struct ipfs **out);
void ipfs_free(struct ipfs **i);
/* Adds and pins; fails ERR_INVALID proof.cid_mismatch when the document has, or the node names, another CID than `cid`. */
MUST bool ipfs_add(struct work *w, struct ipfs *i, str document, str cid);
MUST bool ipfs_has(struct work *w, struct ipfs *i, str cid, bool *pinned);
/* The raw block's bytes, hashed again.  fails  ERR_RETRY ipfs.not_found when the node does not have it in time;
 * ERR_INVALID proof.cid_mismatch when it gives others */
MUST bool ipfs_get(struct work *w, struct ipfs *i, str cid, int64_t max, str *out);
