/* history partitions, export, detach, drop: how old history leaves. */
#include <inttypes.h>
#include <stdio.h>

#include "base/hex.h"
#include "command.h"
#include "ops/history.h"
#include "print.h"
#include "sql.h"

struct listing {
	struct sql_history_partitions_in in;
	struct sql_history_partitions_out *rows;
	size_t n;
};

static bool list(struct work *w, struct tx *tx, void *arg)
{
	struct listing *l = arg;

	return sql_history_partitions(w, tx, &l->in, &l->rows, &l->n);
}

int command_history_partitions(struct work *w, const struct invocation *in)
{
	struct listing l = { .in = { in->conf->history_keep } };
	int status;

	if (in->argc != 0)
		return command_usage("history partitions takes no '%s'", in->argv[0]);
	status = command_visit(w, in, list, &l);
	if (status == EXIT_OK)
		print_rows(w, in, PRINT_SHAPE(sql_history_partitions_stmt), l.rows, l.n,
			"n=partition state newest jobs live", "none");
	return status;
}

struct leave {
	struct history_leave leave;
	struct history_file file;
};

static bool part_option(struct invocation *in, const char *usage, const char *option, struct leave *l)
{
	l->leave.path = command_option(in, option);
	if (l->leave.path != NULL && in->argc == 1 && str_i64(str_c(in->argv[0]), &l->leave.part) && l->leave.part >= 0)
		return true;
	command_usage("%s", usage);
	return false;
}

static void print_file(struct work *w, const struct invocation *in, const char *done, const struct leave *l)
{
	const struct history_file *f = &l->file;
	str hash = hex_str(w->arena, str_of(f->sha256, 32));

	if (in->json)
		printf("{\"partition\":%" PRId64 ",\"jobs\":%" PRId64 ",\"runs\":%" PRId64 ",\"sha256\":\"" STR_FMT
		       "\",\"dry_run\":%s}\n",
			l->leave.part, f->jobs, f->runs, STR_ARG(hash), in->dry_run ? "true" : "false");
	else
		printf("partition %" PRId64 "%s %s: %" PRId64 " jobs, %" PRId64 " runs\n" STR_FMT "  %s\n",
			l->leave.part, in->dry_run ? " would be" : "", done, f->jobs, f->runs, STR_ARG(hash),
			l->leave.path);
}

static bool export_part(struct work *w, struct tx *tx, void *arg)
{
	struct leave *l = arg;

	return history_export(w, tx, l->leave.part, l->leave.path, l->leave.dry_run, &l->file);
}

int command_history_export(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct leave l = { .leave.dry_run = in->dry_run };
	int status;

	if (!part_option(&rest, "history export PARTITION --to FILE", "to", &l))
		return EXIT_USAGE;
	status = command_visit(w, in, export_part, &l);
	if (status == EXIT_OK)
		print_file(w, in, "exported", &l);
	return status;
}

typedef bool leave_fn(struct work *w, struct conn *conn, const struct history_leave *l, struct history_file *out);

static int leave(struct work *w, const struct invocation *in, const char *usage, leave_fn *fn, const char *done)
{
	struct conn_conf c = command_db(in, "patchwork history");
	struct leave l = { .leave = { .keep = in->conf->history_keep, .dry_run = in->dry_run } };
	struct invocation rest = *in;
	struct command_by by;
	struct conn *conn;
	bool ok;

	if (!command_by(w, &rest, &by) || !part_option(&rest, usage, "export", &l))
		return EXIT_USAGE;
	l.leave.actor = by.actor;
	l.leave.reason = by.reason.p != NULL ? by.reason : STR("dry run");
	c.statement_timeout = 0; /* it waits for those who read the history */
	if (!conn_open(w, &c, &conn))
		return command_failed(w);
	ok = fn(w, conn, &l.leave, &l.file);
	conn_close(&conn);
	if (!ok)
		return command_failed(w);
	print_file(w, in, done, &l);
	return EXIT_OK;
}

int command_history_detach(struct work *w, const struct invocation *in)
{
	return leave(w, in, "history detach PARTITION --export FILE --reason TEXT", history_detach, "detached");
}

int command_history_drop(struct work *w, const struct invocation *in)
{
	return leave(w, in, "history drop PARTITION --export FILE --reason TEXT", history_drop, "dropped");
}
