/* Whose words stand in a pull request's text and comments. Who may edit others' words must not speak in their names: text whose last
 * edit was another's, or nobody knows whose, is not its author's. What the author edits afterwards is theirs as it then stands.
 * pages: what GitHub's GraphQL says, an array (outside/github.h). */
#pragma once

#include "base/json.h"

bool editor_wrote_comment(const cJSON *pages, int64_t author, int64_t comment_id);
/* The text as it stood then, by GitHub's clock; at 0: as it stands now. */
bool editor_wrote_text(const cJSON *pages, int64_t author, usec at);
