#include "contract.h"

#include "access.h"
#include "base/hex.h"
#include "conf.h"
#include "model/account.h"
#include "problem.h"
#include "session.h"
#include "sql.h"
#include "wallet.h"

#define SIGNATURE_MAX 8192 /* bytes */
#define SECRET STR("pws_")

/* The signature is what the contract takes; none but it can read it. */
static bool read_signature(struct call *c, str *signature)
{
	return (hex_0x_decode(c->w.arena, *signature, signature) && signature->n > 0 &&
		       signature->n <= SIGNATURE_MAX) ||
		problem_set(c, "auth.signature_format");
}

static bool read_signed(struct call *c, str message, str *signature, struct login *l)
{
	if (!wallet_text(c, message, l))
		return false;
	return l->casper.n > 0 ? problem_set(c, "auth.chain") : read_signature(c, signature);
}

bool contract_begin(struct call *c, void *p)
{
	struct sql_auth_contract_in *in = p;
	struct login l;

	if (!read_signed(c, in->message, &in->signature, &l))
		return false;
	in->nonce = l.nonce;
	in->caip10 = wallet_caip10(c, &l);
	in->secret_sha256 = session_secret(c, SECRET);
	return true;
}

bool contract_step_up(struct call *c, void *p)
{
	struct sql_auth_step_up_contract_in *in = p;
	struct login l;

	if (!read_signed(c, in->message, &in->signature, &l))
		return false;
	in->nonce = l.nonce;
	in->chain_id = (int64_t)l.chain_id;
	in->fresh = ACCESS_FRESH;
	return true;
}

/* Of two signers one may have a key: what it signed is verified here, and there no longer. */
static bool read_either(struct call *c, str message, str *signature, struct login *l)
{
	if (!wallet_text(c, message, l))
		return false;
	if (wallet_key_signed(c, message, *signature, l)) {
		*signature = (str){ NULL, 0 };
		return true;
	}
	if (l->casper.n > 0)
		return false;
	err_clear(&c->w);
	return read_signature(c, signature);
}

bool contract_link(struct call *c, void *p)
{
	struct sql_wallet_link_contract_in *in = p;
	struct login mine, joins;

	if (!read_either(c, in->message, &in->signature, &mine) ||
		!read_either(c, in->other_message, &in->other_signature, &joins))
		return false;
	if (in->signature.p == NULL && in->other_signature.p == NULL)
		return problem_set(c, "auth.no_contract");
	if (!str_eq(mine.nonce, joins.nonce))
		return problem_set(c, "auth.nonce");
	in->nonce = mine.nonce;
	in->chain_id = (int64_t)mine.chain_id;
	return true;
}

bool contract_account(struct call *c, void *p)
{
	struct sql_project_account_link_contract_in *in = p;
	struct login l;

	if (!read_signed(c, in->message, &in->signature, &l))
		return false;
	in->nonce = l.nonce;
	in->chain_id = (int64_t)l.chain_id;
	return true;
}

static void pending(struct call *c, struct json *j)
{
	json_str(j, "state", STR("pending"));
	c->status = 202;
}

bool contract_begun(struct call *c, void *p)
{
	const struct sql_auth_contract_out *row = p;
	struct json j = { .b = &c->out };
	char id[UUID_TEXT];

	uuid_format(row->id, id);
	json_open(&j, NULL, '{');
	pending(c, &j);
	json_uuid(&j, "id", row->id);
	json_str(&j, "status_url", arena_printf(c->w.arena, "/v1/auth/checks/%.*s", UUID_TEXT, id));
	json_str(&j, "secret", c->secret);
	json_time(&j, "expires_at", row->expires_at);
	json_close(&j, '}');
	return true;
}

bool contract_check(struct call *c, void *p)
{
	struct sql_auth_check_in *in = p;

	in->secret_sha256 = session_hash(c, in->secret_sha256);
	in->session_id = uuid_v7();
	in->expires_at = (clock_now() + api_conf.refresh_ttl) / USEC_S * USEC_S;
	in->refresh_sha256 = session_secret(c, SESSION_REFRESH);
	return true;
}

bool contract_checked(struct call *c, void *p)
{
	const struct sql_auth_check_out *row = p;
	struct json j = { .b = &c->out };
	char address[ADDRESS_TEXT];

	json_open(&j, NULL, '{');
	if (!row->has_session_id) {
		pending(c, &j);
	} else {
		address_format((const uint8_t *)row->address.p, address);
		session_reply(c, &j, row->person_id, row->session_id, row->expires_at);
		json_str(&j, "address", str_of(address, sizeof(address)));
	}
	json_close(&j, '}');
	return true;
}
