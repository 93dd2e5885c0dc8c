/* IPFS content addresses: CIDv1, codec raw (0x55), sha2-256, multibase base32 lower case ("bafkrei...").
 * That is the CID of any document below 256 KiB that is added as one raw leaf. */
#pragma once

#include "base/arena.h"

#define CID_RAW_BYTES 36 /* 01 55 12 20 and the digest */
#define CID_RAW_TEXT 59
#define CID_MAX_BLOCK 262144
void cid_raw(str document, uint8_t out[CID_RAW_BYTES]);
str cid_raw_text(struct arena *arena, str document);
/* Any CIDv1 text in base32 ('b') or base58btc ('z'), into its bytes; used to compare what a node says. */
MUST bool cid_decode(struct arena *arena, str text, str *bytes);
