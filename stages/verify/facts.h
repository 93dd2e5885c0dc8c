/* What documents say: the rows' own and GitHub's, as they are kept, into the facts of a verdict. Pure: no clock, no rows, no
 * network, so that a verdict can be made again from what was kept. */
#pragma once

#include "verdict.h"

/* A document of each role, those marked * where GitHub has it for us:
 *   rows          facts_text: our own rows
 *   repository pull issue history references commits reach* before* since* comments* reviews* files* checks* statuses*
 *   permission:<uid>* policy* award*
 * as the functions of include/outside/github.h hand them out; reach, before (the commit before the merge) and since once it is
 * merged: without reach and since a person must look.
 * fails  ERR_INVALID verify.evidence_incomplete: a document is missing, or lacks a member */
MUST bool facts_of(struct work *w, const struct source *sources, size_t n, struct facts *out);

/* The policy as the project's own file changes it: the document of the role "policy", which is that file byte for byte. Without one
 * it is the same.
 * fails  ERR_INVALID policy.*: the file is none that this program knows */
MUST bool policy_of(
	struct work *w, const struct policy *base, const struct source *sources, size_t n, struct policy *out);

/* Those who approved the merged state of a pull request, beside its author: whose permission is to be asked. At most max, and
 * none when somebody else has merged it, whose doing that is, unless the project asks for a review. */
size_t facts_approvers(
	struct work *w, const struct source *sources, size_t n, str logins[], int64_t uids[], size_t max);
