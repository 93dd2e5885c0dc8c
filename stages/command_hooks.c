/* hooks: what GitHub did not deliver to webhooks of ours. */
#include "command.h"
#include "print.h"
#include "sql.h"

#define PAGE 1000

struct missed {
	struct sql_hook_missed_in in;
	struct sql_hook_missed_out *rows;
	size_t n;
};

static bool list(struct work *w, struct tx *tx, void *arg)
{
	struct missed *m = arg;

	return sql_hook_missed(w, tx, &m->in, &m->rows, &m->n);
}

int command_hooks_missed(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	const char *project = command_option(&rest, "project");
	struct missed m = { .in = { .has_project_id = project != NULL, .page = PAGE } };
	int status;

	if ((project != NULL && !uuid_parse(str_c(project), &m.in.project_id)) || rest.argc != 0)
		return command_usage("hooks missed [--project ID]");
	status = command_visit(w, in, list, &m);
	if (status == EXIT_OK)
		print_rows(w, in, PRINT_SHAPE(sql_hook_missed_stmt), m.rows, m.n,
			"guid project hook_id event status state delivered_at asks asked_at arrived_at",
			"no delivery was missed");
	return status;
}
