/* keys: which key seals the secrets that the database keeps, and moving them from one key to the next. */
#include <inttypes.h>

#include "command.h"
#include "crypto/seal.h"
#include "print.h"
#include "sql.h"
#include "stages.h"

#define PAGE 500

struct keys_list {
	struct sql_account_keys_out *rows;
	size_t n;
};

static bool list(struct work *w, struct tx *tx, void *arg)
{
	struct keys_list *l = arg;

	return sql_account_keys(w, tx, &l->rows, &l->n);
}

int command_keys_list(struct work *w, const struct invocation *in)
{
	struct keys_list l = { 0 };
	int status;

	if (in->argc != 0)
		return command_usage("keys list");
	status = command_visit(w, in, list, &l);
	if (status == EXIT_OK)
		print_rows(w, in, PRINT_SHAPE(sql_account_keys_stmt), l.rows, l.n, "key_id tokens hooks",
			"nothing is sealed");
	return status;
}

struct rewrap {
	struct seal *seal;
	struct command_by by;
	int64_t tokens, rewrapped;
};

/* { NULL, 0 } stays what it is. */
static bool rewrap_box(struct work *w, struct rewrap *r, str about, str *box)
{
	str plain;

	if (box->n == 0 || seal_is_current(r->seal, *box))
		return true;
	if (!seal_open(w, r->seal, about, *box, &plain))
		return false;
	*box = seal_close(w->arena, r->seal, about, plain);
	return true;
}

static bool rewrap_one(struct work *w, struct tx *tx, struct rewrap *r, const struct sql_account_sealed_out *row)
{
	struct sql_account_reseal_in in = { row->token_id, row->sealed, row->refresh };

	r->tokens++;
	if (!rewrap_box(w, r, sync_token_about(w, row->token_id), &in.sealed) ||
		!rewrap_box(w, r, sync_refresh_about(w, row->token_id), &in.refresh))
		return false;
	if (in.sealed.p == row->sealed.p && in.refresh.p == row->refresh.p)
		return true;
	r->rewrapped++;
	return sql_account_reseal(w, tx, &in);
}

static bool rewrap_hook(struct work *w, struct tx *tx, struct rewrap *r, const struct sql_hook_sealed_out *row)
{
	struct sql_hook_reseal_in in = { row->hook_id, row->secret, row->next, row->before };
	str about = sync_hook_about(w, row->hook_id);

	r->tokens++;
	if (!rewrap_box(w, r, about, &in.secret) || !rewrap_box(w, r, about, &in.next) ||
		!rewrap_box(w, r, about, &in.before))
		return false;
	if (in.secret.p == row->secret.p && in.next.p == row->next.p && in.before.p == row->before.p)
		return true;
	r->rewrapped++;
	return sql_hook_reseal(w, tx, &in);
}

static bool rewrap_hooks(struct work *w, struct tx *tx, struct rewrap *r)
{
	struct sql_hook_sealed_in page = { .most = PAGE };
	struct sql_hook_sealed_out *rows;
	size_t n;

	do {
		if (!sql_hook_sealed(w, tx, &page, &rows, &n))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!rewrap_hook(w, tx, r, &rows[i]))
				return false;
		if (n > 0)
			page.after = rows[n - 1].hook_id;
	} while (n == PAGE);
	return true;
}

static bool rewrap(struct work *w, struct tx *tx, void *arg)
{
	struct rewrap *r = arg;
	struct sql_account_sealed_in page = { .most = PAGE };
	struct sql_account_sealed_out *rows;
	struct sql_account_rewrapped_in told;
	size_t n;

	do {
		if (!sql_account_sealed(w, tx, &page, &rows, &n))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!rewrap_one(w, tx, r, &rows[i]))
				return false;
		if (n > 0)
			page.after = rows[n - 1].token_id;
	} while (n == PAGE);
	if (!rewrap_hooks(w, tx, r))
		return false;
	told = (struct sql_account_rewrapped_in){ seal_key_id(w->arena, r->seal), r->rewrapped, r->by.actor,
		r->by.reason };
	return r->rewrapped == 0 || sql_account_rewrapped(w, tx, &told);
}

int command_keys_rewrap(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct rewrap r = { 0 };
	int status;

	command_who(w, &rest, &r.by);
	if (rest.argc != 0 || in->conf->seal_key_file.n == 0)
		return command_usage("keys rewrap, with seal.key_file and seal.key_file_other set");
	if (!seal_load(w, in->conf->seal_key_file, in->conf->seal_key_file_other, &r.seal))
		return command_failed(w);
	status = command_visit(w, in, rewrap, &r);
	seal_free(&r.seal);
	if (status != EXIT_OK)
		return status;
	if (in->json)
		printf("{\"tokens\":%" PRId64 ",\"rewrapped\":%" PRId64 ",\"dry_run\":%s}\n", r.tokens, r.rewrapped,
			in->dry_run ? "true" : "false");
	else
		printf("%" PRId64 " of %" PRId64 " secrets %s sealed by the present key\n", r.rewrapped, r.tokens,
			in->dry_run ? "would be" : "are newly");
	return EXIT_OK;
}
