/* conf/patchwork.conf and the environment into a struct through a field table.
 * A file line is "key = value"; '#' begins a comment. The environment wins: PATCHWORK_KEY with '.' as '_'.
 * A FIELD_SECRET also has key_file / PATCHWORK_KEY_FILE, whose first line (without its end) is the value. */
#pragma once

#include "base/field.h"
#include "base/work.h"

/* path NULL: environment and defaults only.
 * fails  ERR_INVALID conf.unreadable, conf.unknown_key, conf.value; err.text names file, line and key */
MUST bool conf_load(struct work *w, const char *path, struct fields fields, void *out);
/* "key = value  # doc" lines of what is in force, secrets as "(set)" or "(empty)". */
str conf_show(struct work *w, struct fields fields, const void *conf);
