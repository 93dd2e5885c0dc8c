#include "page.h"

#include <assert.h>

#include "routes.h"

bool page_serve(struct call *c, void *row)
{
	const char *name = c->route->path + 1;
	const struct page_file *f = page_files;

	(void)row;
	if (strchr(name, '.') == NULL)
		name = arena_cstr(c->w.arena, arena_printf(c->w.arena, "%s.html", name[0] == '\0' ? "index" : name));
	while (f->name != NULL && strcmp(f->name, name) != 0)
		f++;
	assert(f->name != NULL); /* each route of the page is a file of api/page/ */
	buf_add(&c->out, str_of(f->bytes, f->n));
	return true;
}
