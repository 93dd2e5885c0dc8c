#include "sync.h"

static const struct {
	const char *code, *text;
} refusals[] = {
	{ "award.before_bounty", "the pull request was merged before the bounty was made" },
	{ "award.decided", "about this pull request it is decided already" },
	{ "award.elsewhere", "the pull request is in another repository" },
	{ "award.no_pull", "no pull request of that number is known here" },
	{ "award.not_merged",
		"the pull request is not merged, or we have not heard of it yet; once it is, write the command again" },
	{ "award.own", "nobody awards a bounty to themselves; another maintainer may" },
	{ "award.shares", "shares are not offered; write it without them" },
	{ "award.unfunded", "the bounty has no money yet" },
	{ "award.won", "a pull request has won the bounty already" },
	{ "bounty.amount_least", "it is less than is taken here of that token" },
	{ "bounty.asset_unknown",
		"no token of that name is taken, or one on several chains; name the chain as in `USDC@eip155:25`" },
	{ "bounty.deadline_past", "that day is past" },
	{ "bounty.issue_closed", "the issue is closed" },
	{ "command.account_unlinked",
		"the GitHub account is linked to nobody here; link it, and write the command again" },
	{ "command.ambiguous", "several bounties are on the issue, and a comment does not say which" },
	{ "command.amount", "the amount has more decimals than the token, or is too large" },
	{ "command.attempts", "nobody is at work for more than five bounties; end an attempt with `/unattempt` first" },
	{ "command.claimed", "somebody is at work for the bounty, or a pull request was seen for it" },
	{ "command.edited",
		"an edited comment gives no new commands once the bounty is no draft; write it in another comment" },
	{ "command.forbidden", "who wrote it may not do that here" },
	{ "command.lock_ends", "the money is not locked for as long as that" },
	{ "command.malformed", "it is not written as it must be" },
	{ "command.no_attempt", "there is no attempt that could end" },
	{ "command.no_bounty", "no bounty that can be won is on this issue" },
	{ "command.no_submission", "no pull request of that number was seen for the bounty" },
	{ "command.no_wallet", "there is no wallet to pay to; link one, and write the command again" },
	{ "command.not_here", "`/claim` goes under a pull request, every other command under its issue" },
	{ "command.sooner", "the new day is not later than the present one" },
	{ "command.superseded", "a later text of the comment was read before it" },
	{ "command.too_late", "the bounty or the pull request is beyond that" },
	{ "command.unsupported", "it is not offered" },
	{ "project.unverified", "nobody has shown whose the repository is, or it cannot be read" },
};

const char *refusal_text(str code)
{
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (str_eq(code, str_c(refusals[i].code)))
			return refusals[i].text;
	return NULL;
}
