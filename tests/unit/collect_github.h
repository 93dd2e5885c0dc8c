/* GitHub as a table of answers behind the functions of outside/github.h: what sync and verify read in a test. */
#pragma once

#include "check.h"
#include "outside/github.h"
#include "stages/sync/sync.h"
#include "stages/verify/verify.h"

#define SHA "0123456789abcdef0123456789abcdef01234567"
#define MERGED_AT (1767323045 * USEC_S) /* 2026-01-02T03:04:05Z */

/* A pull request that Mia (8) merged, by Alice (7), with this body, merger and title. */
#define PULL_BY(merger, body) PULL_BY_A("User", merger, body)
#define PULL_BY_A(type, merger, body)                                                                                  \
	"{\"base\":{\"ref\":\"main\",\"repo\":{\"id\":10}},\"body\":\"" body "\","                                     \
	"\"created_at\":\"2026-01-01T00:00:00Z\",\"head\":{\"sha\":\"aa\"},\"id\":44,\"merge_commit_sha\":\"" SHA      \
	"\","                                                                                                          \
	"\"merged\":true,\"merged_at\":\"2026-01-02T03:04:05Z\",\"merged_by\":{\"id\":" merger ",\"type\":\"" type     \
	"\"},\"number\":4,"                                                                                            \
	"\"title\":\"Round\",\"user\":{\"id\":7,\"type\":\"User\"}}"
#define OPEN_PULL                                                                                                      \
	"{\"base\":{\"ref\":\"main\",\"repo\":{\"id\":10}},\"body\":null,\"created_at\":\"2026-01-01T00:00:00Z\","     \
	"\"head\":{\"sha\":\"aa\"},\"id\":44,\"merge_commit_sha\":\"" SHA "\",\"merged\":false,\"merged_at\":null,"    \
	"\"merged_by\":null,\"number\":4,\"title\":\"Round\",\"user\":{\"id\":7,\"type\":\"User\"}}"
#define ISSUE_DOC(state, reason) "{\"id\":33,\"number\":3,\"state\":\"" state "\",\"state_reason\":" reason "}"
#define HISTORY(events)                                                                                                \
	"{\"repository\":{\"issue\":{\"number\":3,\"timelineItems\":{\"nodes\":[" events "]}},\"nameWithOwner\":"      \
	"\"octo/hello\"}}"
#define PULL_NODE(number) "{\"__typename\":\"PullRequest\",\"number\":" number ",\"repository\":{\"databaseId\":10}}"
#define CLOSED_BY(closer)                                                                                              \
	"{\"__typename\":\"ClosedEvent\",\"closer\":" closer ",\"createdAt\":\"2026-01-02T03:04:06Z\"}"
#define CONNECTED(actor, at)                                                                                           \
	"{\"__typename\":\"ConnectedEvent\",\"actor\":{\"__typename\":\"User\",\"databaseId\":" actor                  \
	"},\"createdAt\":\"" at "\",\"source\":" PULL_NODE("4") ",\"subject\":{\"__typename\":\"Issue\"}}"
#define REFERENCES(nodes) "[{\"repository\":{\"pullRequest\":{\"closingIssuesReferences\":{\"nodes\":[" nodes "]}}}}]"
#define ISSUE_NODE "{\"fullDatabaseId\":\"33\",\"number\":3,\"repository\":{\"databaseId\":10}}"
#define COMMIT(author, message)                                                                                        \
	"{\"author\":{\"id\":" author "},\"commit\":{\"message\":\"" message "\"},\"sha\":\"cc\"}"
#define PARENT "1111111111111111111111111111111111111111"
#define COMMIT_OF(sha, parent, tree, message)                                                                          \
	"{\"author\":{\"id\":9},\"commit\":{\"message\":\"" message "\",\"tree\":{\"sha\":\"" tree                     \
	"\"}},\"parents\":[{\"sha\":\"" parent "\"}],\"sha\":\"" sha "\"}"
#define COMPARED(status) "{\"base_commit\":" COMMIT_OF(SHA, PARENT, "after", "Round") ",\"status\":\"" status "\"}"
#define STATUSES(state, total) "{\"sha\":\"" SHA "\",\"state\":\"" state "\",\"statuses\":[],\"total_count\":" total "}"
#define REVIEW(uid, login, state, commit)                                                                              \
	"{\"commit_id\":\"" commit "\",\"state\":\"" state                                                             \
	"\",\"submitted_at\":\"2026-01-02T00:00:00Z\",\"user\":{\"id\":" uid ",\"login\":\"" login                     \
	"\",\"type\":\"User\"}}"
#define COMMENT(uid, body, edited)                                                                                     \
	"{\"body\":\"" body "\",\"id\":70,\"created_at\":\"2026-01-01T12:00:00Z\",\"updated_at\":\"" edited            \
	"\",\"user\":{\"id\":" uid "}}"
/* Who edited the text last, and when; the same of comment 70; how many edits of the text there are, and each of them. */
#define UNEDITED "\"editor\":null,\"lastEditedAt\":null"
#define EDITED(uid, at) "\"editor\":{\"databaseId\":" uid "},\"lastEditedAt\":\"" at "\""
#define EDIT(uid, at) "{\"editedAt\":\"" at "\",\"editor\":{\"databaseId\":" uid "}}"
#define EDITORS(text, comment, total, edits)                                                                           \
	"[{\"repository\":{\"pullRequest\":{\"comments\":{\"nodes\":[{\"fullDatabaseId\":\"70\"," comment "}]}," text  \
	",\"userContentEdits\":{\"nodes\":[" edits "],\"totalCount\":" total "}}}}]"
#define FILE_DOC(name, patch) "{\"filename\":\"" name "\",\"patch\":\"" patch "\"}"
#define RUNS_OF(runs, total) "{\"check_runs\":[" runs "],\"total_count\":" total "}"
#define RUNS(runs) RUNS_OF(runs, "0")

struct github {
	struct github_repo repo;
	struct github_pull pull;
	struct github_issue issue;
	struct github_closing closing[4];
	size_t n_closing;
	str messages[4];
	size_t n_messages;
	str closer;
	enum github_reach reach;
	int calls, closer_calls, editor_calls, permissions;
	/* documents, as GitHub's canonical text; NULL = there is none for us */
	const char *pull_doc, *issue_doc, *history, *references, *commits, *status, *since, *comments, *reviews, *files,
		*editors, *checks, *statuses, *before, *permission;
};

/* Before and after each test. It starts with an open pull request of Alice (7) that is approved and green. */
extern struct work work;
extern struct github github;
extern struct outside outside;
int start(void **state);
int stop(void **state);
void merge(void); /* Mia merges it */
