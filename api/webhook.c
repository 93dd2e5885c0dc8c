#include "webhook.h"

#include "base/fault.h"
#include "base/hex.h"
#include "conf.h"
#include "crypto/digest.h"
#include "keys.h"
#include "metrics.h"
#include "problem.h"
#include "request.h"
#include "sql.h"

#define EVENT_MAX 64

static bool signed_by(str secret, str body, const uint8_t given[32])
{
	uint8_t mac[32];

	if (secret.n == 0)
		return false;
	hmac_sha256(secret, body, mac);
	return str_eq_secret(str_of(mac, sizeof(mac)), str_of(given, sizeof(mac)));
}

/* The secrets of one of our hooks: the one in force, the one to come, the one that was. */
static bool signed_by_own(struct call *c, const uint8_t given[32], int32_t *which)
{
	const str boxes[] = { c->hook->secret, c->hook->next, c->hook->before };
	char id[UUID_TEXT];
	uuid hook;
	str secret;

	if (!request_id(c, &hook))
		return false;
	uuid_format(hook, id);
	for (int i = 0; i < 3 && *which == 0; i++) {
		if (boxes[i].n == 0)
			continue;
		if (!seal_open(&c->w, keys.seal, arena_printf(c->w.arena, "hook/%.*s", UUID_TEXT, id), boxes[i],
			    &secret)) {
			log_failure(LOG_ERROR, &c->w, "webhook.secret");
			return problem_set(c, "webhook.unconfigured");
		}
		if (signed_by(secret, c->body, given))
			*which = i + 1;
	}
	return *which != 0 || problem_set(c, "webhook.signature");
}

/* During a rotation either secret passes; which one did is recorded. */
static bool check_signature(struct call *c, struct sql_delivery_receive_in *in)
{
	uint8_t *given = arena_alloc(c->w.arena, 32);
	str header;

	if (!request_header(c, "x-hub-signature-256", &header))
		return false;
	in->signature = str_of(given, 32);
	if (header.n != 71 || !str_starts(header, STR("sha256=")) || !hex_decode(str_skip(header, 7), given, 32))
		return problem_set(c, "webhook.signature");
	if (c->hook != NULL)
		return signed_by_own(c, given, &in->secret_no);
	if (signed_by(api_conf.webhook_secret, c->body, given))
		in->secret_no = 1;
	else if (signed_by(api_conf.webhook_secret_next, c->body, given))
		in->secret_no = 2;
	return in->secret_no != 0 || problem_set(c, "webhook.signature");
}

static bool is_event(str s)
{
	if (s.n == 0 || s.n > EVENT_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!((s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '_'))
			return false;
	}
	return true;
}

static bool take_headers(struct call *c, struct sql_delivery_receive_in *in)
{
	str guid, hook;

	if (!request_header(c, "x-github-delivery", &guid) || !request_header(c, "x-github-event", &in->event) ||
		!request_header(c, "x-github-hook-id", &hook))
		return false;
	in->has_hook_id = hook.p != NULL;
	if (!uuid_parse(guid, &in->guid) || !is_event(in->event) || (in->has_hook_id && !str_i64(hook, &in->hook_id)))
		return problem_set(c, "webhook.header");
	return true;
}

static bool take(struct call *c, struct sql_delivery_receive_in *in)
{
	if (!check_signature(c, in)) {
		webhook_metric(WEBHOOK_BAD_SIGNATURE);
		return false;
	}
	if (!take_headers(c, in)) {
		webhook_metric(WEBHOOK_BAD_HEADER);
		return false;
	}
	in->body = c->body;
	FAULT("webhook.checked");
	return true;
}

bool webhook_bind(struct call *c, void *p)
{
	return api_conf.webhook_secret.n > 0 ? take(c, p) : problem_set(c, "webhook.unconfigured");
}

bool webhook_own_bind(struct call *c, void *p)
{
	if (keys.seal == NULL)
		return problem_set(c, "webhook.unconfigured");
	if (c->hook == NULL) {
		webhook_metric(WEBHOOK_BAD_SIGNATURE);
		return problem_set(c, "webhook.signature");
	}
	return take(c, p);
}

bool webhook_count(struct call *c, void *p)
{
	const struct sql_delivery_receive_out *row = p;

	FAULT("webhook.committed");
	if (str_eq(row->outcome, STR("new"))) {
		webhook_metric(WEBHOOK_NEW);
	} else if (row->duplicate) {
		webhook_metric(WEBHOOK_DUPLICATE);
	} else {
		webhook_metric(WEBHOOK_CONFLICT);
		log_event(LOG_WARN, &c->w, "webhook.conflict", "delivery=%ld", (long)row->delivery_id);
	}
	return true;
}
