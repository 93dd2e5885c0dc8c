/* What the files of the sync stage share: tasks, and the functions that stage.c puts into its tables. */
#pragma once

#include "base/json.h"
#include "db/query.h"
#include "outside/github_oauth.h"
#include "queue/stage.h"

struct link { /* a pull request and an issue of its repository */
	int32_t number;
	int64_t issue_uid; /* 0 = not told */
	int32_t level;     /* evidence, docs/stages.md */
	str source;
};

struct pull_sync {
	int64_t repo_id;
	str full_name;
	int32_t number;
	str text;      /* the body as of the merge or before, from a signed delivery; { NULL, 0 } = we have none */
	usec text_at;  /* when it stood there, by GitHub; 0 = now */
	bool at_merge; /* that delivery is the merge's own: the text stood there then */
	usec edited_at; /* somebody else than the author edited the author's words: since then we know of it; 0 = nobody */
	struct github_pull pull;
	const struct link *links;
	size_t n_links;
};
/* The pull request and all that ties it to issues, fetched now. */
MUST bool pull_fetch(struct work *w, struct github *g, struct pull_sync *p);
MUST bool pull_store(struct work *w, struct tx *tx, const struct pull_sync *p, uuid project_id, int64_t delivery_id,
	usec planned_at);

struct comment { /* by a person, with a command in it */
	int64_t id, uid;
	str login, text;
	uint8_t sha256[32]; /* of the text */
	bool edited;        /* it was another one before */
	usec said_at;       /* by GitHub; 0 = it does not say */
};
/* NULL, or why it is none: an error code. */
const char *comment_read(struct work *w, const cJSON *body, struct comment *out);
/* Of an edit: not by whom the words are said to be ("comment.user.id"). Who may edit others' words must not speak in their names. */
bool comment_edited_by_other(const cJSON *body, const char *author);

enum delivery_kind {
	DELIVERY_IGNORED,
	DELIVERY_PING,
	DELIVERY_PULL,
	DELIVERY_ISSUE,
	DELIVERY_COMMENT,
	DELIVERY_PUSH,
	DELIVERY_REPOSITORY,
	DELIVERY_INSTALLATION
};
/* events.c: what becomes of an event */
struct event_rule {
	const char *event;
	const char *actions; /* "a|b"; "" = it has none; NULL = ignored, whatever the action */
	enum delivery_kind kind;
	const char *why;
};
const struct event_rule *event_rule(str event); /* NULL: never heard of */
bool event_takes(const struct event_rule *rule, str action);

struct delivery_task {
	int64_t delivery_id;
	enum delivery_kind kind;
	const char *reason; /* why it is ignored */
	str action;
	usec received_at;
	int64_t repo_id; /* 0 = the body names none */
	str full_name;
	int32_t number; /* of the pull request or issue; 0 = the body names none */
	uuid project_id;
	struct github_issue issue;
	struct pull_sync pull;
	struct comment comment;
	usec planned_at;      /* by the database: what is fetched is younger */
	bool own;             /* it came to a hook of ours, */
	uuid own_hook;        /* this one */
	const int64_t *repos; /* of an installation */
	size_t n_repos;
	const char *lost;              /* why they cannot be read any more; NULL = they are to be looked at again */
	int64_t installation, account; /* the one it is about, whose; 0 = the body names none */
	str account_login;
	int64_t moved_repo; /* an issue: where it was transferred to; 0 = it was not */
	int32_t moved_number;
	str after;   /* a push: the commit that the default branch ends with now */
	usec pushed; /* when, by GitHub; 0 = it does not say */
};
bool delivery_plan(struct work *w, struct tx *tx, void *task);
bool delivery_effect(struct work *w, const struct outside *outside, void *task);
bool delivery_settle(struct work *w, struct tx *tx, void *task);
void delivery_count_ignored(const char *reason); /* ignored.c */

struct project_task {
	uuid project_id;
	bool known; /* by id; a name may have been given to another repository since */
	int64_t repo_id;
	str full_name;
	struct github_repo repo;
	const char *lost; /* why it cannot be read any more; NULL = it can */
};
bool project_plan(struct work *w, struct tx *tx, void *task);
bool project_effect(struct work *w, const struct outside *outside, void *task);
bool project_settle(struct work *w, struct tx *tx, void *task);

struct link_task { /* an account that somebody links */
	uuid link_id;
	bool decided; /* by an earlier run */
	bool again;   /* an earlier run may have had the token */
	bool late;
	str redirect_uri, code, verifier;
	struct github_grant grant;
	const char *refused; /* error code; NULL = there is a token */
};
bool link_plan(struct work *w, struct tx *tx, void *task);
bool link_effect(struct work *w, const struct outside *outside, void *task);
bool link_settle(struct work *w, struct tx *tx, void *task);

struct account_task { /* whose token it is */
	uuid token_id;
	bool decided, found;
	bool bound; /* to a person, as this account */
	usec wait;  /* it is being renewed; 0 = it can be used */
	int32_t renewals;
	int64_t github_id;
	str token;
	enum github_token_state state;
	struct github_user user;
};
bool account_plan(struct work *w, struct tx *tx, void *task);
bool account_effect(struct work *w, const struct outside *outside, void *task);
bool account_settle(struct work *w, struct tx *tx, void *task);
bool accounts_settle(struct work *w, struct tx *tx, void *task);
bool unlink_plan(struct work *w, struct tx *tx, void *task);
bool unlink_effect(struct work *w, const struct outside *outside, void *task);
bool unlink_settle(struct work *w, struct tx *tx, void *task);

struct renew_task { /* a token that ends is exchanged for the next one */
	uuid token_id;
	int32_t renewals; /* those before */
	bool decided;     /* by an earlier run */
	bool again;       /* an earlier run may have had the next one */
	str refresh;
	struct github_grant grant;
	const char *refused; /* error code; NULL = there is a token */
};
bool renew_plan(struct work *w, struct tx *tx, void *task);
bool renew_effect(struct work *w, const struct outside *outside, void *task);
bool renew_settle(struct work *w, struct tx *tx, void *task);
/* For a plan whose token ends: has it renewed. *wait is how long to wait for that, in token_wait; 0 = the renewal is parked. */
MUST bool token_renew(struct work *w, struct tx *tx, uuid token_id, usec *wait);
MUST bool token_wait(struct work *w, usec wait); /* false: the job comes again */

struct issue_task {
	uuid issue_id, project_id;
	int64_t repo_id;
	int32_t number;
	usec planned_at;
	bool gone; /* GitHub says that it was deleted */
	struct github_issue issue;
};
bool issue_plan(struct work *w, struct tx *tx, void *task);
bool issue_effect(struct work *w, const struct outside *outside, void *task);
bool issue_settle(struct work *w, struct tx *tx, void *task);
/* planned_at  when the database was asked before GitHub was; 0 = the body was signed, nobody knows when it was read */
MUST bool issue_store(struct work *w, struct tx *tx, uuid project_id, const struct github_issue *i, usec planned_at);

struct sweep_task {
	uuid project_id;
	int64_t repo_id;
	int32_t serial, page;
	int64_t seen; /* issues and pull requests read so far */
	usec since;   /* 0 = from the beginning */
	str next;     /* the page to read, where `since` is not enough */
	usec planned_at;
	const struct github_issue *issues;
	size_t n_issues;
	str more; /* the page after that; { NULL, 0 } = it was the last */
};
bool reconcile_settle(struct work *w, struct tx *tx, void *task);
bool sweep_plan(struct work *w, struct tx *tx, void *task);
bool sweep_effect(struct work *w, const struct outside *outside, void *task);
bool sweep_settle(struct work *w, struct tx *tx, void *task);

struct one_pull_task {
	uuid project_id;
	int32_t number;
	struct pull_sync pull;
	usec planned_at;
};
bool one_pull_plan(struct work *w, struct tx *tx, void *task);
bool one_pull_effect(struct work *w, const struct outside *outside, void *task);
bool one_pull_settle(struct work *w, struct tx *tx, void *task);

struct check_task { /* is the repository this person's? */
	uuid check_id, project_id;
	str method, challenge, branch, login; /* login { NULL, 0 } = no account is linked */
	int64_t repo_id, uid;
	bool stood;     /* it passed the last time */
	bool own_token; /* it is asked with that account's token */
	str lapsed;     /* why there is nothing to ask: the ping that it passed by is too old, or its hook gone */
	usec wait;      /* for that token's renewal; 0 = none */
	bool passed;
	const char *code; /* why not */
	struct evidence ev;
	str commit_sha;
	bool asked_app; /* installation is what GitHub said */
	struct github_installation installation;
};
bool check_plan(struct work *w, struct tx *tx, void *task);
bool check_effect(struct work *w, const struct outside *outside, void *task);
bool check_settle(struct work *w, struct tx *tx, void *task);
bool reverify_settle(struct work *w, struct tx *tx, void *task);

struct hook_task { /* a webhook of ours */
	uuid hook_id, project_id;
	uuid guid;            /* sync.redeliver: what did not arrive */
	int64_t repo_id, id;  /* id as GitHub numbers it; 0 = not known to be there */
	int64_t delivery;     /* to be asked for again */
	bool waited_for;      /* a check of ownership waits for its ping */
	bool decided, listed; /* listed: sync.redeliver knows it */
	bool ping_due;
	bool subscribed;     /* GitHub delivers all that we want, signed: known before, */
	bool confirmed;      /* or found out, or brought about, now */
	bool lost_secret;    /* somebody, or what we asked for, took it away */
	const char *refusal; /* why nobody could say: an error code */
	usec since;
	str page;               /* sync.health: go on there, in a look */
	usec page_since, began; /* that reaches back to then and began then; 0 = it begins */
	bool page_lost;         /* which GitHub has no more: the next look begins anew */
	str more;               /* the page after those that were read */
	str secret, next;       /* next is the box that the rotation ends with */
	str url;
	const char *gone; /* why there is none */
	usec wait;        /* for the renewal of the token to ask with; 0 = none */
	const struct github_delivery *list;
	size_t n_list;
};
struct own_token {
	int64_t uid; /* the account */
	uuid id;
	str sealed;
	bool ends; /* it is renewed first */
};
/* Asks with this account's token, within its limits. *wait as in token_renew; nothing is asked in a turn that waits. */
MUST bool ask_as(struct work *w, struct tx *tx, const struct own_token *t, usec *wait);
bool hook_plan(struct work *w, struct tx *tx, void *task);
bool hook_probe(struct work *w, const struct outside *outside, void *task, bool *done);
bool hook_effect(struct work *w, const struct outside *outside, void *task);
bool hook_settle(struct work *w, struct tx *tx, void *task);
bool rotate_plan(struct work *w, struct tx *tx, void *task);
bool rotate_effect(struct work *w, const struct outside *outside, void *task);
bool rotate_settle(struct work *w, struct tx *tx, void *task);
bool hooks_settle(struct work *w, struct tx *tx, void *task);
bool health_plan(struct work *w, struct tx *tx, void *task);
bool health_effect(struct work *w, const struct outside *outside, void *task);
bool health_settle(struct work *w, struct tx *tx, void *task);
bool redeliver_plan(struct work *w, struct tx *tx, void *task);
bool redeliver_effect(struct work *w, const struct outside *outside, void *task);
bool redeliver_settle(struct work *w, struct tx *tx, void *task);

struct policy_task { /* a project's policy file */
	uuid project_id;
	str after;      /* a push brought this commit, */
	usec pushed_at; /* then; 0 = nobody knows when what is found was pushed */
	int64_t repo_id;
	str branch;
	usec planned_at;
	bool found;
	str text, commit_sha, url; /* commit_sha { NULL, 0 } = the branch cannot be read */
	const char *refused;       /* the file is not to be read: an error code */
};
#define POLICY_PATH ".github/patchwork.json"
bool policy_plan(struct work *w, struct tx *tx, void *task);
bool policy_effect(struct work *w, const struct outside *outside, void *task);
bool policy_settle(struct work *w, struct tx *tx, void *task);
/* Whether the body of a push says, or may not say, that the default branch has another policy file now. */
bool policy_pushed(const cJSON *body, str *after, usec *pushed);

struct command_task {
	int64_t delivery_id;
	uuid project_id;
	int64_t repo_id;
	int32_t number;
	struct comment comment;
	str permission; /* admin maintain write triage read none */
};
bool command_plan(struct work *w, struct tx *tx, void *task);
bool command_effect(struct work *w, const struct outside *outside, void *task);
bool command_settle(struct work *w, struct tx *tx, void *task);

/* Why a command was refused, for people who never read a code; NULL: none that is known.  refusal.c */
const char *refusal_text(str code);

struct attempt_task {
	int64_t attempt_id;
};
bool attempt_settle(struct work *w, struct tx *tx, void *task);

struct status_task {
	uuid project_id;
	int32_t number;
	int64_t repo_id, comment_id; /* 0 = not known to be there */
	bool silent;                 /* the project wants none, or it stands there already */
	const char *held;            /* what a person did to it; it is left alone then */
	str text, marker, stood;
	struct strs written; /* hashes of what we may have written there */
	uint8_t sha256[32];
};
bool status_peek(struct work *w, struct tx *tx, void *task);
bool status_plan(struct work *w, struct tx *tx, void *task);
bool status_probe(struct work *w, const struct outside *outside, void *task, bool *done);
bool status_effect(struct work *w, const struct outside *outside, void *task);
bool status_settle(struct work *w, struct tx *tx, void *task);
