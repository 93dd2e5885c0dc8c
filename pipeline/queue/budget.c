#include "budget.h"

#include <inttypes.h>

#include "sql.h"

/* The repository that the unit asks about, by its first subject; 0 = none. */
static int64_t subject_repo(const struct quota *q)
{
	str rest, id;
	int64_t repo_id;

	if (q->n_subjects == 0)
		return 0;
	rest = q->subjects[0];
	if (!str_starts(rest, STR("/repositories/")))
		return 0;
	rest = str_skip(rest, strlen("/repositories/"));
	return str_next(&rest, '/', &id) && str_i64(id, &repo_id) ? repo_id : 0;
}

/* In whose name it will ask. What plan has chosen stays. */
static bool choose_account(struct work *w, struct tx *tx, const struct runner_conf *c)
{
	struct quota *q = w->quota;
	int64_t repo_id = subject_repo(q);
	struct sql_rate_credential_out row;
	bool found = false;

	if (q->account.n > 0)
		return true;
	if (c->app && repo_id > 0 &&
		!sql_rate_credential(w, tx, &(struct sql_rate_credential_in){ repo_id }, &row, &found))
		return false;
	q->installation = found ? row.installation : 0;
	q->account = found ? arena_printf(w->arena, "installation/%" PRId64, row.installation) : str_c(c->account);
	return true;
}

static bool refused(struct work *w, const struct sql_rate_take_out *row)
{
	static const struct {
		const char *code, *text;
	} reasons[] = {
		{ "github.blocked", "GitHub refuses requests until then" },
		{ "github.budget", "the requests of this hour are spent, or kept for jobs that go first" },
		{ "github.pace", "too many requests in a short time" },
		{ "github.turn", "another job is asking for the same account" },
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (str_eq(row->reason, str_c(reasons[i].code)))
			return err_snooze(w, row->wait, reasons[i].code, "%s", reasons[i].text);
	return err_set(w, ERR_BUG, "db.row", "an unknown reason to wait");
}

static bool read_known(struct work *w, struct tx *tx)
{
	struct quota *q = w->quota;
	struct sql_rate_known_out *rows;
	size_t n;

	if (q->n_subjects == 0)
		return true;
	if (!sql_rate_known(
		    w, tx, &(struct sql_rate_known_in){ q->account, { q->subjects, q->n_subjects } }, &rows, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct quota_page *p = ARENA_NEW(w->arena, struct quota_page);

		*p = (struct quota_page){ rows[i].url, rows[i].etag, rows[i].modified, rows[i].next, rows[i].moved,
			rows[i].bytes, q->known };
		q->known = p;
	}
	return true;
}

bool budget_take(struct work *w, struct tx *tx, const struct runner_conf *c, const struct quota_need *need, usec span)
{
	struct sql_rate_take_in in = {
		.job_id = w->job,
		.attempt = w->attempt,
		.core = need->core,
		.graphql = need->graphql,
		.rank = (int32_t)need->rank,
		.writes = need->writes,
		.span = span,
		.slots = c->turns,
	};
	struct sql_rate_take_out row;

	if (!choose_account(w, tx, c) || !read_known(w, tx))
		return false;
	in.credential = w->quota->account;
	if (!sql_rate_take(w, tx, &in, &row))
		return false;
	if (!row.granted)
		return refused(w, &row);
	w->quota->at[QUOTA_CORE].may = row.core;
	w->quota->at[QUOTA_GRAPHQL].may = row.graphql;
	w->quota->strikes = row.strikes;
	return true;
}

static bool keep(struct work *w, struct tx *tx)
{
	enum { SUBJECT, URL, ETAG, MODIFIED, NEXT, MOVED, BODY, COLUMNS };
	str *column[COLUMNS];
	struct sql_rate_keep_out out;
	size_t n = 0, i = 0;

	for (const struct quota_page *p = w->quota->fresh; p != NULL; p = p->older)
		n++;
	if (n == 0)
		return true;
	for (int k = 0; k < COLUMNS; k++)
		column[k] = arena_array(w->arena, n, sizeof(str));
	for (const struct quota_page *p = w->quota->fresh; p != NULL; p = p->older, i++) {
		size_t at = n - 1 - i; /* oldest first */

		column[SUBJECT][at] = quota_subject(p->url);
		column[URL][at] = p->url;
		column[ETAG][at] = p->etag;
		column[MODIFIED][at] = p->modified;
		column[NEXT][at] = p->next;
		column[MOVED][at] = p->moved;
		column[BODY][at] = p->bytes;
	}
	return sql_rate_keep(w, tx,
		&(struct sql_rate_keep_in){ w->quota->account, { column[SUBJECT], n }, { column[URL], n },
			{ column[ETAG], n }, { column[MODIFIED], n }, { column[NEXT], n }, { column[MOVED], n },
			{ column[BODY], n } },
		&out);
}

bool budget_report(struct work *w, struct tx *tx)
{
	const struct quota *q = w->quota;
	str names[QUOTA_RESOURCES];
	int32_t sent[QUOTA_RESOURCES], told[QUOTA_RESOURCES], limits[QUOTA_RESOURCES], remaining[QUOTA_RESOURCES];
	int64_t resets[QUOTA_RESOURCES], waits[QUOTA_RESOURCES];
	struct sql_rate_report_out out;

	for (int i = 0; i < QUOTA_RESOURCES; i++) {
		names[i] = str_c(quota_names[i]);
		sent[i] = (int32_t)q->at[i].sent;
		told[i] = q->at[i].told;
		limits[i] = (int32_t)q->at[i].limit;
		remaining[i] = (int32_t)q->at[i].remaining;
		resets[i] = q->at[i].resets_in;
		waits[i] = q->at[i].wait;
	}
	return keep(w, tx) &&
		sql_rate_report(w, tx,
			&(struct sql_rate_report_in){ q->account, w->job, w->attempt, { names, QUOTA_RESOURCES },
				{ sent, QUOTA_RESOURCES }, { told, QUOTA_RESOURCES }, { limits, QUOTA_RESOURCES },
				{ remaining, QUOTA_RESOURCES }, { resets, QUOTA_RESOURCES }, { waits, QUOTA_RESOURCES },
				(int32_t)q->points, q->wrote },
			&out);
}
