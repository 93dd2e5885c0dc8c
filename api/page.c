#include "page.h"

#include "routes.h"

bool page_serve(struct call *c, void *row)
{
	const char *name = strcmp(c->route->path, "/") == 0 ? "index.html" : c->route->path + 1;

	(void)row;
	for (const struct page_file *f = page_files; f->name != NULL; f++) {
		if (strcmp(f->name, name) == 0) {
			buf_add(&c->out, str_of(f->bytes, f->n));
			return true;
		}
	}
	return err_set(&c->w, ERR_BUG, "api.page", "%s is not compiled in", name);
}
