/* Dead Simple Signing Envelope v1: the signature is over PAE(type, payload), so neither can be taken for another. */
#pragma once

#include "base/work.h"

#define DSSE_INTOTO STR("application/vnd.in-toto+json")
struct dsse {
	str payload_type, payload, keyid;
	uint8_t sig[64];
};
str dsse_pae(struct work *w, str payload_type, str payload);
/* {"payload":base64,"payloadType":...,"signatures":[{"keyid":...,"sig":base64}]} */
str dsse_sign(struct work *w, str payload_type, str payload, str keyid, const uint8_t seed[32]);
/* fails  ERR_INVALID proof.envelope */
MUST bool dsse_parse(struct work *w, str envelope, struct dsse *out);
/* fails  ERR_INVALID proof.signature */
MUST bool dsse_verify(struct work *w, const struct dsse *d, const uint8_t pub[32]);
