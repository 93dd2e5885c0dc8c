/* conf/patchwork.conf and the environment into a struct through a field table.
 * A file line is "key = value"; '#' at its beginning or after a space begins a comment. The environment wins:
 * PATCHWORK_KEY, in capitals and with '.' as '_'. A FIELD_SECRET also has key_file / PATCHWORK_KEY_FILE, whose first line
 * (without its end) is the value; the value itself, when given in the same place, goes before it. */
#pragma once

#include "base/field.h"
#include "base/work.h"

/* path NULL: environment and defaults only. Strings live in w's arena.
 * fails  ERR_INVALID conf.unreadable, conf.syntax, conf.unknown_key, conf.missing, conf.value; err.text names file, line
 *        and key */
MUST bool conf_load(struct work *w, const char *path, struct fields fields, void *out);
/* "key = value  # doc" lines of what is in force, secrets as "(set)" or "(empty)", what a URL holds of them as "..." (base/conf_mask.h). */
str conf_show(struct work *w, struct fields fields, const void *conf);
str conf_json(struct work *w, struct fields fields, const void *conf); /* the same as one JSON object of strings */
