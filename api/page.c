#include "page.h"

#include <assert.h>

#include "routes.h"

bool page_serve(struct call *c, void *row)
{
	const char *name = strcmp(c->route->path, "/") == 0 ? "index.html" : c->route->path + 1;
	const struct page_file *f = page_files;

	(void)row;
	while (f->name != NULL && strcmp(f->name, name) != 0)
		f++;
	assert(f->name != NULL); /* each route of the page is a file of api/page/ */
	buf_add(&c->out, str_of(f->bytes, f->n));
	return true;
}
