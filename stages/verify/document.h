/* What facts.c asks of the files that read documents of one kind each. Pure, as facts.h says; what facts point to is in w's arena. */
#pragma once

#include "facts.h"

/* The document of a role; { NULL, 0 } and NULL = there is none, or it is no JSON. */
str document_bytes(const struct source *sources, size_t n, const char *role);
const cJSON *document_json(struct work *w, const struct source *sources, size_t n, const char *role);
/* fails  always: ERR_INVALID verify.evidence_incomplete, with what was missing */
bool document_incomplete(struct work *w, const char *role);
bool document_time(const cJSON *object, const char *path, usec *out);

/* ties.c. full_name: of the repository, "owner/name".  fails  as document_incomplete */
bool ties_claim(struct work *w, str text, int32_t number); /* whether "/claim" in it names this issue */
bool ties_claimed(
	struct work *w, const cJSON *comments, int64_t author, int32_t number); /* in a comment of the author's */
/* editors: of whose edit each comment is (model/editor.h); NULL = nobody asked */
void ties_comments(struct work *w, const cJSON *list, const cJSON *editors, struct facts *f);
void ties_award(const cJSON *json, struct facts *f); /* after the pull request; json may be NULL */
MUST bool ties_history(struct work *w, const cJSON *json, struct facts *f);
MUST bool ties_references(struct work *w, const cJSON *pages, struct facts *f);
MUST bool ties_commits(struct work *w, const cJSON *list, str full_name, struct facts *f);

/* since.c. Any document may be NULL. */
void since_reach(const cJSON *json, struct facts *f);
void since_read(
	struct work *w, const cJSON *list, const cJSON *reach, const cJSON *before, str full_name, struct facts *f);

/* review.c; the latter as facts_approvers */
void review_read(struct work *w, const struct source *sources, size_t n, struct facts *f);
size_t review_approvers(
	struct work *w, const cJSON *list, const struct facts *f, str logins[], int64_t uids[], size_t max);

/* change.c. Any document may be NULL. What files the policy does not count are as if they were not changed. */
enum ci change_ci(const cJSON *checks, const cJSON *statuses);
enum diff change_diff(struct work *w, const struct policy *p, const cJSON *files);
