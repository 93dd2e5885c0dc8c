/* Commands in comments: a line that begins with "/bounty 100 USDC@cronos by 2027-01-31", outside code, quotes and HTML comments.
 * What is no command of ours is no command; one of ours that is not right is there, as not good, so that it can be answered. Pure. */
#pragma once

#include "base/arena.h"

enum command_verb {
	COMMAND_BOUNTY,    /* amount asset[@chain] [by DATE] [split USER:PERCENT ...] */
	COMMAND_FUND,      /* amount asset[@chain] */
	COMMAND_ATTEMPT,   /* nothing */
	COMMAND_UNATTEMPT, /* nothing */
	COMMAND_CLAIM,     /* #n[, #m ...] */
	COMMAND_SPLIT,     /* @user PERCENT */
	COMMAND_TIP,       /* @user amount asset[@chain] */
	COMMAND_AWARD,     /* [owner/name]#n [@user:PERCENT ...] reason */
	COMMAND_REJECT,    /* #n reason */
	COMMAND_EXTEND,    /* DATE */
	COMMAND_CANCEL,    /* reason */
	COMMAND_DISPUTE,   /* reason */
	COMMAND_PATCHWORK, /* off on help status */
	COMMAND_VERBS
};

#define COMMANDS_MAX 10 /* of one comment; more are not read */
#define COMMAND_NUMBERS 16
#define COMMAND_SHARES 8
#define COMMAND_REASON 500 /* bytes */

struct command_share {
	str user; /* without '@' */
	int32_t percent;
};
struct command {
	enum command_verb verb;
	bool good;   /* all of the line is as it must be; without it nothing below counts */
	int ordinal; /* of the comment's commands, from 1 */
	str amount;  /* "12.5": digits, at most one point, nothing else; not 0 */
	str asset, chain;
	str date; /* "2027-01-31", a day that exists */
	str word; /* of /patchwork; of /award "owner/name", empty when only a number was written */
	str reason;
	int32_t numbers[COMMAND_NUMBERS];
	size_t n_numbers;
	struct command_share shares[COMMAND_SHARES];
	size_t n_shares;
};

/* In the order of the text; views into it. Returns how many. */
size_t commands_read(struct arena *arena, str text, struct command out[COMMANDS_MAX]);
const char *command_name(enum command_verb verb);     /* "bounty" */
const char *command_usage_of(enum command_verb verb); /* "/bounty AMOUNT ASSET[@CHAIN] ..." */
