/* The pages at / and /console: their files are compiled in. */
#pragma once

#include "call.h"

struct page_file {
	const char *name; /* "index.html" */
	const unsigned char *bytes;
	size_t n;
};
extern const struct page_file page_files[]; /* generated; name NULL at the end */

MUST bool page_serve(struct call *c, void *row);
