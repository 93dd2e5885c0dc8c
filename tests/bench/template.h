/* A whole HTTP request from a file, byte for byte; each {uuid} in its head becomes a new version 4 UUID. */
#pragma once

#include <stddef.h>

/* Ends the process when the file is no request. */
void template_read(const char *file);
size_t template_size(void);
char *template_copy(void);       /* the caller's, with malloc */
void template_renew(char *copy); /* new UUIDs */
