#include "wire/dsse.h"

#include "base/hex.h"
#include "base/json.h"
#include "crypto/ed25519.h"

#define PAYLOAD_MAX (1 << 20)
#define ENVELOPE_MAX (PAYLOAD_MAX / 3 * 4 + 4096)

struct envelope {
	str payload, payload_type, signatures;
};
static const struct field envelope_fields[] = {
	FIELD(FIELD_STR, struct envelope, payload, .max = PAYLOAD_MAX / 3 * 4 + 4),
	FIELD(FIELD_STR, struct envelope, payload_type, .from = "payloadType", .min = 1, .max = 256),
	FIELD(FIELD_JSON, struct envelope, signatures),
};

struct signature {
	str keyid, sig;
};
static const struct field signature_fields[] = {
	FIELD(FIELD_STR, struct signature, keyid, .max = 256, .optional = true),
	FIELD(FIELD_STR, struct signature, sig, .max = 88),
};

str dsse_pae(struct work *w, str payload_type, str payload)
{
	struct buf b = buf_new(w->arena, payload.n + payload_type.n + 64);

	buf_printf(&b, "DSSEv1 %zu ", payload_type.n);
	buf_add(&b, payload_type);
	buf_printf(&b, " %zu ", payload.n);
	buf_add(&b, payload);
	return buf_str(&b);
}

str dsse_sign(struct work *w, str payload_type, str payload, str keyid, const uint8_t seed[32])
{
	struct buf b = buf_new(w->arena, ENVELOPE_MAX + payload.n * 2);
	struct json j = { &b };
	uint8_t sig[64];

	ed25519_sign(seed, dsse_pae(w, payload_type, payload), sig);
	json_open(&j, NULL, '{');
	json_str(&j, "payload", base64_str(w->arena, payload));
	json_str(&j, "payloadType", payload_type);
	json_open(&j, "signatures", '[');
	json_open(&j, NULL, '{');
	json_str(&j, "keyid", keyid);
	json_str(&j, "sig", base64_str(w->arena, str_of(sig, sizeof(sig))));
	json_close(&j, '}');
	json_close(&j, ']');
	json_close(&j, '}');
	return buf_str(&b);
}

static bool malformed(struct work *w, const char *what)
{
	return err_set(w, ERR_INVALID, "proof.envelope", "%s", what);
}

/* Exactly one: an envelope with several would be checked by whichever the reader tries first. */
static bool read_signature(struct work *w, str text, struct dsse *out)
{
	const cJSON *list;
	struct signature s = { 0 };
	str sig;

	if (!json_parse(w, text, &list) || !cJSON_IsArray(list) || cJSON_GetArraySize(list) != 1)
		return malformed(w, "signatures must hold exactly one");
	if (!json_read(w, list->child, FIELDS(struct signature, signature_fields), JSON_STRICT, &s))
		return malformed(w, "a signature has keyid and sig, nothing else");
	if (!base64_decode(w->arena, s.sig, &sig) || sig.n != sizeof(out->sig))
		return malformed(w, "sig must be 64 bytes in base64");
	out->keyid = s.keyid;
	memcpy(out->sig, sig.p, sizeof(out->sig));
	return true;
}

bool dsse_parse(struct work *w, str envelope, struct dsse *out)
{
	struct envelope e = { 0 };

	*out = (struct dsse){ 0 };
	if (envelope.n > ENVELOPE_MAX)
		return malformed(w, "too long");
	if (!json_read_text(w, envelope, FIELDS(struct envelope, envelope_fields), JSON_STRICT, &e))
		return malformed(w, "an envelope has payload, payloadType and signatures, nothing else");
	if (!base64_decode(w->arena, e.payload, &out->payload))
		return malformed(w, "payload must be base64");
	out->payload_type = e.payload_type;
	return read_signature(w, e.signatures, out);
}

bool dsse_verify(struct work *w, const struct dsse *d, const uint8_t pub[32])
{
	if (!ed25519_verify(pub, dsse_pae(w, d->payload_type, d->payload), d->sig))
		return err_set(w, ERR_INVALID, "proof.signature", "not signed by this key");
	return true;
}
