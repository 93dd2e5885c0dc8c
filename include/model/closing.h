/* What a pull request's text says about issues, by GitHub's rules: "fixes #3", "Closes: owner/name#7", each issue with a keyword
 * of its own; and our own command "/claim #3, #4" at the beginning of a line. Nothing counts inside fenced or indented code,
 * code spans, quotes or HTML comments. Pure. */
#pragma once

#include "base/arena.h"

struct closing_ref {
	str repo; /* "owner/name", a view into the text; { NULL, 0 } = the pull request's own repository */
	int32_t number;
};
/* In the order of the text, repetitions too. */
size_t closing_refs(struct arena *arena, str text, const struct closing_ref **out);
size_t claim_refs(struct arena *arena, str text, const int32_t **out);
/* The text with everything that does not count as spaces; the same length. */
str closing_mask(struct arena *arena, str text);
