#include "crypto/secp.h"
#include "model/account.h"
#include "model/login.h"
#include "tests/vectors/vector.h"

/* The members of in.fields as they may be present; each that is there is counted. */
static str optional(const cJSON *fields, const char *name, int *known)
{
	const cJSON *item = cJSON_GetObjectItemCaseSensitive(fields, name);

	*known += item != NULL;
	return cJSON_IsString(item) ? str_c(item->valuestring) : (str){ NULL, 0 };
}

static bool read_resources(struct vector *v, const cJSON *fields, struct login *l, int *known)
{
	const cJSON *list = cJSON_GetObjectItemCaseSensitive(fields, "resources"), *item;

	*known += list != NULL;
	l->has_resources = list != NULL;
	if (list != NULL && !cJSON_IsArray(list))
		return differs(v, "in: resources must be an array");
	cJSON_ArrayForEach(item, list) {
		if (!cJSON_IsString(item) || l->n_resources == sizeof(l->resources) / sizeof(l->resources[0]))
			return differs(v, "in: too many resources, or one is no text");
		l->resources[l->n_resources++] = str_c(item->valuestring);
	}
	return true;
}

static bool read_fields(struct vector *v, struct login *l)
{
	const cJSON *fields;
	int known = 7;
	str version;

	if (!need_object(v, v->in, "fields", &fields) || !need_text(v, fields, "domain", &l->domain) ||
		!need_address(v, fields, "address", l->address) || !need_text(v, fields, "uri", &l->uri) ||
		!need_text(v, fields, "version", &version) || !need_u64(v, fields, "chainId", &l->chain_id) ||
		!need_text(v, fields, "nonce", &l->nonce) || !need_text(v, fields, "issuedAt", &l->issued_at))
		return false;
	if (!str_eq(version, STR("1")))
		return differs(v, "in: version must be 1");
	l->scheme = optional(fields, "scheme", &known);
	l->statement = optional(fields, "statement", &known);
	l->expires_at = optional(fields, "expirationTime", &known);
	l->not_before = optional(fields, "notBefore", &known);
	l->request_id = optional(fields, "requestId", &known);
	if (!read_resources(v, fields, l, &known))
		return false;
	return cJSON_GetArraySize(fields) == known || differs(v, "in: fields has others than a message has");
}

/* Equal and both present or both absent. */
static bool same(str a, str b)
{
	return (a.p == NULL) == (b.p == NULL) && str_eq(a, b);
}

static bool same_fields(const struct login *a, const struct login *b)
{
	if (a->n_resources != b->n_resources || a->has_resources != b->has_resources)
		return false;
	for (size_t i = 0; i < a->n_resources; i++)
		if (!str_eq(a->resources[i], b->resources[i]))
			return false;
	return same(a->scheme, b->scheme) && same(a->domain, b->domain) && memcmp(a->address, b->address, 20) == 0 &&
		same(a->statement, b->statement) && same(a->uri, b->uri) && a->chain_id == b->chain_id &&
		same(a->nonce, b->nonce) && same(a->issued_at, b->issued_at) && same(a->expires_at, b->expires_at) &&
		same(a->not_before, b->not_before) && same(a->request_id, b->request_id);
}

bool check_siwe_valid(struct vector *v)
{
	uint8_t key[32], signer[20], digest[32], sig[65];
	struct login given = { 0 }, parsed;
	str text;

	if (!read_fields(v, &given) || !need_fixed(v, v->in, "private_key", key, 32))
		return false;
	text = login_text(v->w, &given);
	if (!want_text(v, "message", text))
		return false;
	if (!login_parse(v->w, text, &parsed))
		return failed(v, "parse");
	if (!same_fields(&given, &parsed))
		return differs(v, "parsing the message gives other fields");
	secp_personal_digest(text, digest);
	if (!secp_address(key, signer) || memcmp(signer, given.address, 20) != 0 || !secp_sign(key, digest, sig))
		return differs(v, "in: private_key is not that of the address");
	if (!login_verify(v->w, text, &parsed, str_of(sig, 65)))
		return failed(v, "verify");
	return want_hash(v, "eip191_hash", digest) && want_hex(v, "signature", str_of(sig, 65));
}

bool check_siwe_reject_parse(struct vector *v)
{
	struct login parsed;
	str message;

	return need_text(v, v->in, "message", &message) &&
		(!login_parse(v->w, message, &parsed) || differs(v, "was parsed"));
}

/* Parses in.message and tells whether it holds against in.expected. */
static bool judge(struct vector *v, bool *accepted)
{
	struct login_expected e = { .n_chain_ids = 1 };
	struct login parsed;
	const cJSON *given;
	uint64_t chain;
	int64_t chain_id;
	str message, sig, now;

	if (!need_text(v, v->in, "message", &message) || !need_hex(v, v->in, "signature", &sig) ||
		!need_object(v, v->in, "expected", &given) || !need_text(v, given, "domain", &e.domain) ||
		!need_text(v, given, "nonce", &e.nonce) || !need_u64(v, given, "chain_id", &chain) ||
		!need_text(v, given, "time", &now))
		return false;
	if (!clock_parse(now, &e.now) || chain > INT64_MAX)
		return differs(v, "in: expected.time or expected.chain_id");
	chain_id = (int64_t)chain;
	e.chain_ids = &chain_id;
	if (!login_parse(v->w, message, &parsed))
		return failed(v, "parse");
	*accepted = login_check(v->w, &parsed, &e) && login_verify(v->w, message, &parsed, sig);
	return true;
}

bool check_siwe_reject_verify(struct vector *v)
{
	bool accepted;

	return judge(v, &accepted) && (!accepted || differs(v, "was accepted"));
}

bool check_siwe_accept_verify(struct vector *v)
{
	bool accepted;

	return judge(v, &accepted) && (accepted || failed(v, "was refused"));
}
