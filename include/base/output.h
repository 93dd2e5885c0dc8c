/* What a unit produced, as the JSON object that is kept with its history: opened, written member by member, closed. */
#pragma once

#include "base/json.h"

struct json *output_open(struct work *w);          /* in w's arena */
void output_close(struct work *w, struct json *j); /* w->output is the object */

/* The same of one word, and of a code that is its reason; NULL = none. */
void output_word(struct work *w, const char *name, const char *word, const char *code);
