/* cron: periodic jobs, shown and changed. */
#include <stdlib.h>

#include "command.h"
#include "print.h"
#include "sql.h"

#define TICKS 5
#define TICKS_MAX 1000

struct listed {
	struct sql_cron_list_out *rows;
	size_t n;
};

static bool list(struct work *w, struct tx *tx, void *arg)
{
	struct listed *l = arg;

	return sql_cron_list(w, tx, &l->rows, &l->n);
}

int command_cron_list(struct work *w, const struct invocation *in)
{
	struct listed l;
	int status;

	if (in->argc != 0)
		return command_usage("cron list");
	status = command_visit(w, in, list, &l);
	if (status == EXIT_OK)
		print_rows(w, in, PRINT_SHAPE(sql_cron_list_stmt), l.rows, l.n,
			"name cron zone queue kind catch_up enabled next_at last_at error", "no schedules");
	return status;
}

struct coming {
	struct sql_cron_next_in in;
	struct sql_cron_next_out *rows;
	size_t n;
};

static bool unknown(struct work *w, str name)
{
	return err_set(w, ERR_INVALID, "cron.unknown", "there is no schedule " STR_FMT, STR_ARG(name));
}

static bool next(struct work *w, struct tx *tx, void *arg)
{
	struct coming *c = arg;

	return sql_cron_next(w, tx, &c->in, &c->rows, &c->n) && (c->n > 0 || unknown(w, c->in.name));
}

int command_cron_next(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	const char *count = command_option(&rest, "count");
	struct coming c = { 0 };
	int64_t n = TICKS;
	int status;

	if (rest.argc != 1 || (count != NULL && (!str_i64(str_c(count), &n) || n < 1 || n > TICKS_MAX)))
		return command_usage("cron next NAME [--count 1..%d]", TICKS_MAX);
	c.in = (struct sql_cron_next_in){ .name = str_c(rest.argv[0]), .ticks = (int32_t)n };
	status = command_visit(w, in, next, &c);
	if (status == EXIT_OK)
		print_rows(w, in, PRINT_SHAPE(sql_cron_next_stmt), c.rows, c.n, "tick local", "");
	return status;
}

struct put {
	struct sql_cron_put_in in;
	struct sql_cron_put_out out;
};

static bool put(struct work *w, struct tx *tx, void *arg)
{
	struct put *p = arg;

	return sql_cron_put(w, tx, &p->in, &p->out);
}

static str option(struct invocation *in, const char *name, const char *otherwise)
{
	const char *value = command_option(in, name);

	return str_c(value == NULL ? otherwise : value);
}

static bool number(struct invocation *in, const char *name, int32_t *out)
{
	const char *value = command_option(in, name);
	int64_t n;

	if (value == NULL)
		return true;
	if (!str_i64(str_c(value), &n) || n < INT16_MIN || n > INT16_MAX)
		return false;
	*out = (int32_t)n;
	return true;
}

int command_cron_add(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct command_by by;
	struct put p = { .in = { .catch_up_most = 100 } };
	int status;

	if (!command_by(w, &rest, &by))
		return EXIT_USAGE;
	p.in.cron = option(&rest, "cron", NULL);
	p.in.queue = option(&rest, "queue", NULL);
	p.in.kind = option(&rest, "kind", NULL);
	p.in.zone = option(&rest, "zone", "UTC");
	p.in.args = option(&rest, "args", "{}");
	p.in.catch_up = option(&rest, "catch-up", "one");
	if (!number(&rest, "priority", &p.in.priority) || !number(&rest, "most", &p.in.catch_up_most) ||
		rest.argc != 1 || p.in.cron.p == NULL || p.in.queue.p == NULL || p.in.kind.p == NULL)
		return command_usage("cron add NAME --cron EXPRESSION --queue QUEUE --kind KIND --reason TEXT");
	p.in.name = str_c(rest.argv[0]);
	p.in.actor = by.actor;
	p.in.reason = by.reason;
	status = command_visit(w, in, put, &p);
	if (status == EXIT_OK)
		print_row(w, in, PRINT_SHAPE(sql_cron_put_stmt), &p.out, "name is_new=new next_at");
	return status;
}

struct removal {
	struct sql_cron_remove_in in;
	struct sql_cron_remove_out out;
};

static bool drop(struct work *w, struct tx *tx, void *arg)
{
	struct removal *r = arg;

	return sql_cron_remove(w, tx, &r->in, &r->out) &&
		(!str_eq(r->out.result, STR("unknown")) || unknown(w, r->in.name));
}

int command_cron_remove(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct command_by by;
	struct removal r;
	int status;

	if (!command_by(w, &rest, &by))
		return EXIT_USAGE;
	if (rest.argc != 1)
		return command_usage("cron remove NAME --reason TEXT");
	r.in = (struct sql_cron_remove_in){ .name = str_c(rest.argv[0]), .actor = by.actor, .reason = by.reason };
	status = command_visit(w, in, drop, &r);
	if (status == EXIT_OK)
		print_row(w, in, PRINT_SHAPE(sql_cron_remove_stmt), &r.out, "name result");
	return status;
}

struct turn {
	struct sql_cron_enable_in in;
	struct sql_cron_enable_out out;
};

static bool turn(struct work *w, struct tx *tx, void *arg)
{
	struct turn *t = arg;

	return sql_cron_enable(w, tx, &t->in, &t->out) &&
		(!str_eq(t->out.result, STR("unknown")) || unknown(w, t->in.name));
}

static int turn_it(struct work *w, const struct invocation *in, bool on)
{
	struct invocation rest = *in;
	struct command_by by;
	struct turn t;
	int status;

	if (!command_by(w, &rest, &by))
		return EXIT_USAGE;
	if (rest.argc != 1)
		return command_usage("cron %s NAME --reason TEXT", on ? "enable" : "disable");
	t.in = (struct sql_cron_enable_in){
		.name = str_c(rest.argv[0]), .enabled = on, .actor = by.actor, .reason = by.reason
	};
	status = command_visit(w, in, turn, &t);
	if (status == EXIT_OK)
		print_row(w, in, PRINT_SHAPE(sql_cron_enable_stmt), &t.out, "name result");
	return status;
}

int command_cron_enable(struct work *w, const struct invocation *in)
{
	return turn_it(w, in, true);
}

int command_cron_disable(struct work *w, const struct invocation *in)
{
	return turn_it(w, in, false);
}
