/* Webhooks of ours: made by GitHub's API with a secret that nobody else is told, since who knows it could sign in GitHub's name. */
#include <inttypes.h>
#include <sodium.h>

#include "base/hex.h"
#include "base/log.h"
#include "base/output.h"
#include "sql.h"
#include "stages/stages.h"
#include "sync.h"

static const struct seal *seal;
static char address[512]; /* "https://host/v1/webhooks/github"; "" = none are made */

void sync_use_hooks(const struct seal *s, str url)
{
	seal = s;
	snprintf(address, sizeof(address), STR_FMT, STR_ARG(url));
}

static const char *const events[] = { "issues", "issue_comment", "pull_request", "repository", "public", "member",
	"push", NULL };

str sync_hook_about(struct work *w, uuid id)
{
	char text[UUID_TEXT];

	uuid_format(id, text);
	return arena_printf(w->arena, "hook/%.*s", UUID_TEXT, text);
}

/* 256 random bits in hex, closed. */
static str fresh_secret(struct work *w, uuid hook_id)
{
	uint8_t bytes[32];
	char text[64];
	str box;

	randombytes_buf(bytes, sizeof(bytes));
	hex_encode(bytes, sizeof(bytes), text);
	box = seal_close(w->arena, seal, sync_hook_about(w, hook_id), str_of(text, sizeof(text)));
	sodium_memzero(bytes, sizeof(bytes));
	sodium_memzero(text, sizeof(text));
	return box;
}

bool ask_as(struct work *w, struct tx *tx, const struct own_token *t, usec *wait)
{
	*wait = 0;
	if (w->quota == NULL || seal == NULL)
		return true;
	if (t->ends) {
		if (!token_renew(w, tx, t->id, wait))
			return false;
		w->quota->idle |= *wait > 0;
		return true;
	}
	w->quota->account = arena_printf(w->arena, "user/%" PRId64, t->uid);
	return seal_open(w, seal, sync_token_about(w, t->id), t->sealed, &w->quota->token);
}

/* false with no error: the hook is gone meanwhile */
static bool read_hook(struct work *w, struct tx *tx, struct hook_task *t, struct sql_hook_read_out *row)
{
	bool found;

	if (seal == NULL || address[0] == '\0')
		return err_set(w, ERR_INVALID, "hook.unconfigured", "seal.key_file or github.hook_url is not set here");
	if (!sql_hook_read(w, tx, &(struct sql_hook_read_in){ t->hook_id }, row, &found))
		return false;
	t->decided = !found;
	if (w->quota != NULL)
		w->quota->idle = t->decided;
	if (!found)
		return true;
	if (!row->has_repo_id)
		return err_snooze(
			w, 2 * USEC_S, "sync.project_unresolved", "GitHub has not told the repository's id yet");
	t->project_id = row->project_id;
	t->repo_id = row->repo_id;
	t->id = row->has_github_id ? row->github_id : 0;
	t->ping_due = row->ping_due;
	t->subscribed = row->subscribed;
	t->since = row->since;
	t->waited_for = row->has_check;
	t->url = arena_printf(
		w->arena, "%s/" STR_FMT, address, STR_ARG(str_skip(sync_hook_about(w, t->hook_id), strlen("hook/"))));
	quota_about(w->quota, "/repositories/%" PRId64, t->repo_id);
	return !row->has_token_id ||
		ask_as(w, tx, &(struct own_token){ row->uid, row->token_id, row->token, row->token_ends }, &t->wait);
}

/* sync.hook --------------------------------------------------------------------------------------------------------------- */
bool hook_plan(struct work *w, struct tx *tx, void *task)
{
	struct hook_task *t = task;
	struct sql_hook_read_out row = { 0 };
	struct sql_hook_begin_out begun;

	if (!read_hook(w, tx, t, &row))
		return false;
	if (t->decided || t->wait > 0)
		return true;
	if (t->waited_for && !row.has_token_id) {
		t->gone = "ownership.no_token";
		return true;
	}
	return sql_hook_begin(w, tx, &(struct sql_hook_begin_in){ t->hook_id, fresh_secret(w, t->hook_id) }, &begun) &&
		seal_open(w, seal, sync_hook_about(w, t->hook_id), begun.secret, &t->secret);
}

/* GitHub lets administrators alone see and make hooks; to others there are none. */
static bool not_allowed(struct work *w, struct hook_task *t)
{
	if (w->err.kind != ERR_INVALID ||
		!str_one_of(str_c(w->err.code), "github.not_found|github.refused|github.hook_limit"))
		return false;
	t->gone = strcmp(w->err.code, "github.hook_limit") == 0 ? "github.hook_limit" : "ownership.not_admin";
	err_clear(w);
	return true;
}

bool hook_probe(struct work *w, const struct outside *outside, void *task, bool *done)
{
	struct hook_task *t = task;

	if (t->wait > 0)
		return token_wait(w, t->wait);
	*done = t->decided || t->gone != NULL || (t->id != 0 && !t->waited_for);
	if (*done || t->id != 0)
		return true;
	if (!github_hook_find(w, outside->github, t->repo_id, t->url, &t->id)) {
		*done = true;
		return not_allowed(w, t);
	}
	*done = t->id != 0 && !t->waited_for;
	return true;
}

bool hook_effect(struct work *w, const struct outside *outside, void *task)
{
	struct hook_task *t = task;

	if (t->id != 0) /* the ping that came with it may be lost */
		return github_hook_ping(w, outside->github, t->repo_id, t->id) || not_allowed(w, t);
	return github_hook_create(w, outside->github, t->repo_id, t->url, t->secret, events, &t->id) ||
		not_allowed(w, t);
}

static bool settle_gone(struct work *w, struct tx *tx, const struct hook_task *t)
{
	struct sql_hook_gone_in in = { t->hook_id, str_c(t->gone), w->job, work_trace(w) };
	struct sql_hook_gone_out out;

	output_word(w, "gone", t->gone, NULL);
	return sql_hook_gone(w, tx, &in, &out);
}

bool hook_settle(struct work *w, struct tx *tx, void *task)
{
	const struct hook_task *t = task;

	if (t->gone != NULL)
		return settle_gone(w, tx, t);
	return t->decided || sql_hook_made(w, tx, &(struct sql_hook_made_in){ t->hook_id, t->id });
}

/* sync.rotate ------------------------------------------------------------------------------------------------------------- */
bool rotate_plan(struct work *w, struct tx *tx, void *task)
{
	struct hook_task *t = task;
	struct sql_hook_read_out row = { 0 };
	struct sql_hook_rotation_begin_out begun;

	if (!read_hook(w, tx, t, &row) || t->decided || t->wait > 0)
		return w->err.kind == ERR_NONE;
	if (!sql_hook_rotation_begin(
		    w, tx, &(struct sql_hook_rotation_begin_in){ t->hook_id, fresh_secret(w, t->hook_id) }, &begun))
		return false;
	t->next = begun.next;
	return seal_open(w, seal, sync_hook_about(w, t->hook_id), t->next, &t->secret);
}

/* The same secret again changes nothing, so nobody asks whether it is there. */
bool rotate_effect(struct work *w, const struct outside *outside, void *task)
{
	const struct hook_task *t = task;

	if (t->wait > 0)
		return token_wait(w, t->wait);
	return t->decided || github_hook_secret(w, outside->github, t->repo_id, t->id, t->secret);
}

bool rotate_settle(struct work *w, struct tx *tx, void *task)
{
	const struct hook_task *t = task;

	return t->decided || sql_hook_rotation_end(w, tx, &(struct sql_hook_rotation_end_in){ t->hook_id, t->next });
}

/* sync.hooks, sync.health, sync.redeliver --------------------------------------------------------------------------------- */
bool hooks_settle(struct work *w, struct tx *tx, void *task)
{
	struct sql_hook_due_out out;

	(void)task;
	if (!sql_hook_due(w, tx, &(struct sql_hook_due_in){ w->job, work_trace(w) }, &out))
		return false;
	w->output = arena_printf(w->arena, "{\"hooks\":%" PRId64 ",\"asked\":%" PRId64 ",\"given_up\":%" PRId64 "}",
		out.hooks, out.asked, out.given_up);
	if (out.given_up > 0)
		log_event(LOG_WARN, w, "hook.given_up", "deliveries=%" PRId64, out.given_up);
	return true;
}

bool health_plan(struct work *w, struct tx *tx, void *task)
{
	struct hook_task *t = task;
	struct sql_hook_read_out row = { 0 };

	if (!read_hook(w, tx, t, &row))
		return false;
	t->decided |= t->id == 0;
	if (t->page.n == 0) {
		t->began = row.now;
		return true;
	}
	t->since = t->page_since;
	t->subscribed = true; /* the first one of these looks has asked */
	t->ping_due = false;
	return true;
}

/* A hook is made once, and what we want of it grows. That we may not say so hinders nothing else. */
static bool subscribe(struct work *w, struct github *g, struct hook_task *t, bool *wrote)
{
	struct github_hook hook;
	bool told;

	if (t->subscribed)
		return true;
	told = github_hook_read(w, g, t->repo_id, t->id, events, &hook);
	*wrote = told && !hook.subscribed;
	if (told && (hook.subscribed || github_hook_subscribe(w, g, t->repo_id, t->id, events, &hook))) {
		t->confirmed = hook.subscribed && hook.has_secret;
		t->lost_secret = !hook.has_secret;
		return true;
	}
	if (w->err.kind != ERR_INVALID)
		return false;
	t->refusal = w->err.code;
	err_clear(w);
	return true;
}

bool health_effect(struct work *w, const struct outside *outside, void *task)
{
	struct hook_task *t = task;
	bool wrote = false;

	if (t->wait > 0)
		return token_wait(w, t->wait);
	if (t->decided)
		return true;
	if (!github_hook_deliveries(
		    w, outside->github, t->repo_id, t->id, t->since, t->page, &t->list, &t->n_list, &t->more)) {
		if (strcmp(w->err.code, "github.not_found") != 0)
			return false;
		err_clear(w);
		t->page_lost = t->page.n > 0;
		t->gone = t->page_lost ? NULL : "ownership.hook_gone";
		return true;
	}
	if (!subscribe(w, outside->github, t, &wrote))
		return false;
	t->ping_due &= !wrote; /* one write in a turn; the next look asks for it */
	return !t->ping_due || github_hook_ping(w, outside->github, t->repo_id, t->id);
}

static void say_looked(struct work *w, const struct hook_task *t, int64_t failed, bool rotates)
{
	struct json *j = output_open(w);

	json_i64(j, "deliveries", (int64_t)t->n_list);
	json_i64(j, "failed", failed);
	if (t->refusal != NULL)
		json_str(j, "events", str_c(t->refusal));
	if (rotates)
		json_str(j, "secret", STR("lost"));
	if (t->more.n > 0)
		json_bool(j, "more", true);
	output_close(w, j);
}

bool health_settle(struct work *w, struct tx *tx, void *task)
{
	const struct hook_task *t = task;
	size_t n = t->n_list;
	str *guids = arena_array(w->arena, n + 1, sizeof(*guids)),
	    *names = arena_array(w->arena, n + 1, sizeof(*names));
	int64_t *ids = arena_array(w->arena, n + 1, sizeof(*ids)), *at = arena_array(w->arena, n + 1, sizeof(*at));
	int32_t *status = arena_array(w->arena, n + 1, sizeof(*status));
	struct sql_hook_looked_out out;

	if (t->gone != NULL)
		return settle_gone(w, tx, t);
	if (t->page_lost)
		output_word(w, "page", "lost", NULL);
	if (t->decided || t->page_lost)
		return true;
	for (size_t i = 0; i < n; i++) {
		char *text = arena_alloc(w->arena, UUID_TEXT);

		uuid_format(t->list[i].guid, text);
		guids[i] = str_of(text, UUID_TEXT);
		names[i] = t->list[i].event;
		ids[i] = t->list[i].id;
		at[i] = t->list[i].at;
		status[i] = t->list[i].status;
	}
	if (!sql_hook_looked(w, tx,
		    &(struct sql_hook_looked_in){ t->hook_id, { guids, n }, { ids, n }, { names, n }, { status, n },
			    { at, n }, w->job, work_trace(w), t->confirmed, t->lost_secret, t->ping_due, t->began,
			    t->more, t->since },
		    &out))
		return false;
	say_looked(w, t, out.failed, out.rotates);
	return true;
}

bool redeliver_plan(struct work *w, struct tx *tx, void *task)
{
	struct hook_task *t = task;
	struct sql_hook_read_out row = { 0 };
	struct sql_hook_lost_out lost;
	bool found;

	if (!read_hook(w, tx, t, &row) || t->decided || t->wait > 0)
		return w->err.kind == ERR_NONE;
	if (!sql_hook_lost(w, tx, &(struct sql_hook_lost_in){ t->hook_id, t->guid }, &lost, &found))
		return false;
	t->listed = found;
	t->decided = !found || lost.arrived || t->id == 0;
	t->delivery = lost.github_id;
	if (w->quota != NULL)
		w->quota->idle = t->decided;
	return true;
}

/* Asked for twice, it comes twice with one id, and is stored once. */
bool redeliver_effect(struct work *w, const struct outside *outside, void *task)
{
	struct hook_task *t = task;

	if (t->wait > 0)
		return token_wait(w, t->wait);
	if (t->decided || github_hook_redeliver(w, outside->github, t->repo_id, t->id, t->delivery))
		return true;
	if (w->err.kind != ERR_INVALID)
		return false;
	t->refusal = w->err.code; /* it may be taken the next time */
	err_clear(w);
	return true;
}

bool redeliver_settle(struct work *w, struct tx *tx, void *task)
{
	const struct hook_task *t = task;

	if (t->refusal != NULL) {
		output_word(w, "refused", t->refusal, NULL);
		return true;
	}
	return !t->listed || sql_hook_redelivered(w, tx, &(struct sql_hook_redelivered_in){ t->hook_id, t->guid });
}
