#include "operator.h"

#include "model/kind.h"
#include "model/rate.h"
#include "ops/explain.h"
#include "problem.h"
#include "sql.h"

#define STAGES 16 /* at most */
#define IDS_MAX 1000
#define DAY 86400

/* Each stage is named, also when nothing is there. */
bool operator_stages(struct call *c, void *p)
{
	struct sql_control_stages_in *in = p;
	str *names = arena_array(c->w.arena, STAGES, sizeof(*names));
	size_t n = 0;

	for (const struct kind *k = kinds; k->kind != NULL; k++) {
		str name = str_of(k->kind, strcspn(k->kind, "."));

		if ((n == 0 || !str_eq(names[n - 1], name)) && n < STAGES)
			names[n++] = name;
	}
	in->known.at = names;
	in->known.n = n;
	return true;
}

bool operator_pause(struct call *c, void *p)
{
	const struct sql_pause_ask_in *in = p;
	uuid id;

	if (str_eq(in->what, STR("stage"))              ? kind_stage(in->name)
			: str_eq(in->what, STR("kind")) ? kind_find(in->name) != NULL
							: uuid_parse(in->name, &id))
		return true;
	return problem_set(c, "queue.pause_unknown");
}

static bool are_ids(const cJSON *list)
{
	const cJSON *item;
	int64_t id;

	if (!cJSON_IsArray(list) || list->child == NULL || cJSON_GetArraySize(list) > IDS_MAX)
		return false;
	cJSON_ArrayForEach(item, list) {
		if (!cJSON_IsNumber(item) || !json_i64_of(item, &id) || id < 1)
			return false;
	}
	return true;
}

static bool check_ids(struct call *c, str ids)
{
	const cJSON *list;

	if (ids.p == NULL)
		return true;
	if (!json_parse(&c->w, ids, &list))
		return false;
	return are_ids(list) ||
		err_set(&c->w, ERR_INVALID, "json.type", "ids must be 1 to %d numbers of jobs", IDS_MAX);
}

/* Everything there ever was is not asked for by saying nothing. */
#define FILTERED(in)                                                                                                   \
	((in)->ids.p != NULL || (in)->stage.p != NULL || (in)->kind.p != NULL || (in)->state.p != NULL ||              \
		(in)->code.p != NULL || (in)->has_project_id || (in)->has_since || (in)->has_until)

bool operator_preview(struct call *c, void *p)
{
	const struct sql_replay_preview_in *in = p;

	return check_ids(c, in->ids) && (FILTERED(in) || problem_set(c, "replay.too_wide"));
}

bool operator_replay(struct call *c, void *p)
{
	struct sql_replay_ask_in *in = p;
	int64_t per_day;

	if (!check_ids(c, in->ids))
		return false;
	if (!FILTERED(in))
		return problem_set(c, "replay.too_wide");
	if (!rate_parse(in->rate.p == NULL ? RATE_DEFAULT : in->rate, &per_day))
		return problem_set(c, "replay.rate");
	in->rate = arena_printf(c->w.arena, "%.9f", (double)per_day / DAY);
	return true;
}

static void tell_one(struct call *c, struct json *j, const cJSON *object)
{
	const struct kind *k = kind_find(json_get_str(object, "kind"));
	const cJSON *member;

	json_open(j, NULL, '{');
	cJSON_ArrayForEach(member, object) {
		json_raw(j, member->string, json_print(&c->w, member));
	}
	json_str(j, "outcomes", str_c(k == NULL ? NULL : k->outcomes));
	json_str(j, "does", str_c(k == NULL ? NULL : k->does));
	json_close(j, '}');
}

/* Each object of a list says what its kind does. */
static bool tell(struct call *c, str *list)
{
	struct buf b = buf_new(c->w.arena, 65536);
	struct json j = { .b = &b };
	const cJSON *all, *item;

	if (!json_parse(&c->w, *list, &all))
		return false;
	json_open(&j, NULL, '[');
	cJSON_ArrayForEach(item, all) {
		tell_one(c, &j, item);
	}
	json_close(&j, ']');
	*list = buf_str(&b);
	return true;
}

bool operator_previewed(struct call *c, void *p)
{
	struct sql_replay_preview_out *row = p;

	return tell(c, &row->kinds) && tell(c, &row->sample);
}

bool operator_explain(struct call *c, void *p)
{
	struct sql_explain_find_in *in = p;
	str id = c->segments[3];

	if (str_eq(c->segments[2], STR("job")))
		in->has_number = str_i64(id, &in->number);
	else
		in->has_id = str_one_of(c->segments[2], "bounty|submission|payout|account") && uuid_parse(id, &in->id);
	return in->has_number || in->has_id || problem_set(c, "explain.not_found");
}

const char *const operator_explained_members[] = { "object", "id", "state", "code", "who", "text", NULL };

bool operator_explained(struct call *c, void *p)
{
	const struct sql_explain_find_out *row = p;
	struct json j = { .b = &c->out };
	struct explanation e;
	const str *values;

	if (!str_eq(row->object, c->segments[2]))
		return problem_set(c, "explain.not_found");
	explain(&c->w, row, &e);
	values = (str[]){ row->object, c->segments[3], row->state, row->code, str_c(e.who), e.text };
	json_open(&j, NULL, '{');
	for (const char *const *name = operator_explained_members; *name != NULL; name++)
		json_str(&j, *name, *values++);
	json_close(&j, '}');
	return true;
}
