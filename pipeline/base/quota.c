#include "base/quota.h"

#include <stdarg.h>
#include <stdio.h>

const char *const quota_names[QUOTA_RESOURCES] = { "core", "search", "graphql" };

struct quota *quota_new(struct arena *arena)
{
	struct quota *q = ARENA_NEW(arena, struct quota);

	q->arena = arena;
	q->subjects = arena_array(arena, QUOTA_SUBJECTS, sizeof(*q->subjects));
	return q;
}

void quota_about(struct quota *q, const char *format, ...)
{
	char text[256];
	va_list args;

	if (q == NULL || q->n_subjects == QUOTA_SUBJECTS)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	((str *)q->subjects)[q->n_subjects++] = arena_str(q->arena, str_c(text));
}

str quota_subject(str url)
{
	size_t at, slashes = 0, end;
	str path = url;

	if (str_find(url, STR("://"), &at)) {
		path = str_skip(url, at + 3);
		if (!str_find(path, STR("/"), &at))
			return STR("/");
		path = str_skip(path, at);
	}
	for (end = 0; end < path.n && path.p[end] != '?' && path.p[end] != '#'; end++)
		if (path.p[end] == '/' && ++slashes > 4)
			break;
	return str_of(path.p, end);
}

const struct quota_page *quota_known(const struct quota *q, str url)
{
	if (q == NULL)
		return NULL;
	for (const struct quota_page *p = q->fresh; p != NULL; p = p->older)
		if (str_eq(p->url, url))
			return p;
	for (const struct quota_page *p = q->known; p != NULL; p = p->older)
		if (str_eq(p->url, url))
			return p;
	return NULL;
}

static str copy(struct quota *q, str s)
{
	return s.p == NULL ? s : arena_str(q->arena, s);
}

void quota_keep(struct quota *q, const struct quota_page *page)
{
	struct quota_page *p;

	if (q == NULL)
		return;
	p = ARENA_NEW(q->arena, struct quota_page);
	*p = (struct quota_page){
		.url = copy(q, page->url),
		.etag = copy(q, page->etag),
		.modified = copy(q, page->modified),
		.next = copy(q, page->next),
		.moved = copy(q, page->moved),
		.bytes = copy(q, page->bytes),
		.older = q->fresh,
	};
	q->fresh = p;
}
