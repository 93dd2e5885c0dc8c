/* What the files of the sync stage share: tasks, and the functions that stage.c puts into its tables. */
#pragma once

#include "outside/github.h"
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
	str text; /* the body as of the merge or before, from a signed delivery; { NULL, 0 } = we have none */
	struct github_pull pull;
	const struct link *links;
	size_t n_links;
};
/* The pull request and all that ties it to issues, fetched now. */
MUST bool pull_fetch(struct work *w, struct github *g, struct pull_sync *p);
MUST bool pull_store(struct work *w, struct tx *tx, const struct pull_sync *p, uuid project_id, int64_t delivery_id);

enum delivery_kind { DELIVERY_IGNORED, DELIVERY_PING, DELIVERY_PULL, DELIVERY_ISSUE };
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
};
bool delivery_plan(struct work *w, struct tx *tx, void *task);
bool delivery_effect(struct work *w, const struct outside *outside, void *task);
bool delivery_settle(struct work *w, struct tx *tx, void *task);

struct project_task {
	uuid project_id;
	bool known; /* by id; a name may have been given to another repository since */
	int64_t repo_id;
	str full_name;
	struct github_repo repo;
};
bool project_plan(struct work *w, struct tx *tx, void *task);
bool project_effect(struct work *w, const struct outside *outside, void *task);
bool project_settle(struct work *w, struct tx *tx, void *task);

struct issue_task {
	uuid issue_id, project_id;
	int64_t repo_id;
	int32_t number;
	struct github_issue issue;
};
bool issue_plan(struct work *w, struct tx *tx, void *task);
bool issue_effect(struct work *w, const struct outside *outside, void *task);
bool issue_settle(struct work *w, struct tx *tx, void *task);
MUST bool issue_store(struct work *w, struct tx *tx, uuid project_id, const struct github_issue *i);
