#include "statement.h"

#include "access.h"
#include "problem.h"
#include "routes.h"
#include "wallet.h"

static bool known_action(str action)
{
	const struct route *r;

	for (size_t i = 0; (r = route_at(i)) != NULL; i++) {
		if (str_eq(action, str_c(r->action)) || str_eq(action, str_c(r->may_want)))
			return true;
	}
	return false;
}

/* CAIP-2 is read out of the place of another member: there is no column for it. */
static bool account(struct call *c, str address, str chain, struct login *l)
{
	int64_t chain_id = 0;

	return wallet_account(c, address, chain, false, &chain_id, l);
}

bool statement_step_up(struct call *c, void *p)
{
	struct sql_auth_step_up_in *in = p;
	struct login l = { 0 };
	uuid object;

	if (!known_action(in->action) || !uuid_parse(in->object_id, &object))
		return problem_set(c, "auth.action_unknown");
	if (!account(c, in->address, in->message, &l))
		return false;
	l.statement = arena_printf(c->w.arena,
		"Confirm " STR_FMT " of " STR_FMT " in Patchwork. This costs nothing and sends no transaction.",
		STR_ARG(in->action), STR_ARG(in->object_id));
	in->expires_at = wallet_begin(c, &l);
	in->address = wallet_address(c, &l);
	in->nonce = l.nonce;
	in->message = login_text(&c->w, &l);
	return true;
}

bool statement_step_up_verify(struct call *c, void *p)
{
	struct sql_auth_step_up_verify_in *in = p;
	struct login l;

	if (!wallet_signed(c, in->message, in->nonce, &l))
		return false;
	in->nonce = l.nonce;
	in->fresh = ACCESS_FRESH;
	return true;
}

static str id_text(struct call *c, uuid id)
{
	char text[UUID_TEXT];

	uuid_format(id, text);
	return arena_str(c->w.arena, str_of(text, UUID_TEXT));
}

/* The two accounts: the one that joins in address and caip10 (its chain), the session's in by_address and message (its chain). */
bool statement_link(struct call *c, void *p)
{
	struct sql_wallet_challenge_in *in = p;
	struct login joins = { 0 }, mine = { 0 };

	if (!account(c, in->address, in->caip10, &joins) || !account(c, in->by_address, in->message, &mine))
		return false;
	in->address = wallet_address(c, &joins);
	in->by_address = wallet_address(c, &mine);
	in->public_key = wallet_public_key(c, &joins);
	in->has_chain_id = joins.casper.n == 0;
	in->chain_id = (int64_t)joins.chain_id;
	in->caip10 = wallet_caip10(c, &joins);
	mine.statement = arena_printf(c->w.arena, "Link " STR_FMT " to this wallet's person " STR_FMT " in Patchwork.",
		STR_ARG(in->caip10), STR_ARG(id_text(c, c->person)));
	joins.statement =
		arena_printf(c->w.arena, "Link this wallet to " STR_FMT " of person " STR_FMT " in Patchwork.",
			STR_ARG(wallet_caip10(c, &mine)), STR_ARG(id_text(c, c->person)));
	in->expires_at = wallet_begin(c, &mine);
	joins.nonce = mine.nonce;
	(void)wallet_begin(c, &joins);
	in->nonce = mine.nonce;
	in->message = login_text(&c->w, &mine);
	in->other_message = login_text(&c->w, &joins);
	return true;
}

bool statement_link_verify(struct call *c, void *p)
{
	struct sql_wallet_link_in *in = p;
	struct login mine, joins;

	if (!wallet_signed(c, in->message, in->nonce, &mine) || !wallet_signed(c, in->other_message, in->trace, &joins))
		return false;
	if (!str_eq(mine.nonce, joins.nonce))
		return problem_set(c, "auth.nonce");
	in->nonce = mine.nonce;
	in->trace = str_c(c->w.trace);
	return true;
}

/* The account is in the places of nonce and caip10 (its chain). */
bool statement_account(struct call *c, void *p)
{
	struct sql_project_account_challenge_in *in = p;
	struct login l = { 0 };

	if (!account(c, in->nonce, in->caip10, &l))
		return false;
	l.statement = arena_printf(c->w.arena,
		"Link this account to project " STR_FMT " in Patchwork, as person " STR_FMT
		" asks. This costs nothing and sends no transaction.",
		STR_ARG(id_text(c, in->id)), STR_ARG(id_text(c, c->person)));
	in->caip10 = wallet_caip10(c, &l);
	in->expires_at = wallet_begin(c, &l);
	in->nonce = l.nonce;
	in->message = login_text(&c->w, &l);
	return true;
}

bool statement_account_verify(struct call *c, void *p)
{
	struct sql_project_account_link_in *in = p;
	struct login l;

	if (!wallet_signed(c, in->message, in->signature, &l))
		return false;
	in->nonce = l.nonce;
	return true;
}
