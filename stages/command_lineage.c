/* lineage: webhook, jobs, evidence, verdict, proof, payout, transaction, score of one contribution, from any of its ids. */
#include <stdio.h>

#include "base/json.h"
#include "command.h"
#include "print.h"
#include "sql.h"

struct asked {
	struct sql_lineage_resolve_in which;
	struct sql_lineage_get_in in;
	struct sql_lineage_get_out row;
	const char *id;
};

struct hop {
	str what, at, state, id, detail;
};
static const struct sql_value hop_values[] = {
	{ "what", SQL_TEXT, offsetof(struct hop, what), (size_t)-1, true, "" },
	{ "at", SQL_TEXT, offsetof(struct hop, at), (size_t)-1, true, "" },
	{ "state", SQL_TEXT, offsetof(struct hop, state), (size_t)-1, true, "" },
	{ "id", SQL_TEXT, offsetof(struct hop, id), (size_t)-1, true, "" },
	{ "detail", SQL_TEXT, offsetof(struct hop, detail), (size_t)-1, true, "" },
};
static const struct print_shape hop_shape = { hop_values, sizeof(hop_values) / sizeof(hop_values[0]),
	sizeof(struct hop) };

struct hops {
	struct hop *at;
	size_t n, room;
};

/* Which members of an element of the list make its line; NULL = none. */
struct section {
	const char *what, *at, *state, *id, *detail[3];
};

static str text_of(struct work *w, const cJSON *item, const char *member)
{
	const cJSON *v = member == NULL ? NULL : json_get(item, member);

	if (v == NULL || cJSON_IsNull(v))
		return (str){ NULL, 0 };
	return cJSON_IsString(v) ? str_c(v->valuestring) : json_print(w, v);
}

static str details(struct work *w, const cJSON *item, const struct section *s)
{
	struct buf b = buf_new(w->arena, 1 << 16);

	for (int i = 0; i < 3; i++) {
		str text = text_of(w, item, s->detail[i]);

		if (text.p != NULL)
			buf_printf(&b, "%s%s " STR_FMT, b.n > 0 ? ", " : "", s->detail[i], STR_ARG(text));
	}
	return buf_str(&b);
}

static bool add(struct work *w, struct hops *h, str list, struct section s)
{
	const cJSON *items, *item;

	if (!json_parse(w, list, &items))
		return false;
	cJSON_ArrayForEach(item, items) {
		if (h->n == h->room) {
			struct hop *more = arena_array(w->arena, 2 * h->room + 16, sizeof(*more));

			for (size_t i = 0; i < h->n; i++)
				more[i] = h->at[i];
			h->at = more;
			h->room = 2 * h->room + 16;
		}
		h->at[h->n++] = (struct hop){
			.what = str_c(s.what),
			.at = text_of(w, item, s.at),
			.state = text_of(w, item, s.state),
			.id = text_of(w, item, s.id),
			.detail = details(w, item, &s),
		};
	}
	return true;
}

static bool collect(struct work *w, const struct sql_lineage_get_out *r, struct hops *h)
{
	return add(w, h, r->deliveries,
		       (struct section){
			       "webhook", "received_at", "state", "guid", { "event", "action", "reason" } }) &&
		add(w, h, r->jobs,
			(struct section){ "job", "created_at", "state", "id", { "kind", "key", "parent_id" } }) &&
		add(w, h, r->pulls,
			(struct section){
				"pull request", "merged_at", "state", "id", { "number", "author", "merge_sha" } }) &&
		add(w, h, r->bounties,
			(struct section){ "bounty", "created_at", "state", "id", { "amount", "symbol", "blocker" } }) &&
		add(w, h, r->contributions,
			(struct section){
				"deposit", "created_at", "state", "id", { "tx_hash", "amount", "reason" } }) &&
		add(w, h, r->submissions,
			(struct section){
				"submission", "created_at", "state", "id", { "evidence_level", "reason", NULL } }) &&
		add(w, h, r->awards,
			(struct section){
				"award", "at", NULL, "comment_id", { "actor", "reason", "evidence_sha256" } }) &&
		add(w, h, r->verdicts,
			(struct section){
				"evidence", "created_at", NULL, "evidence_root", { "policy_sha256", NULL, NULL } }) &&
		add(w, h, r->verdicts,
			(struct section){ "verdict", "created_at", "result", "id", { "submission_id", NULL, NULL } }) &&
		add(w, h, r->proofs,
			(struct section){ "proof", "pinned_at", NULL, "cid", { "created_at", NULL, NULL } }) &&
		add(w, h, r->payouts,
			(struct section){ "payout", "created_at", "state", "id", { "amount", "payee", "due_at" } }) &&
		add(w, h, r->refunds,
			(struct section){ "refund", "created_at", "state", "id", { "amount", "funder", "due_at" } }) &&
		add(w, h, r->transactions,
			(struct section){ "transaction", "sent_at", "state", "tx_hash",
				{ "attempt", "nonce", "block_number" } }) &&
		add(w, h, r->transfers, (struct section){ "transfer", "at", NULL, "key", { "amount", NULL, NULL } }) &&
		add(w, h, r->scores,
			(struct section){
				"score", "occurred_at", NULL, "id", { "points_micro", "login", "formula_version" } });
}

static bool get(struct work *w, struct tx *tx, void *arg)
{
	struct asked *a = arg;
	struct sql_lineage_resolve_out what;
	bool found;

	if (!a->in.has_number) {
		if (!sql_lineage_resolve(w, tx, &a->which, &what, &found))
			return false;
		if (!found)
			return err_set(w, ERR_INVALID, "lineage.not_found", "%s is not known", a->id);
		a->in.kind = what.kind;
		a->in.has_id = true;
		a->in.id = what.id;
	}
	if (!sql_lineage_get(w, tx, &a->in, &a->row, &found))
		return false;
	return found || err_set(w, ERR_INVALID, "lineage.not_found", "%s is not known", a->id);
}

/* "owner/name#12", an id, or a job's number */
static bool read_id(struct asked *a)
{
	str text = str_c(a->id);
	size_t hash;
	int64_t number;

	if (str_i64(text, &number)) {
		a->in.kind = STR("job");
		a->in.has_number = true;
		a->in.number = number;
		return true;
	}
	if (str_find(text, STR("#"), &hash)) {
		a->which.repo = str_of(text.p, hash);
		a->which.has_pull = str_i64(str_skip(text, hash + 1), &number) && number > 0 && number <= INT32_MAX;
		a->which.pull = a->which.has_pull ? (int32_t)number : 0;
		return a->which.has_pull;
	}
	a->which.has_id = uuid_parse(text, &a->which.id);
	return a->which.has_id;
}

int command_lineage(struct work *w, const struct invocation *in)
{
	struct asked a = { 0 };
	struct hops h = { 0 };
	int status;

	if (in->argc != 1)
		return command_usage(
			"lineage OWNER/NAME#PULL, or the id of a job, pull, submission, bounty, payout or delivery");
	a.id = in->argv[0];
	if (!read_id(&a))
		return command_usage("'%s' is no OWNER/NAME#PULL, no job's number and no id", a.id);
	status = command_visit(w, in, get, &a);
	if (status != EXIT_OK)
		return status;
	if (in->json)
		printf(STR_FMT "\n", STR_ARG(print_json(w, PRINT_SHAPE(sql_lineage_get_stmt), &a.row)));
	else if (!collect(w, &a.row, &h))
		return command_failed(w);
	else
		print_rows(w, in, hop_shape, h.at, h.n, "what at state id detail", "");
	return EXIT_OK;
}
