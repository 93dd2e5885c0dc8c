/* role: who may do what, for operators. */
#include <string.h>

#include "command.h"
#include "model/account.h"
#include "print.h"
#include "sql.h"

struct role_list {
	struct sql_role_list_in in;
	struct sql_role_list_out *rows;
	size_t n;
};

static bool take_uuid(struct invocation *in, const char *name, uuid *out, bool *has, bool *right)
{
	const char *text = command_option(in, name);

	*has = text != NULL;
	*right = *right && (text == NULL || uuid_parse(str_c(text), out));
	return *right;
}

static bool list(struct work *w, struct tx *tx, void *arg)
{
	struct role_list *l = arg;

	return sql_role_list(w, tx, &l->in, &l->rows, &l->n);
}

int command_role_list(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct role_list l = { .in = { .page = 1000 } };
	bool right = true;
	int status;

	if (!take_uuid(&rest, "project", &l.in.project_id, &l.in.has_project_id, &right) ||
		!take_uuid(&rest, "person", &l.in.person_id, &l.in.has_person_id, &right) || rest.argc != 0)
		return command_usage("role list [--project ID] [--person ID]");
	status = command_visit(w, in, list, &l);
	if (status == EXIT_OK)
		print_rows(w, in, PRINT_SHAPE(sql_role_list_stmt), l.rows, l.n,
			"id role person_id login project_id bounty_id granted_by granted_at", "no roles were granted");
	return status;
}

struct role_grant {
	struct sql_role_grant_in in;
	struct sql_role_grant_out row;
};

static bool grant(struct work *w, struct tx *tx, void *arg)
{
	struct role_grant *g = arg;

	if (!sql_role_grant(w, tx, &g->in, &g->row))
		return false;
	if (g->row.refused.p != NULL)
		return err_set(w, ERR_INVALID, arena_cstr(w->arena, g->row.refused), "nothing was granted");
	return true;
}

int command_role_grant(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct role_grant g = { .in = { .actor_kind = STR("cli") } };
	const char *address = command_option(&rest, "address");
	struct command_by by;
	uint8_t bytes[20];
	bool right = true;
	int status;

	if (!take_uuid(&rest, "person", &g.in.person_id, &g.in.has_person_id, &right) ||
		!take_uuid(&rest, "project", &g.in.project_id, &g.in.has_project_id, &right) ||
		!take_uuid(&rest, "bounty", &g.in.bounty_id, &g.in.has_bounty_id, &right) ||
		(address != NULL && !address_parse(str_c(address), bytes)) || (address != NULL) == g.in.has_person_id)
		return command_usage("--person and the object are UUIDs, or --address a wallet");
	if (!command_by(w, &rest, &by))
		return EXIT_USAGE;
	if (rest.argc != 1)
		return command_usage(
			"role grant ROLE --person ID|--address 0x... [--project ID|--bounty ID] --reason TEXT");
	if (address != NULL)
		g.in.address = str_of(bytes, 20);
	g.in.role = str_c(rest.argv[0]);
	g.in.actor = by.actor;
	g.in.reason = by.reason;
	status = command_visit(w, in, grant, &g);
	if (status == EXIT_OK)
		print_row(w, in, PRINT_SHAPE(sql_role_grant_stmt), &g.row,
			"id role person_id project_id bounty_id granted_by granted_at");
	return status;
}

struct role_revoke {
	struct sql_role_revoke_in in;
	struct sql_role_revoke_out row;
};

static bool take_away(struct work *w, struct tx *tx, void *arg)
{
	struct role_revoke *r = arg;
	bool found;

	if (!sql_role_revoke(w, tx, &r->in, &r->row, &found))
		return false;
	return found || err_set(w, ERR_INVALID, "role.not_found", "no such grant; see role list");
}

int command_role_revoke(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct role_revoke r = { .in = { .actor_kind = STR("cli") } };
	struct command_by by;
	int status;

	if (!command_by(w, &rest, &by))
		return EXIT_USAGE;
	if (rest.argc != 1 || !uuid_parse(str_c(rest.argv[0]), &r.in.id))
		return command_usage("role revoke ID --reason TEXT, an id of role list");
	r.in.actor = by.actor;
	r.in.reason = by.reason;
	status = command_visit(w, in, take_away, &r);
	if (status == EXIT_OK)
		print_row(w, in, PRINT_SHAPE(sql_role_revoke_stmt), &r.row, "id role person_id revoked_at");
	return status;
}
