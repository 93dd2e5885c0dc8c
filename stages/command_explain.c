/* explain, lineage: one thing, by any of its ids. */
#include <stdio.h>

#include "base/json.h"
#include "command.h"
#include "jobs.h"
#include "print.h"
#include "sql.h"

struct asked {
	struct sql_explain_find_in in;
	struct sql_explain_find_out row;
	const char *id;
};

static bool find(struct work *w, struct tx *tx, void *arg)
{
	struct asked *a = arg;
	bool found;

	if (!sql_explain_find(w, tx, &a->in, &a->row, &found))
		return false;
	return found ||
		err_set(w, ERR_INVALID, "explain.not_found",
			"%s is no job, bounty, submission, payout or person with a linked account", a->id);
}

bool jobs_explain(struct work *w, struct tx *tx, int64_t job, struct explanation *out)
{
	struct asked a = { .in = { .has_number = true, .number = job }, .id = "it" };

	if (!find(w, tx, &a))
		return false;
	explain(w, &a.row, out);
	return true;
}

static void print_explanation(struct work *w, const struct asked *a, const struct explanation *e)
{
	struct buf b = buf_new(w->arena, 1 << 16);
	struct json j = { .b = &b };

	json_open(&j, NULL, '{');
	json_str(&j, "object", a->row.object);
	json_str(&j, "id", str_c(a->id));
	json_str(&j, "state", a->row.state);
	json_str(&j, "code", a->row.code);
	json_str(&j, "who", str_c(e->who));
	json_str(&j, "explain", e->text);
	json_close(&j, '}');
	printf(STR_FMT "\n", STR_ARG(buf_str(&b)));
}

int command_explain(struct work *w, const struct invocation *in)
{
	struct asked a = { 0 };
	struct explanation e;
	int status;

	if (in->argc != 1)
		return command_usage("explain ID");
	a.id = in->argv[0];
	a.in.has_id = uuid_parse(str_c(a.id), &a.in.id);
	a.in.has_number = str_i64(str_c(a.id), &a.in.number);
	if (!a.in.has_id && !a.in.has_number)
		return command_usage("'%s' is no job's number and no id", a.id);
	status = command_visit(w, in, find, &a);
	if (status != EXIT_OK)
		return status;
	explain(w, &a.row, &e);
	if (in->json)
		print_explanation(w, &a, &e);
	else
		printf(STR_FMT "\n", STR_ARG(print_plain(w, e.text)));
	return EXIT_OK;
}
