/* A GitHub account that its owner links: the code is exchanged for a token, the token tells whose it is, its account becomes that
 * person's. Later the same token, or the next one where it ends, says whether it is still so, and by what name. Each question is a job of its own, so that what a
 * code was spent for is not lost with the next. */
#include <inttypes.h>

#include "base/hex.h"
#include "base/output.h"
#include "sql.h"
#include "stages/stages.h"
#include "sync.h"

static const struct seal *seal;

void sync_use_seal(const struct seal *s)
{
	seal = s;
}

static bool have_seal(struct work *w)
{
	return seal != NULL || err_set(w, ERR_INVALID, "link.unconfigured", "seal.key_file is not set here");
}

static str about(struct work *w, const char *what, str state_sha256)
{
	return arena_printf(w->arena, "link %s " STR_FMT, what, STR_ARG(hex_str(w->arena, state_sha256)));
}

str sync_token_about(struct work *w, uuid token_id)
{
	char id[UUID_TEXT];

	uuid_format(token_id, id);
	return arena_printf(w->arena, "account token %.*s", UUID_TEXT, id);
}

str sync_refresh_about(struct work *w, uuid token_id)
{
	return arena_printf(w->arena, "refresh of " STR_FMT, STR_ARG(sync_token_about(w, token_id)));
}

static str close_refresh(struct work *w, uuid token_id, str refresh)
{
	return refresh.n == 0 ? refresh : seal_close(w->arena, seal, sync_refresh_about(w, token_id), refresh);
}

/* sync.link --------------------------------------------------------------------------------------------------------------- */
bool link_plan(struct work *w, struct tx *tx, void *task)
{
	struct link_task *t = task;
	struct sql_link_take_out row;
	bool found;

	if (!sql_link_take(w, tx, &(struct sql_link_take_in){ t->link_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "sync.link_unknown", "the attempt is not in the database");
	t->decided = !str_one_of(row.state, "pending|exchanging");
	if (t->decided)
		return true;
	t->again = str_eq(row.state, STR("exchanging"));
	t->late = row.late;
	t->redirect_uri = row.redirect_uri;
	return have_seal(w) && seal_open(w, seal, about(w, "code", row.state_sha256), row.code, &t->code) &&
		seal_open(w, seal, about(w, "verifier", row.state_sha256), row.verifier, &t->verifier);
}

/* A worker that was killed after GitHub had answered leaves a code that is spent and a token that nobody has: the person begins
 * again, and is told so. */
bool link_effect(struct work *w, const struct outside *outside, void *task)
{
	struct link_task *t = task;

	if (t->decided)
		return true;
	if (t->late) {
		t->refused = t->again ? "link.interrupted" : "link.expired";
		return true;
	}
	if (!github_exchange(w, outside->github, t->code, t->verifier, t->redirect_uri, &t->grant, &t->refused))
		return false;
	if (t->refused != NULL && t->again && strcmp(t->refused, "link.code") == 0)
		t->refused = "link.interrupted";
	return true;
}

bool link_settle(struct work *w, struct tx *tx, void *task)
{
	const struct link_task *t = task;
	struct sql_link_exchanged_in in = { .link_id = t->link_id, .job = w->job, .trace = work_trace(w) };

	if (t->decided)
		return true;
	output_word(w, "account", t->refused == NULL ? "token" : "refused", t->refused);
	if (t->refused != NULL)
		return sql_link_refuse(w, tx, &(struct sql_link_refuse_in){ t->link_id, str_c(t->refused) });
	in.sealed = seal_close(w->arena, seal, sync_token_about(w, t->link_id), t->grant.token);
	in.scopes = t->grant.scopes.p == NULL ? STR("") : t->grant.scopes;
	in.has_lives = t->grant.lives > 0;
	in.lives = t->grant.lives / USEC_S;
	in.refresh = close_refresh(w, t->link_id, t->grant.refresh);
	in.has_refresh_lives = t->grant.refresh_lives > 0;
	in.refresh_lives = t->grant.refresh_lives / USEC_S;
	return sql_link_exchanged(w, tx, &in);
}

/* sync.account ------------------------------------------------------------------------------------------------------------ */
bool account_plan(struct work *w, struct tx *tx, void *task)
{
	struct account_task *t = task;
	struct sql_account_token_out row;

	if (!sql_account_token(w, tx, &(struct sql_account_token_in){ t->token_id }, &row, &t->found))
		return false;
	t->decided = !t->found || row.over || row.unlinked; /* nothing that could be asked by it */
	if (t->decided)
		return true;
	t->bound = row.has_github_id;
	t->github_id = row.github_id;
	t->renewals = row.renewals;
	if (row.ends) {
		bool ok = token_renew(w, tx, t->token_id, &t->wait);

		t->decided = t->wait == 0;
		return ok;
	}
	return have_seal(w) && seal_open(w, seal, sync_token_about(w, t->token_id), row.sealed, &t->token);
}

bool account_effect(struct work *w, const struct outside *outside, void *task)
{
	struct account_task *t = task;

	if (t->wait > 0)
		return token_wait(w, t->wait);
	return t->decided || github_whoami(w, outside->github, t->token, &t->state, &t->user);
}

static bool settle_bind(struct work *w, struct tx *tx, const struct account_task *t)
{
	struct sql_account_bind_in in = {
		.token_id = t->token_id,
		.github_id = t->user.id,
		.login = t->user.login,
		.has_created_at = t->user.created_at > 0,
		.created_at = t->user.created_at,
		.trace = work_trace(w),
	};
	struct sql_account_bind_out out = { 0 };
	const char *refused = NULL;

	if (t->state == GITHUB_TOKEN_REFUSED)
		refused = "link.token";
	else if (t->user.type.n > 0 && !str_eq(t->user.type, STR("User")))
		refused = "link.account_type";
	else if (!sql_account_bind(w, tx, &in, &out))
		return false;
	else if (out.refused.p != NULL)
		refused = arena_cstr(w->arena, out.refused);
	output_word(w, "account", refused == NULL ? "linked" : "refused", refused);
	return refused == NULL || sql_link_refuse(w, tx, &(struct sql_link_refuse_in){ t->token_id, str_c(refused) });
}

/* A token that GitHub refuses was taken back; one that names another account never was this one's. */
bool account_settle(struct work *w, struct tx *tx, void *task)
{
	const struct account_task *t = task;
	bool same = t->state == GITHUB_TOKEN_GOOD && t->user.id == t->github_id;

	if (t->decided)
		return true;
	if (!t->bound)
		return settle_bind(w, tx, t);
	output_word(w, "account", same ? "checked" : "revoked", NULL);
	if (same)
		return sql_account_checked(
			w, tx, &(struct sql_account_checked_in){ t->token_id, t->user.id, t->user.login });
	return sql_account_revoke(w, tx,
		&(struct sql_account_revoke_in){ t->token_id, t->renewals, STR("link.token_revoked"), work_trace(w) });
}

bool accounts_settle(struct work *w, struct tx *tx, void *task)
{
	struct sql_account_due_out out;

	(void)task;
	if (!sql_account_due(w, tx, &(struct sql_account_due_in){ w->job, work_trace(w) }, &out))
		return false;
	w->output = arena_printf(w->arena, "{\"accounts\":%" PRId64 "}", out.accounts);
	return true;
}

/* sync.unlink ------------------------------------------------------------------------------------------------------------- */
bool unlink_effect(struct work *w, const struct outside *outside, void *task)
{
	struct account_task *t = task;

	if (t->wait > 0)
		return token_wait(w, t->wait);
	return !t->found || github_forget(w, outside->github, t->token);
}

bool unlink_plan(struct work *w, struct tx *tx, void *task)
{
	struct account_task *t = task;
	struct sql_account_token_out row;

	if (!sql_account_token(w, tx, &(struct sql_account_token_in){ t->token_id }, &row, &t->found))
		return false;
	t->found = t->found && row.unlinked;
	if (t->found && row.ends && !token_renew(w, tx, t->token_id, &t->wait))
		return false;
	return !t->found || t->wait > 0 ||
		(have_seal(w) && seal_open(w, seal, sync_token_about(w, t->token_id), row.sealed, &t->token));
}

bool unlink_settle(struct work *w, struct tx *tx, void *task)
{
	const struct account_task *t = task;

	return !t->found || sql_account_forget(w, tx, &(struct sql_account_forget_in){ t->token_id });
}

/* sync.renew -------------------------------------------------------------------------------------------------------------- */
bool token_renew(struct work *w, struct tx *tx, uuid token_id, usec *wait)
{
	struct sql_account_renew_out out;

	*wait = 0;
	if (!sql_account_renew(w, tx, &(struct sql_account_renew_in){ token_id, w->job, work_trace(w) }, &out))
		return false;
	*wait = out.wait;
	return true;
}

bool token_wait(struct work *w, usec wait)
{
	return err_snooze(w, wait, "link.renewing", "the account's token ends, and is being renewed");
}

bool renew_plan(struct work *w, struct tx *tx, void *task)
{
	struct renew_task *t = task;
	struct sql_account_renewing_out row;
	bool found;

	if (!sql_account_renewing(w, tx, &(struct sql_account_renewing_in){ t->token_id, t->renewals }, &row, &found))
		return false;
	t->decided = !found;
	if (t->decided)
		return true;
	t->again = row.again;
	t->refused = row.over ? "link.renewal_expired" : NULL;
	return row.over ||
		(have_seal(w) && seal_open(w, seal, sync_refresh_about(w, t->token_id), row.refresh, &t->refresh));
}

/* A refresh token is good once. When an earlier run was killed after GitHub had answered, nobody has the pair that it gave, and that
 * this one is refused says nothing about its person. */
bool renew_effect(struct work *w, const struct outside *outside, void *task)
{
	struct renew_task *t = task;
	bool refused;

	if (t->decided || t->refused != NULL)
		return true;
	if (!github_renew(w, outside->github, t->refresh, &t->grant, &refused))
		return false;
	if (refused)
		t->refused = t->again ? "link.renewal_lost" : "link.token_revoked";
	return true;
}

static bool keep_renewed(struct work *w, struct tx *tx, const struct renew_task *t)
{
	struct sql_account_renewed_in in = {
		.token_id = t->token_id,
		.renewals = t->renewals,
		.sealed = seal_close(w->arena, seal, sync_token_about(w, t->token_id), t->grant.token),
		.has_lives = t->grant.lives > 0,
		.lives = t->grant.lives / USEC_S,
		.refresh = close_refresh(w, t->token_id, t->grant.refresh),
		.has_refresh_lives = t->grant.refresh_lives > 0,
		.refresh_lives = t->grant.refresh_lives / USEC_S,
	};

	return sql_account_renewed(w, tx, &in);
}

bool renew_settle(struct work *w, struct tx *tx, void *task)
{
	const struct renew_task *t = task;

	if (t->decided)
		return true;
	output_word(w, "account", t->refused == NULL ? "renewed" : "refused", t->refused);
	if (t->refused == NULL)
		return keep_renewed(w, tx, t);
	if (strcmp(t->refused, "link.token_revoked") == 0)
		return sql_account_revoke(w, tx,
			&(struct sql_account_revoke_in){ t->token_id, t->renewals, str_c(t->refused), work_trace(w) });
	return sql_account_relink(
		w, tx, &(struct sql_account_relink_in){ t->token_id, t->renewals, str_c(t->refused) });
}
