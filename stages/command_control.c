/* stages, pause, resume, limit: what may run, and how much of it. */
#include <stdio.h>

#include "command.h"
#include "model/rate.h"
#include "print.h"
#include "sql.h"
#include "stages.h"

struct asked {
	const struct invocation *in;
	struct command_by by;
	str scope, name;
	bool pause;
};

static bool known_name(str scope, str name)
{
	uuid id;

	if (str_eq(scope, STR("project")))
		return uuid_parse(name, &id);
	for (size_t i = 0; all_stages[i] != NULL; i++)
		if (str_eq(name, str_c(str_eq(scope, STR("kind")) ? all_stages[i]->kind : all_stages[i]->name)))
			return true;
	return false;
}

static bool change(struct work *w, struct tx *tx, void *arg)
{
	struct asked *a = arg;
	struct sql_control_pause_out out;
	struct sql_control_resume_out resumed;

	if (a->pause)
		return sql_control_pause(w, tx,
			       &(struct sql_control_pause_in){ a->scope, a->name, a->by.actor, a->by.reason }, &out) &&
			(print_row(w, a->in, PRINT_SHAPE(sql_control_pause_stmt), &out, "changed waiting"), true);
	return sql_control_resume(w, tx,
		       &(struct sql_control_resume_in){ a->scope, a->name, a->by.actor, a->by.reason }, &resumed) &&
		(print_row(w, a->in, PRINT_SHAPE(sql_control_resume_stmt), &resumed, "changed waiting"), true);
}

static int pause_or_resume(struct work *w, const struct invocation *in, bool pause)
{
	const char *verb = pause ? "pause" : "resume";
	struct invocation rest = *in;
	struct asked a = { .in = in, .pause = pause };

	if (!command_by(w, &rest, &a.by))
		return EXIT_USAGE;
	if (rest.argc != 2)
		return command_usage("%s stage|kind|project NAME --reason TEXT", verb);
	a.scope = str_c(rest.argv[0]);
	a.name = str_c(rest.argv[1]);
	if (!str_one_of(a.scope, "stage|kind|project"))
		return command_usage("%s stage, kind or project, not '%s'", verb, rest.argv[0]);
	if (pause && !known_name(a.scope, a.name))
		return command_usage("no %s '%s'", rest.argv[0], rest.argv[1]);
	return command_visit(w, in, change, &a);
}

static bool list_pauses(struct work *w, struct tx *tx, void *arg)
{
	struct sql_control_pauses_out *rows;
	size_t n;

	if (!sql_control_pauses(w, tx, &rows, &n))
		return false;
	print_rows(w, arg, PRINT_SHAPE(sql_control_pauses_stmt), rows, n,
		"scope name paused_at=since waiting actor reason", "nothing is paused");
	return true;
}

int command_pause(struct work *w, const struct invocation *in)
{
	struct invocation list = *in;

	return in->argc == 0 ? command_visit(w, in, list_pauses, &list) : pause_or_resume(w, in, true);
}

int command_resume(struct work *w, const struct invocation *in)
{
	return pause_or_resume(w, in, false);
}

#define MAX_QUEUES 32

static size_t queues(str out[MAX_QUEUES])
{
	size_t n = 0;

	for (size_t i = 0; all_stages[i] != NULL && n < MAX_QUEUES; i++)
		if (n == 0 || !str_eq(out[n - 1], str_c(all_stages[i]->name)))
			out[n++] = str_c(all_stages[i]->name);
	return n;
}

static bool list_stages(struct work *w, struct tx *tx, void *arg)
{
	struct sql_control_stages_out *rows;
	str names[MAX_QUEUES] = { 0 };
	size_t n, known = queues(names);

	if (!sql_control_stages(w, tx, &(struct sql_control_stages_in){ { names, known } }, &rows, &n))
		return false;
	print_rows(w, arg, PRINT_SHAPE(sql_control_stages_stmt), rows, n,
		"queue=stage paused ready held scheduled running parked oldest_wait limits", "no stage");
	return true;
}

int command_stages(struct work *w, const struct invocation *in)
{
	struct invocation list = *in;

	return in->argc == 0 ? command_visit(w, in, list_stages, &list) : command_usage("stages takes no operands");
}

/* limit ------------------------------------------------------------------------------------------------------------ */

static bool number(struct invocation *in, const char *name, int64_t least, bool *has, int32_t *out)
{
	const char *text = command_option(in, name);
	int64_t value = 0;

	*has = text != NULL;
	if (text != NULL && (!str_i64(str_c(text), &value) || value < least || value > INT32_MAX)) {
		command_usage("--%s is a number from %lld on", name, (long long)least);
		return false;
	}
	*out = (int32_t)value;
	return true;
}

struct limit_set {
	const struct invocation *in;
	struct sql_control_limit_set_in limit;
};

static bool set(struct work *w, struct tx *tx, void *arg)
{
	const struct limit_set *s = arg;
	struct sql_control_limit_set_out out;

	if (!sql_control_limit_set(w, tx, &s->limit, &out))
		return false;
	print_row(w, s->in, PRINT_SHAPE(sql_control_limit_set_stmt), &out,
		"name queue=stage kind by most per_second=rate burst");
	return true;
}

int command_limit_set(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct limit_set s = { .in = in,
		.limit = {
			.queue = str_c(command_option(&rest, "stage")),
			.kind = str_c(command_option(&rest, "kind")),
			.by = str_c(command_option(&rest, "by")),
			.per_second = str_c(command_option(&rest, "rate")),
		} };
	struct sql_control_limit_set_in *limit = &s.limit;
	size_t digits = rate_digits(limit->per_second);
	struct command_by by;

	if (!command_by(w, &rest, &by) || !number(&rest, "most", 0, &limit->has_most, &limit->most) ||
		!number(&rest, "burst", 1, &limit->has_burst, &limit->burst))
		return EXIT_USAGE;
	if (rest.argc != 1 || (!limit->has_most && limit->per_second.p == NULL))
		return command_usage("limit set NAME with --most or --rate, or both");
	if (limit->per_second.p != NULL && (digits == 0 || digits > 12))
		return command_usage("--rate is a number of jobs a second");
	limit->name = str_c(rest.argv[0]);
	limit->actor = by.actor;
	limit->reason = by.reason;
	return command_visit(w, in, set, &s);
}

struct limit_drop {
	const struct invocation *in;
	struct sql_control_limit_drop_in limit;
};

static bool drop(struct work *w, struct tx *tx, void *arg)
{
	const struct limit_drop *d = arg;
	struct sql_control_limit_drop_out out;

	if (!sql_control_limit_drop(w, tx, &d->limit, &out))
		return false;
	if (out.dropped)
		print_row(w, d->in, PRINT_SHAPE(sql_control_limit_drop_stmt), &out, "name dropped");
	return out.dropped || err_set(w, ERR_INVALID, "queue.limit_unknown", "there is no limit of that name");
}

int command_limit_drop(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct command_by by;

	if (!command_by(w, &rest, &by))
		return EXIT_USAGE;
	if (rest.argc != 1)
		return command_usage("limit drop NAME --reason TEXT");
	return command_visit(w, in, drop, &(struct limit_drop){ in, { str_c(rest.argv[0]), by.actor, by.reason } });
}

static bool list_limits(struct work *w, struct tx *tx, void *arg)
{
	struct sql_control_limits_out *rows;
	size_t n;

	if (!sql_control_limits(w, tx, &rows, &n))
		return false;
	print_rows(w, arg, PRINT_SHAPE(sql_control_limits_stmt), rows, n,
		"name queue=stage kind by most per_second=rate burst waiting set_at=since actor reason", "no limits");
	return true;
}

int command_limit_list(struct work *w, const struct invocation *in)
{
	struct invocation list = *in;

	return in->argc == 0 ? command_visit(w, in, list_limits, &list) : command_usage("limit list takes no operands");
}
