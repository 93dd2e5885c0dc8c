/* The clock of a bounty, by the database's: after its deadline, and the grace of what was opened in time, it expires. */
#include "verify.h"

#define LOOK (600 * USEC_S)        /* from one look to the next while something may still decide it */
#define LOOK_PAID (86400 * USEC_S) /* while it is about to be paid: a payout that is stopped may leave it open */

static usec sooner(usec a, usec b)
{
	return a < b ? a : b;
}

static bool over(str state)
{
	return str_one_of(state, "expired|refunding|refunded|cancelled|paid");
}

/* Also what was due when it was planned, and is not by a clock that went back. */
static bool not_due(struct work *w, usec wait)
{
	return err_snooze(w, wait, "verify.not_due", "the deadline is not reached");
}

/* A person has 30 days to decide. */
static bool stands_still(struct work *w, const struct sql_bounty_clock_out *row, struct deadline_task *t)
{
	if (row->patience > 0)
		return err_snooze(w, sooner(row->patience, LOOK), "verify.in_review", "a person is to decide");
	t->has_undecided = row->has_undecided;
	t->undecided = row->undecided;
	return true;
}

/* Rejected, so that what was promised to its author is the bounty's again. */
static bool reject(struct work *w, struct tx *tx, uuid submission)
{
	struct sql_submission_resolve_in in = {
		.submission_id = submission,
		.accept = false,
		.actor = STR("stage:verify"),
		.reason = STR("nobody has decided for 30 days"),
	};
	struct sql_submission_resolve_out out;

	if (!sql_submission_resolve(w, tx, &in, &out))
		return false;
	return out.refused.p == NULL ||
		err_set(w, ERR_RETRY, "verify.bounty_moved", "somebody has decided meanwhile: once more");
}

bool deadline_plan(struct work *w, struct tx *tx, void *task)
{
	struct deadline_task *t = task;
	struct sql_bounty_clock_out row;
	bool found;

	if (!sql_bounty_clock(w, tx, &(struct sql_bounty_clock_in){ t->bounty_id }, &row, &found))
		return false;
	if (!found)
		return err_set(w, ERR_INVALID, "verify.bounty_unknown", "the bounty is not in the database");
	t->decided = over(row.state);
	if (t->decided)
		return true;
	if (row.wait > 0)
		return not_due(w, row.wait);
	if (str_eq(row.state, STR("frozen")))
		return stands_still(w, &row, t);
	if (!str_one_of(row.state, "draft|funding|open|in_progress|merged"))
		return err_snooze(w, LOOK_PAID, "verify.in_review", "a merged pull request is about to be paid");
	if (str_eq(row.state, STR("merged")) || row.in_review)
		return err_snooze(w, LOOK, "verify.in_review", "a merged pull request is being judged");
	if (row.grace > 0)
		return err_snooze(w, sooner(row.grace, LOOK), "verify.in_grace",
			"a pull request that was opened in time may still be merged");
	return true;
}

bool deadline_settle(struct work *w, struct tx *tx, void *task)
{
	const struct deadline_task *t = task;
	struct sql_bounty_expire_in in = { t->bounty_id, w->job, work_trace(w) };
	struct sql_bounty_expire_out out;

	if (t->decided)
		return true;
	if ((t->has_undecided && !reject(w, tx, t->undecided)) || !sql_bounty_expire(w, tx, &in, &out))
		return false;
	return out.expired || over(out.state) || not_due(w, out.wait > 0 ? out.wait : LOOK);
}
