/* doctor: what is wrong with the database and the queue, what it means, and what to do. */
#include <stdio.h>

#include "command.h"
#include "db/migrate.h"
#include "print.h"
#include "sql.h"

#define PATIENCE 300
#define SKEW_WARN USEC_S
#define SKEW_FAIL (30 * USEC_S)
#define FINDINGS 512

struct check {
	const char *name, *means, *next;
};
static const struct check checks[] = {
	{ "migrations", "The program and the schema do not belong together.",
		"Run patchwork migrate, or install the newer program." },
	{ "clock", "Times in logs and tokens do not agree with those of rows; leases go by the database alone.",
		"Synchronise both machines' clocks (chrony)." },
	{ "sessions", "Long transactions of others cannot be seen.", "grant pg_monitor to the role that runs this." },
	{ "xmin",
		"Dead rows cannot be removed anywhere while it is open: tables grow, claims get slower, the relay waits.",
		"End the session: select pg_terminate_backend(PID). Set idle_in_transaction_session_timeout. Of a standby: "
		"end what is open there." },
	{ "slots", "What it holds back is kept for ever: dead rows, or WAL until the disk is full.",
		"select pg_drop_replication_slot(NAME), if its reader will not come back." },
	{ "prepared", "It outlives every session and holds back vacuum.",
		"commit prepared or rollback prepared, as its owner." },
	{ "autovacuum", "The queue's tables grow with every job and transaction ids run out.", "Switch it on again." },
	{ "bloat", "Vacuum does not keep up, or something holds it back (xmin, slots, prepared).",
		"Remove what holds it back; then vacuum the table." },
	{ "relay", "Subscribers do not hear of what happened.", "Look at the relay's log; start it: patchwork relay." },
	{ "grants", "A process fails at that statement, or may more than it should.",
		"Grant or revoke it, as migrations/ say." },
	{ "workers", "Jobs wait that nobody takes; what a lost worker had in hand is taken back when its lease ends.",
		"Start workers of that stage: systemctl status patchwork-work@STAGE." },
	{ "parked", "No retry mends these by itself.",
		"patchwork jobs list --state parked; docs/errors.md has each code." },
	{ "paused", "Its jobs wait until somebody resumes them.", "patchwork resume, when the reason is gone." },
	{ "unsealed", "Rows of the audit log are not in the hash chain yet: they could still be changed unseen.",
		"Start a worker: each of them seals." },
	{ "partitions", "Enqueueing stops when the last partition is full.",
		"Start a worker: each of them makes partitions ahead." },
	{ "history", "The history grows, or is slow to search.",
		"Due: patchwork history export and detach. Not searched: start a worker, each of them does that." },
};
#define N_CHECKS (sizeof(checks) / sizeof(checks[0]))

struct finding {
	str level, check, found, means, next;
};
static const struct sql_value finding_values[] = {
	{ "check", SQL_TEXT, offsetof(struct finding, check), (size_t)-1, false, "" },
	{ "level", SQL_TEXT, offsetof(struct finding, level), (size_t)-1, false, "" },
	{ "found", SQL_TEXT, offsetof(struct finding, found), (size_t)-1, true, "" },
	{ "means", SQL_TEXT, offsetof(struct finding, means), (size_t)-1, true, "" },
	{ "next", SQL_TEXT, offsetof(struct finding, next), (size_t)-1, true, "" },
};
static const struct print_shape finding_shape = { finding_values, sizeof(finding_values) / sizeof(finding_values[0]),
	sizeof(struct finding) };

struct doctor {
	usec patience, keep;
	struct finding at[FINDINGS];
	size_t n;
	bool failed;
};

static void find(struct doctor *d, str name, bool fail, str found)
{
	const struct check *c = NULL;

	for (size_t i = 0; i < N_CHECKS; i++)
		if (str_eq(name, str_c(checks[i].name)))
			c = &checks[i];
	if (c == NULL || d->n == FINDINGS)
		return;
	d->failed |= fail;
	d->at[d->n++] = (struct finding){
		.level = fail ? STR("fail") : STR("warn"),
		.check = name,
		.found = found,
		.means = str_c(c->means),
		.next = str_c(c->next),
	};
}

static bool look(struct work *w, struct tx *tx, void *arg)
{
	struct doctor *d = arg;
	struct sql_doctor_findings_out *rows;
	struct sql_doctor_clock_out clock;
	usec before, skew;
	size_t n;

	if (!sql_doctor_clock(w, tx, &clock)) /* so that the next one does not have to be prepared */
		return false;
	before = clock_now();
	if (!sql_doctor_clock(w, tx, &clock))
		return false;
	skew = clock.now < before ? before - clock.now : clock.now > clock_now() ? clock.now - clock_now() : 0;
	if (skew > SKEW_WARN)
		find(d, STR("clock"), skew > SKEW_FAIL,
			arena_printf(
				w->arena, "this machine and the database are %.1f s apart", (double)skew / USEC_S));
	if (!sql_doctor_findings(w, tx, &(struct sql_doctor_findings_in){ d->patience, d->keep }, &rows, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		find(d, rows[i].check, rows[i].fail, rows[i].found);
	return true;
}

/* The schema is not ours, or (42501) this role may not look at it. */
static void find_misfit(struct work *w, struct doctor *d)
{
	find(d, STR("migrations"), true,
		arena_printf(w->arena, "%s: %s", w->err.code == NULL ? "" : w->err.code, w->err.text));
	if (str_starts(str_c(w->err.text), STR("42501 "))) {
		d->at[d->n - 1].means = STR("The role that runs this may not read what it looks at.");
		d->at[d->n - 1].next = STR("Run it as patchwork_operator: db.url, or PATCHWORK_DB_URL.");
	}
}

/* What else is wrong can only be asked of a schema that is ours. */
static bool look_at_migrations(struct work *w, const struct invocation *in, struct doctor *d, bool *fit)
{
	struct conn_conf c = command_db(in, "patchwork doctor");
	struct migrate_report report;
	struct conn *conn;
	bool ok;

	if (!conn_open(w, &c, &conn))
		return false;
	ok = migrate_run(w, conn, true, &report);
	conn_close(&conn);
	*fit = ok && report.applied == 0;
	if (!ok && w->err.kind == ERR_RETRY)
		return false;
	if (!ok)
		find_misfit(w, d);
	else if (report.applied > 0)
		find(d, STR("migrations"), true,
			arena_printf(w->arena, "%d of %d are not applied", report.applied, report.total));
	err_clear(w);
	return true;
}

static void add_well(struct doctor *d)
{
	for (size_t i = 0; i < N_CHECKS; i++) {
		bool found = false;

		for (size_t k = 0; k < d->n; k++)
			found |= str_eq(d->at[k].check, str_c(checks[i].name));
		if (!found && d->n < FINDINGS)
			d->at[d->n++] = (struct finding){ .level = STR("ok"), .check = str_c(checks[i].name) };
	}
}

int command_doctor(struct work *w, const struct invocation *in)
{
	struct invocation rest = *in;
	struct doctor *d = ARENA_NEW(w->arena, struct doctor);
	const char *patience = command_option(&rest, "patience");
	int64_t seconds = PATIENCE;
	bool fit = true;
	int status;

	if (rest.argc != 0 ||
		(patience != NULL && (!str_i64(str_c(patience), &seconds) || seconds < 0 || seconds > 86400)))
		return command_usage("doctor [--patience SECONDS]");
	d->patience = seconds * USEC_S;
	d->keep = in->conf->history_keep;
	if (!look_at_migrations(w, in, d, &fit))
		return command_failed(w);
	status = fit ? command_visit(w, in, look, d) : EXIT_OK;
	if (status != EXIT_OK)
		return status;
	if (fit)
		add_well(d);
	print_rows(w, in, finding_shape, d->at, d->n, "check level found", "");
	for (size_t i = 0; !in->json && i < d->n; i++)
		if (d->at[i].means.p != NULL && (i == 0 || !str_eq(d->at[i].check, d->at[i - 1].check)))
			printf("\n" STR_FMT ": " STR_FMT "\n  " STR_FMT "\n", STR_ARG(d->at[i].check),
				STR_ARG(d->at[i].means), STR_ARG(d->at[i].next));
	return d->failed ? EXIT_FAILED : EXIT_OK;
}
