#include "base/output.h"

struct json *output_open(struct work *w)
{
	struct buf *b = ARENA_NEW(w->arena, struct buf);
	struct json *j = ARENA_NEW(w->arena, struct json);

	*b = buf_new(w->arena, SIZE_MAX / 4);
	j->b = b;
	json_open(j, NULL, '{');
	return j;
}

void output_close(struct work *w, struct json *j)
{
	json_close(j, '}');
	w->output = buf_str(j->b);
}

void output_word(struct work *w, const char *name, const char *word, const char *code)
{
	struct json *j = output_open(w);

	json_str(j, name, str_c(word));
	if (code != NULL)
		json_str(j, "code", str_c(code));
	output_close(w, j);
}
