#include "link.h"

#include "base/hex.h"
#include "conf.h"
#include "crypto/digest.h"
#include "crypto/seal.h"
#include "keys.h"
#include "problem.h"
#include "random.h"
#include "session.h"
#include "sql.h"

#define STATE_BYTES 16
#define CONFIRM STR("pwl_")

static bool configured(struct call *c)
{
	return (keys.seal != NULL && api_conf.github_client_id.n > 0 && api_conf.github_callback.n > 0) ||
		problem_set(c, "link.unconfigured");
}

static str random_text(struct call *c, size_t n)
{
	uint8_t bytes[32];

	random_bytes(bytes, n);
	return base64url_str(c->w.arena, str_of(bytes, n));
}

/* What is sealed for one attempt opens for no other. */
static str seal_for(struct call *c, const char *what, str state_sha256, str plain)
{
	str about = arena_printf(c->w.arena, "link %s " STR_FMT, what, STR_ARG(hex_str(c->w.arena, state_sha256)));

	return seal_close(c->w.arena, keys.seal, about, plain);
}

/* No scope: who somebody is, GitHub says without one. */
static str authorize_url(struct call *c, str state, str verifier)
{
	uint8_t challenge[32];

	sha256(verifier, challenge);
	return arena_printf(c->w.arena,
		STR_FMT "?response_type=code&client_id=" STR_FMT "&redirect_uri=" STR_FMT "&state=" STR_FMT
			"&code_challenge=" STR_FMT "&code_challenge_method=S256",
		STR_ARG(api_conf.github_authorize_url), STR_ARG(percent_str(c->w.arena, api_conf.github_client_id)),
		STR_ARG(percent_str(c->w.arena, api_conf.github_callback)), STR_ARG(state),
		STR_ARG(base64url_str(c->w.arena, str_of(challenge, sizeof(challenge)))));
}

bool link_start(struct call *c, void *p)
{
	struct sql_link_start_in *in = p;
	str state, verifier;

	if (!configured(c))
		return false;
	state = random_text(c, STATE_BYTES);
	verifier = random_text(c, 32);
	in->id = uuid_v7();
	in->state_sha256 = session_hash(c, state);
	in->redirect_uri = api_conf.github_callback;
	in->verifier = seal_for(c, "verifier", in->state_sha256, verifier);
	c->secret = authorize_url(c, state, verifier);
	return true;
}

bool link_started(struct call *c, void *p)
{
	((struct sql_link_start_out *)p)->url = c->secret;
	return true;
}

/* GitHub's own word for why there is no code goes nowhere: it is anybody's text. */
static const char *refusal(str error)
{
	return str_eq(error, STR("access_denied")) ? "link.denied" : "link.github_refused";
}

bool link_answer(struct call *c, void *p)
{
	struct sql_link_answer_in *in = p;

	if (!configured(c))
		return false;
	if (in->code.n == 0 && in->error.n == 0)
		return problem_set(c, "link.no_code");
	in->state_sha256 = session_hash(c, in->state_sha256);
	if (in->error.n > 0) {
		in->error = str_c(refusal(in->error));
		in->code = (str){ NULL, 0 };
	} else {
		in->error = (str){ NULL, 0 };
		in->code = seal_for(c, "code", in->state_sha256, in->code);
	}
	in->confirm_sha256 = session_secret(c, CONFIRM);
	return true;
}

/* Behind the #, so that no server and no referrer sees it. */
bool link_answered(struct call *c, void *p)
{
	struct sql_link_answer_out *row = p;
	char id[UUID_TEXT];

	c->cache = STR("no-store");
	if (row->reason.p == NULL)
		row->confirm = c->secret;
	if (api_conf.github_return.n == 0)
		return row->reason.p == NULL || problem_set(c, arena_cstr(c->w.arena, row->reason));
	uuid_format(row->id, id);
	c->status = 303;
	c->location = row->reason.p == NULL
		? arena_printf(c->w.arena, STR_FMT "#link=%.*s&confirm=" STR_FMT, STR_ARG(api_conf.github_return),
			  UUID_TEXT, id, STR_ARG(c->secret))
		: arena_printf(c->w.arena, STR_FMT "#link=%.*s&code=" STR_FMT, STR_ARG(api_conf.github_return),
			  UUID_TEXT, id, STR_ARG(row->reason));
	return true;
}

bool link_confirm(struct call *c, void *p)
{
	struct sql_link_confirm_in *in = p;

	in->confirm_sha256 = session_hash(c, in->confirm_sha256);
	return true;
}
