/* What one unit of work may ask of an outside that counts requests, and what it learned there. The runner fills it before the
 * unit sees the network and stores it afterwards, so whoever asks meets no database (docs/stages.md, "Asking GitHub").
 * A unit without one (work.quota NULL) asks as it likes and remembers nothing. */
#pragma once

#include "base/arena.h"
#include "base/clock.h"

enum quota_resource { QUOTA_CORE, QUOTA_SEARCH, QUOTA_GRAPHQL, QUOTA_RESOURCES };
extern const char *const quota_names[QUOTA_RESOURCES]; /* "core", "search", "graphql" */

enum quota_rank { QUOTA_VERIFY, QUOTA_COMMAND, QUOTA_SYNC, QUOTA_BACKFILL }; /* who goes first; verify has a reserve */

/* What a stage asks for. Without as many requests, or while another has the account's turn, the job is snoozed. */
struct quota_need {
	enum quota_rank rank;
	int32_t core, graphql; /* requests that one attempt usually makes; it may make more while there are more */
	bool writes;           /* makes content: at least a second apart, so many an hour */
};

struct quota_left {
	int64_t may;  /* requests that may still be sent */
	int64_t sent; /* that were answered with more than "not modified" */
	bool told;    /* the outside said what stands below, in its last answer */
	int64_t limit, remaining;
	usec resets_in;
	usec wait; /* it refuses everything for so long; 0 = it does not */
};

struct quota_page {         /* the answer to one GET, as it may be kept */
	str url;            /* as it was asked for */
	str etag, modified; /* what a conditional request names; { NULL, 0 } = it gave none */
	str next;           /* the next page; { NULL, 0 } = the last one */
	str moved;          /* the address it has now, when that is for ever; { NULL, 0 } = it is where it was */
	str bytes;          /* canonical JSON */
	struct quota_page *older;
};

struct quota {
	struct arena *arena;
	str account;          /* whose limits count; { NULL, 0 } = the process's own */
	str token;            /* the account's, set by plan; { NULL, 0 } = the installation's, or the process's own */
	int64_t installation; /* of the App, by which to ask; 0 = none */
	struct quota_left at[QUOTA_RESOURCES];
	int32_t strikes;          /* limits in a row that named no end, so the next wait is longer */
	int64_t points;           /* GitHub's secondary limit: a read is 1, a write 5 */
	bool idle;                /* set by plan: this time nothing will be asked */
	bool wrote;               /* content was made, or may have been */
	struct quota_page *known; /* kept from earlier units, about the subjects below */
	struct quota_page *fresh; /* to be kept */
	int64_t unchanged;        /* answers that were "not modified" */
	const str *subjects;
	size_t n_subjects;
};
#define QUOTA_SUBJECTS 8

struct quota *quota_new(struct arena *arena);
/* Whose answers the unit will want to compare with: "/repositories/1/pulls/2". Nothing without a quota; at most QUOTA_SUBJECTS. */
void quota_about(struct quota *q, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The subject of a URL: its path, at most four segments of it. */
str quota_subject(str url);
const struct quota_page *quota_known(const struct quota *q, str url); /* NULL: nothing, also without a quota */
void quota_keep(struct quota *q, const struct quota_page *page);      /* a copy, in the quota's arena */
