#include "role.h"

#include "sql.h"

static str actor(struct call *c)
{
	char id[UUID_TEXT];

	uuid_format(c->person, id);
	return arena_printf(c->w.arena, "person/%.*s", UUID_TEXT, id);
}

bool role_grant(struct call *c, void *p)
{
	struct sql_role_grant_in *in = p;

	in->actor_kind = STR("person");
	in->actor = actor(c);
	return true;
}

bool role_revoke(struct call *c, void *p)
{
	struct sql_role_revoke_in *in = p;

	in->actor_kind = STR("person");
	in->actor = actor(c);
	return true;
}
