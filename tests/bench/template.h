/* Whole HTTP requests from files, byte for byte, in turn; each {uuid} in a head becomes a new version 4 UUID. */
#pragma once

#include <stddef.h>

/* Adds one; ends the process when the file is no request, or with the 1025th. */
void template_read(const char *file);
size_t template_max(void);        /* size of the largest */
size_t template_next(char *copy); /* the next one, with new UUIDs; returns its size */
