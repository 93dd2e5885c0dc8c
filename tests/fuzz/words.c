/* Texts of people: closing keywords, claims and commands are views into the text. */
#include "fuzz.h"

#include "model/closing.h"
#include "model/command.h"

static void fuzz(struct work *w, str in)
{
	struct command commands[COMMANDS_MAX];
	const struct closing_ref *refs;
	const int32_t *claims;
	size_t n = closing_refs(w->arena, in, &refs);

	for (size_t i = 0; i < n; i++)
		HOLDS(refs[i].number > 0);
	n = claim_refs(w->arena, in, &claims);
	for (size_t i = 0; i < n; i++)
		HOLDS(claims[i] > 0);
	HOLDS(closing_mask(w->arena, in).n == in.n);
	HOLDS(commands_read(w->arena, in, commands) <= COMMANDS_MAX);
}
