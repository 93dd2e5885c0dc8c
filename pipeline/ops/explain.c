#include "ops/explain.h"

#include "base/buf.h"

#define NOBODY "nobody"
#define TIME "time"
#define OPERATOR "operator"
#define CONTRIBUTOR "contributor"
#define PROJECT "project"
#define FUNDER "funder"
#define SENTENCE_MAX 4096

/* In text: {code} {detail} {due} {by} {stage} {job} {job_code}. code NULL is any; one that ends in "." is all of its area. The first
 * row that fits tells. */
struct rule {
	const char *object, *state, *code, *who, *text;
};
static const struct rule rules[] = {
	{ "job", "done", NULL, NOBODY, "The job is done. Nobody has to act; `jobs replay` would run it once more." },
	{ "job", "cancelled", NULL, NOBODY,
		"The job was cancelled: {detail}. Nobody has to act; `jobs replay` would run it after all." },
	{ "job", "replayed", NULL, NOBODY,
		"The job was parked with {code} and has been replayed since, as {by}. Look there: nobody has to act here." },
	{ "job", "running", NULL, TIME,
		"The job is in the hands of {by}. It ends by itself; if that worker dies, another takes it when the lease is over." },
	{ "job", "held", NULL, OPERATOR,
		"The job may not run now: it is paused by {by}, or waits for room under a limit or its project's share. An operator "
		"resumes it (`patchwork resume`); room comes by itself." },
	{ "job", "scheduled", "verify.author_unlinked", CONTRIBUTOR,
		"The author of the pull request has not linked a wallet to the GitHub account, so nobody can be paid. The contributor "
		"must link it; the job looks again at {due}." },
	{ "job", "scheduled", "prove.no_wallet", CONTRIBUTOR,
		"The claimant has no wallet that could be paid. The contributor must link one; the job looks again at {due}." },
	{ "job", "scheduled", "verify.bounty_unfunded", FUNDER,
		"The merge counts, and the bounty's money is not in the escrow yet. The funder must lock it; the job looks again at {due}." },
	{ "job", "scheduled", "verify.bounty_frozen", PROJECT,
		"The bounty is frozen. A maintainer must look at the submission in review; the job looks again at {due}." },
	{ "job", "scheduled", "pay.bounty_held", PROJECT,
		"The bounty is frozen or disputed, so nothing is paid. A maintainer must decide; the job looks again at {due}." },
	{ "job", "scheduled", "pay.not_due", TIME,
		"The hold of the payout is not over. It is paid after {due}; nobody has to act." },
	{ "job", "scheduled", "pay.refund_early", TIME,
		"The escrow's lock has not ended. The money goes back to the funder after {due}; nobody has to act." },
	{ "job", "scheduled", "pay.signer_stopped", OPERATOR,
		"The signing key is stopped: {detail}. An operator must find the cause and start it again." },
	{ "job", "scheduled", "pay.no_gas", OPERATOR,
		"The signer cannot pay for gas. An operator must fund its account; the job tries again at {due}." },
	{ "job", "scheduled", "chain.fee_cap", TIME,
		"The chain asks for more than evm.max_fee allows. It is tried again at {due}; an operator may raise the ceiling." },
	{ "job", "scheduled", "queue.kind_unknown", OPERATOR,
		"No worker that has taken it knows this kind of job. An operator must start workers of the newer version; tried again at {due}." },
	{ "job", "scheduled", "verify.deposit_absent", TIME,
		"The deposit's transaction is not deep enough on chain, or not there yet. It is looked at again at {due}; nobody has to act." },
	{ "job", "scheduled", "verify.deposit_shallow", TIME,
		"The deposit's transaction is not deep enough on chain, or not there yet. It is looked at again at {due}; nobody has to act." },
	{ "job", "scheduled", "pay.", TIME,
		"The payment is under way ({code}: {detail}). It is looked at again at {due}; nobody has to act." },
	{ "job", "scheduled", "", TIME,
		"The last run ended with {code}: {detail}. It is tried again at {due}; nobody has to act unless that goes on." },
	{ "job", "scheduled", NULL, TIME, "The job's time has not come: it runs at {due}. Nobody has to act." },
	{ "job", "parked", "queue.attempts_spent", OPERATOR,
		"The job's workers died with it in hand, as often as its attempts allow. An operator must look for a crash in the log, and "
		"then run `patchwork jobs retry`." },
	{ "job", "parked", "pay.reverted", OPERATOR,
		"The release failed on chain: {detail}. An operator must find out why, and let the payout be quoted again." },
	{ "job", "parked", "db.", OPERATOR,
		"Our own statement failed with {code}: {detail}. This is a bug: an operator must report it, and retry the job once it is mended." },
	{ "job", "parked", NULL, OPERATOR,
		"The job is parked with {code}: {detail}. No retry mends that by itself. An operator must remove the cause (docs/errors.md has "
		"the code), and then run `patchwork jobs retry`." },
	{ "job", "ready", "idle", OPERATOR,
		"The job is ready, and no worker that lives has stage {stage}. An operator must start one (`patchwork work {stage}`)." },
	{ "job", "ready", "paused", OPERATOR,
		"The job is ready and may not run: paused by {by}. An operator must resume it." },
	{ "job", "ready", NULL, TIME, "The job is ready. The next free worker takes it; nobody has to act." },

	{ "bounty", "draft", NULL, FUNDER,
		"The bounty is a draft: it has no money. The funder must lock it in the escrow and tell the transaction." },
	{ "bounty", "funding", NULL, TIME,
		"The deposit is being checked on chain. Nobody has to act until it is deep enough." },
	{ "bounty", "open", NULL, CONTRIBUTOR,
		"The money is in the escrow and the work is to be done. A contributor must open a pull request that closes the issue, before {due}." },
	{ "bounty", "in_progress", NULL, CONTRIBUTOR,
		"Somebody works on it. The contributor must have the pull request merged before {due}." },
	{ "bounty", "merged", NULL, TIME, "A pull request was merged and is being verified. Nobody has to act." },
	{ "bounty", "verified", NULL, TIME,
		"The merge is verified and the proof is being written. Nobody has to act." },
	{ "bounty", "hold", NULL, TIME,
		"The proof is pinned and the hold runs until {due}; then it is paid. Nobody has to act, unless somebody disputes it." },
	{ "bounty", "payable", NULL, TIME, "The hold is over and the payment is being prepared. Nobody has to act." },
	{ "bounty", "paying", NULL, TIME,
		"The payment was sent and waits for its confirmation on chain. Nobody has to act." },
	{ "bounty", "paid", NULL, NOBODY, "The bounty is paid. Nobody has to act." },
	{ "bounty", "expired", NULL, FUNDER,
		"Its deadline passed without a merge. The funder may take the money back." },
	{ "bounty", "refunding", "held", OPERATOR,
		"The money could not go back: {detail}. An operator must remove the cause and replay its pay.refund." },
	{ "bounty", "refunding", "sent", TIME,
		"The money is going back to the funder: the transaction waits for its confirmation on chain. Nobody has to act." },
	{ "bounty", "refunding", NULL, TIME,
		"The money goes back to the funder when the escrow's lock has ended, at {due}. Nobody has to act." },
	{ "bounty", "refunded", NULL, NOBODY, "The money went back to the funder. Nobody has to act." },
	{ "bounty", "cancelled", NULL, NOBODY, "The bounty was cancelled. Nobody has to act." },
	{ "bounty", "disputed", NULL, PROJECT, "Somebody disputes the payout. A maintainer must decide." },
	{ "bounty", "frozen", NULL, PROJECT,
		"The bounty is frozen: {detail}. A maintainer must look at the submission in review." },

	{ "submission", "seen", "merged", TIME,
		"The pull request is merged and waits to be verified. Nobody has to act." },
	{ "submission", "seen", NULL, PROJECT, "The pull request is open. A maintainer must merge it, or not." },
	{ "submission", "verifying", "verify.author_unlinked", CONTRIBUTOR,
		"The merge is being verified, and its author has linked no wallet to the GitHub account. The contributor must link it." },
	{ "submission", "verifying", NULL, TIME, "The merge is being verified against GitHub. Nobody has to act." },
	{ "submission", "verified", NULL, TIME,
		"The merge is verified; the proof and the payment follow. Nobody has to act." },
	{ "submission", "paying", NULL, TIME,
		"The payment was sent and waits for its confirmation on chain. Nobody has to act." },
	{ "submission", "paid", NULL, NOBODY, "The work is paid. Nobody has to act." },
	{ "submission", "review", "verify.awarded", OPERATOR,
		"A maintainer's word is all that ties it to the issue. Another person must decide: an operator, by `patchwork verify resolve`." },
	{ "submission", "review", NULL, PROJECT, "A check needs a person ({code}). A maintainer must look at it." },
	{ "submission", "rejected", NULL, NOBODY,
		"A check decided against it ({code}). Nobody has to act; that is final." },
	{ "submission", "lost", NULL, NOBODY,
		"Another pull request was first ({code}). Nobody has to act; that is final." },

	{ "payout", "hold", NULL, TIME,
		"The hold runs until {due}; then it is paid. Nobody has to act, unless somebody disputes it." },
	{ "payout", "payable", NULL, TIME, "The hold is over and the payment is being prepared. Nobody has to act." },
	{ "payout", "sending", NULL, TIME, "The transaction is signed and on its way to the node. Nobody has to act." },
	{ "payout", "sent", NULL, TIME,
		"The transaction was sent and waits for its confirmation on chain. Nobody has to act." },
	{ "payout", "paid", NULL, NOBODY, "The payout is paid. Nobody has to act." },
	{ "payout", "cancelled", NULL, NOBODY,
		"The payout was cancelled before anything was sent, and its money is the bounty's again. Nobody has to act." },
	{ "payout", "held", NULL, OPERATOR,
		"The payout is held: {detail}. An operator must remove the cause and replay its pay.quote." },

	{ "account", "linked", "link.renewal_lost", CONTRIBUTOR,
		"The account is linked, but GitHub is asked nothing in its name: a worker ended while its token was being renewed, so nobody "
		"has the new one. Its person must link it again (POST /v1/me/github)." },
	{ "account", "linked", "link.renewal_expired", CONTRIBUTOR,
		"The account is linked, but GitHub is asked nothing in its name: its token could not be renewed in time. Its person must link "
		"it again (POST /v1/me/github)." },
	{ "account", "linked", NULL, NOBODY, "The account is linked. Nobody has to act." },
	{ "account", "revoked", "unlinked", NOBODY, "Its person unlinked the account. Nobody has to act." },
	{ "account", "revoked", NULL, CONTRIBUTOR,
		"The account is not linked any more ({code}). Its person must link it again (POST /v1/me/github)." },

	{ NULL, NULL, NULL, OPERATOR,
		"It is in state {state}, which this version cannot explain. An operator must look at it." },
};
static const char awarded[] = " It was awarded by {award}";
static const struct rule stuck = {
	NULL, NULL, NULL, OPERATOR,
	" Job {job} of it is parked with {job_code}, though: an operator must remove the cause and run `patchwork jobs retry {job}`."
};

/* What there is of a code where a job has no run that says more. */
static str code_of(const struct sql_explain_find_out *f)
{
	if (str_eq(f->object, STR("submission")) && str_eq(f->state, STR("seen")) && f->merged)
		return STR("merged");
	if (!str_eq(f->object, STR("job")) || !str_eq(f->state, STR("ready")))
		return f->code;
	if (f->by.p != NULL)
		return STR("paused");
	return f->has_workers && f->workers == 0 ? STR("idle") : (str){ NULL, 0 };
}

static bool fits(const struct rule *r, const struct sql_explain_find_out *f, str code)
{
	size_t n;

	if (!str_eq(f->object, str_c(r->object)) || !str_eq(f->state, str_c(r->state)))
		return false;
	if (r->code == NULL)
		return true;
	n = strlen(r->code);
	if (n == 0 || r->code[n - 1] == '.')
		return code.p != NULL && str_starts(code, str_c(r->code));
	return str_eq(code, str_c(r->code));
}

static str value_of(struct work *w, const struct sql_explain_find_out *f, str name)
{
	char text[CLOCK_TEXT];

	if (str_eq(name, STR("due")))
		return f->has_due ? arena_str(w->arena, str_of(text, clock_format(f->due - f->due % USEC_S, text)))
				  : STR("a time that is not set");
	if (str_eq(name, STR("job")))
		return arena_printf(w->arena, "%lld", (long long)f->job_id);
	return str_eq(name, STR("code"))        ? f->code
		: str_eq(name, STR("state"))    ? f->state
		: str_eq(name, STR("detail"))   ? f->detail
		: str_eq(name, STR("by"))       ? f->by
		: str_eq(name, STR("stage"))    ? f->stage
		: str_eq(name, STR("award"))    ? f->award
		: str_eq(name, STR("job_code")) ? f->job_code
						: (str){ NULL, 0 };
}

static void fill(struct work *w, struct buf *b, const char *text, const struct sql_explain_find_out *f)
{
	while (*text != '\0') {
		size_t plain = strcspn(text, "{"), name;
		str value;

		buf_add(b, str_of(text, plain));
		text += plain;
		if (*text == '\0')
			return;
		name = strcspn(text, "}");
		value = value_of(w, f, str_of(text + 1, name - 1));
		buf_add(b, value.p == NULL ? STR("no word of why") : value);
		text += name + 1;
	}
}

void explain(struct work *w, const struct sql_explain_find_out *found, struct explanation *out)
{
	struct buf b = buf_new(w->arena, SENTENCE_MAX);
	str code = code_of(found);
	const struct rule *r = rules;

	while (r->object != NULL && !fits(r, found, code))
		r++;
	fill(w, &b, r->text, found);
	out->who = r->who;
	if (found->award.p != NULL)
		fill(w, &b, awarded, found);
	if (found->has_job_id) {
		fill(w, &b, stuck.text, found);
		out->who = stuck.who;
	}
	out->text = buf_str(&b);
}
