#include "access.h"

#include "conf.h"
#include "keys.h"
#include "problem.h"
#include "request.h"
#include "routes.h"
#include "token.h"

#include <arpa/inet.h>

static bool check_bearer(struct call *c, str header)
{
	struct jwt_claims claims;
	str token;

	if (header.n < 8 || !str_eq_nocase(str_of(header.p, 7), STR("bearer ")))
		return problem_set(c, "auth.missing");
	token = str_trim(str_skip(header, 7));
	if (str_starts(token, TOKEN_PREFIX))
		return token_check(c, token);
	if (!jwt_verify(&c->w, keys.jwt, keys.n_jwt, token, KEYS_ISSUER, api_conf.domain, clock_now(), &claims))
		return false;
	c->person = claims.sub;
	c->session = claims.jti;
	c->signed_in = true;
	return true;
}

bool access_check(struct call *c)
{
	str header;

	if (c->route->access != ACCESS_SESSION && c->route->access != ACCESS_ANYONE)
		return true;
	if (!request_header(c, "authorization", &header))
		return false;
	if ((c->route->access == ACCESS_ANYONE && header.p == NULL) || check_bearer(c, header))
		return true;
	c->denied = true;
	c->refusal = c->w.err;
	err_clear(&c->w);
	return true;
}

/* An IPv6 client owns a /64. */
static str client(struct call *c, int family, const void *address)
{
	char text[INET6_ADDRSTRLEN] = "";
	struct in6_addr net;

	if (family == AF_INET)
		inet_ntop(AF_INET, address, text, sizeof(text));
	if (family == AF_INET6) {
		memcpy(&net, address, sizeof(net));
		memset(net.s6_addr + 8, 0, 8);
		inet_ntop(AF_INET6, &net, text, sizeof(text));
	}
	return arena_str(c->w.arena, str_c(text));
}

/* What our proxy says, and only where there is one: anyone can send this header. */
static bool forwarded(struct call *c, str *out)
{
	str header, piece, last = { NULL, 0 };
	struct in6_addr v6;
	struct in_addr v4;
	const char *text;

	if (!api_conf.proxy || !request_header(c, "x-forwarded-for", &header)) {
		err_clear(&c->w);
		return false;
	}
	while (str_next(&header, ',', &piece))
		last = str_trim(piece);
	text = arena_cstr(c->w.arena, last);
	if (inet_pton(AF_INET, text, &v4) == 1)
		*out = client(c, AF_INET, &v4);
	else if (inet_pton(AF_INET6, text, &v6) == 1)
		*out = client(c, AF_INET6, &v6);
	else
		return false;
	return true;
}

static str address(struct call *c)
{
	const struct connection *o = c->req->owner;
	str who;

	if (forwarded(c, &who))
		return who;
	return o->family == AF_INET ? client(c, AF_INET, &o->addr.ipv4.sin_addr)
				    : client(c, o->family, &o->addr.ipv6.sin6_addr);
}

static struct window_limit limit_of(enum limit_class class)
{
	switch (class) {
	case LIMIT_READ: return (struct window_limit){ api_conf.read_per_minute, api_conf.read_burst };
	case LIMIT_WRITE: return (struct window_limit){ api_conf.write_per_minute, api_conf.write_burst };
	case LIMIT_LOGIN: return (struct window_limit){ api_conf.login_per_minute, api_conf.login_burst };
	case LIMIT_PROJECT: return (struct window_limit){ api_conf.project_per_minute, api_conf.project_burst };
	default: return (struct window_limit){ 0 };
	}
}

const char *access_window_name(const struct call *c)
{
	static const char *const names[] = { "none", "read", "write", "login", "project" };

	return c->denied ? "denied" : names[c->route->limit];
}

static void on_counted(struct window_call *window, const struct window_verdict *verdict)
{
	struct call *c = window->arg;

	c->verdict = *verdict;
	c->waiting = false;
	c->counted = true;
	if (c->asleep)
		http_request_wakeup(c->req);
}

void access_count(struct call *c)
{
	char id[UUID_TEXT];
	str key;

	c->limit = limit_of(c->denied ? LIMIT_LOGIN : c->route->limit);
	if (c->limit.per_minute == 0)
		return;
	uuid_format(c->person, id);
	if (c->denied)
		key = arena_printf(c->w.arena, "denied:addr:" STR_FMT, STR_ARG(address(c)));
	else if (c->signed_in)
		key = arena_printf(c->w.arena, "%s:user:%.*s", access_window_name(c), UUID_TEXT, id);
	else
		key = arena_printf(c->w.arena, "%s:addr:" STR_FMT, access_window_name(c), STR_ARG(address(c)));
	c->window = (struct window_call){ .done = on_counted, .arg = c };
	c->waiting = true;
	window_take(&c->window, key, c->limit);
}

bool access_allowed(struct call *c)
{
	if (c->counted && !c->verdict.allowed) {
		problem_set(c, "api.rate_limited");
		c->w.err.retry_after = c->verdict.retry_after;
		return false;
	}
	if (c->denied)
		c->w.err = c->refusal;
	return !c->denied;
}

static void on_admission(struct pipe_call *pipe)
{
	struct call *c = pipe->arg;

	c->waiting = false;
	if (c->asleep)
		http_request_wakeup(c->req);
}

/* Other statements look at the session themselves; a page has no column to say that it is over. */
static bool needs_admission(const struct call *c)
{
	const struct route *r = c->route;

	return c->machine.p != NULL || r->roles != NULL || r->action != NULL ||
		(r->access == ACCESS_SESSION && r->reply == REPLY_PAGE);
}

static void submit_admission(struct call *c, const struct sql *sql, const void *in)
{
	c->admission = (struct pipe_call){ .sql = sql, .reads = true, .done = on_admission, .arg = c };
	query_encode(c->w.arena, sql, in, &c->admission.params);
	c->waiting = true;
	c->admitting = true;
	pipe_submit(&c->admission);
}

/* A hook that there is not is one that nobody can sign for. */
static bool admit_hook(struct call *c)
{
	struct sql_hook_secrets_in *in = ARENA_NEW(c->w.arena, struct sql_hook_secrets_in);

	if (!request_id(c, &in->id)) {
		err_clear(&c->w);
		return problem_set(c, "webhook.signature");
	}
	submit_admission(c, &sql_hook_secrets_stmt, in);
	return true;
}

static bool admitted_hook(struct call *c)
{
	struct sql_hook_secrets_out *row = ARENA_NEW(c->w.arena, struct sql_hook_secrets_out);

	if (!pipe_result(&c->w, &c->admission))
		return false;
	if (PQntuples(c->admission.res) == 0)
		return true;
	c->hook = row;
	return query_decode(&c->w, &sql_hook_secrets_stmt, c->admission.res, 0, row);
}

bool access_admit(struct call *c)
{
	struct sql_auth_admit_in *in;
	const struct route *r = c->route;

	if (r->access == ACCESS_HOOK)
		return admit_hook(c);
	if (!needs_admission(c))
		return true;
	in = ARENA_NEW(c->w.arena, struct sql_auth_admit_in);
	in->session_id = c->session;
	in->has_session_id = c->machine.p == NULL;
	in->token_sha256 = c->machine;
	in->kind = str_c(r->object);
	in->has_object_id = r->object != NULL;
	if (r->object != NULL && !request_id(c, &in->object_id))
		return false;
	in->roles = str_c(r->roles);
	in->scope = str_c(r->scope);
	in->action = str_c(r->action);
	in->fresh = ACCESS_FRESH;
	submit_admission(c, &sql_auth_admit_stmt, in);
	return true;
}

bool access_admitted(struct call *c)
{
	struct sql_auth_admit_out row = { 0 };

	if (!c->admitting)
		return true;
	if (c->route->access == ACCESS_HOOK)
		return admitted_hook(c);
	if (!pipe_result(&c->w, &c->admission) || !query_decode(&c->w, &sql_auth_admit_stmt, c->admission.res, 0, &row))
		return false;
	if (row.refused.p != NULL)
		return problem_set(c, arena_cstr(c->w.arena, row.refused));
	c->session = row.session_id;
	c->person = row.person_id;
	c->signed_in = true;
	return true;
}
