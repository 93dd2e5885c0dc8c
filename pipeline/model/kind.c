#include "model/kind.h"

#define READ_AGAIN "GitHub is read again; what is older than what is known changes nothing."

const struct kind kinds[] = {
	{ .kind = "sync.delivery", "asks", READ_AGAIN },
	{ .kind = "sync.project", "asks", READ_AGAIN },
	{ .kind = "sync.issue", "asks", READ_AGAIN },
	{ .kind = "sync.reconcile", "rows", "Sweeps that are under way go on." },
	{ .kind = "sync.sweep", "asks", READ_AGAIN },
	{ .kind = "sync.pull", "asks", READ_AGAIN },
	{ .kind = "sync.command",
		"asks",
		"GitHub is asked for the author's permission again; a comment's words count once." },
	{ .kind = "sync.status",
		"done|acts",
		"Nothing when what is to be said stands there; otherwise our comment on the issue is edited." },
	{ .kind = "sync.attempt", "rows", "What lapsed is said once." },
	{ .kind = "sync.check", "asks", "GitHub is asked again who may administer the repository." },
	{ .kind = "sync.reverify", "rows", "Checks that are due are asked for, each once." },
	{ .kind = "sync.policy", "asks", "The file is read again; a version that is known is kept as it is." },
	{ .kind = "sync.link",
		"done|asks",
		"Nothing when the attempt is decided; otherwise GitHub is asked whose code it is." },
	{ .kind = "sync.account",
		"done|asks",
		"Nothing when the link is over; otherwise GitHub is asked whether it still stands." },
	{ .kind = "sync.accounts", "rows", "Accounts that are due are asked about, each once." },
	{ .kind = "sync.unlink", "asks", "GitHub is told again to forget the token." },
	{ .kind = "sync.renew", "done|asks", "Nothing when the token was renewed; a refresh token is sent once." },
	{ .kind = "sync.hook", "done|acts", "Nothing when our webhook is there; otherwise it is made." },
	{ .kind = "sync.rotate",
		"asks",
		"The webhook's next secret is told to GitHub again, while it is the next one." },
	{ .kind = "sync.hooks", "rows", "Webhooks that are due are looked at, each once." },
	{ .kind = "sync.health", "asks", "GitHub is asked again how the webhook does." },
	{ .kind = "sync.redeliver",
		"asks",
		"GitHub is asked again to deliver what is missing; a delivery is stored once." },
	{ .kind = "verify.fund",
		"done|asks",
		"Nothing when the deposit is confirmed or refused; otherwise the chain is asked." },
	{ .kind = "verify.wallet", "done|asks", "Nothing when the sign-in was decided; otherwise the chain is asked." },
	{ .kind = "verify.merge",
		"done|asks",
		"Nothing when the submission is decided; otherwise GitHub is asked, and the same evidence is the same verdict." },
	{ .kind = "verify.recheck",
		"done|asks",
		"Nothing when the payout was looked at when it was due, or is no longer to be sent; otherwise GitHub is asked." },
	{ .kind = "verify.deadline",
		"done|rows",
		"Nothing when the bounty is no longer to be won; otherwise it expires." },
	{ .kind = "prove.proof",
		"done|acts",
		"Nothing when the proof is pinned; otherwise the stored bytes are pinned." },
	{ .kind = "pay.quote",
		"done|asks",
		"Nothing when the payout is sent or paid; otherwise the chain is asked, which also finds a release that was paid already." },
	{ .kind = "pay.send",
		"done|acts",
		"Nothing when its transaction was sent or the chain has seen it; otherwise the same signed bytes are sent." },
	{ .kind = "pay.confirm",
		"done|asks",
		"Nothing when it was paid or failed; otherwise the chain is asked, and the same bytes sent again when no node knows them." },
	{ .kind = "pay.refund",
		"done|acts",
		"Nothing when the money is back; otherwise it is sent back to its funder, once the lock has ended." },
	{ .kind = "score.payout", "rows", "Nothing: its event is there." },
	{ .kind = NULL },
};

const struct kind *kind_find(str kind)
{
	for (const struct kind *k = kinds; k->kind != NULL; k++)
		if (str_eq(kind, str_c(k->kind)))
			return k;
	return NULL;
}

bool kind_stage(str name)
{
	for (const struct kind *k = kinds; k->kind != NULL; k++)
		if (strcspn(k->kind, ".") == name.n && memcmp(k->kind, name.p, name.n) == 0)
			return true;
	return false;
}
