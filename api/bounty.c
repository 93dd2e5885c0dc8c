#include "bounty.h"

#include "conf.h"
#include "model/account.h"
#include "problem.h"
#include "sql.h"

static bool all_of(str s, const char *more)
{
	for (size_t i = 0; i < s.n; i++) {
		bool letter = (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= 'A' && s.p[i] <= 'Z');

		if (!letter && !(s.p[i] >= '0' && s.p[i] <= '9') && strchr(more, s.p[i]) == NULL)
			return false;
	}
	return true;
}

/* The address of its page, as it is copied from a browser or for `git clone`, says the same. */
static str without_address(str s)
{
	const str page = STR("https://github.com/");

	if (s.n <= page.n || !str_eq_nocase(str_of(s.p, page.n), page))
		return s;
	s = str_skip(s, page.n);
	if (str_ends(s, STR("/")))
		s.n--;
	if (str_ends(s, STR(".git")))
		s.n -= 4;
	return s;
}

/* GitHub: owners of up to 39 letters, digits and hyphens; names of up to 100, with dots and underscores. */
bool bounty_repository(struct call *c, void *p)
{
	struct sql_project_create_in *in = p;
	str name = in->full_name = without_address(in->full_name), owner;

	if (!str_next(&name, '/', &owner) || owner.n == 0 || owner.n > 39 || !all_of(owner, "-") || owner.p[0] == '-' ||
		name.n == 0 || name.n > 100 || !all_of(name, "-._") || str_eq(name, STR(".")) ||
		str_eq(name, STR("..")))
		return problem_set(c, "project.name");
	return true;
}

bool bounty_create_bind(struct call *c, void *p)
{
	struct sql_bounty_create_in *in = p;
	uint8_t token[20];

	if (!address_parse(in->token, token))
		return problem_set(c, "bounty.token");
	in->token = arena_str(c->w.arena, str_of(token, sizeof(token)));
	in->hold = api_conf.bounty_hold;
	in->least = api_conf.bounty_least;
	if (in->deadline_at == 0)
		in->deadline_at = clock_now() + api_conf.bounty_deadline;
	return true;
}
