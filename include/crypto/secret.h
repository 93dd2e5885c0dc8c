/* Key bytes: locked in memory, wiped on free, never printed, never in a core dump. */
#pragma once

#include "base/work.h"

struct secret;
/* From a file: 64 hex digits (with or without 0x) and at most one newline.
 * fails  ERR_INVALID secret.unreadable, secret.mode (others may read the file), secret.format */
MUST bool secret_load_hex32(struct work *w, const char *path, struct secret **out);
struct secret *secret_of(str bytes);      /* any bytes, copied */
str secret_bytes(const struct secret *s); /* valid until secret_free */
void secret_free(struct secret **s);
