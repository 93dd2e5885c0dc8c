/* JSON of requests, deliveries and answers; its canonical form is the canonical form of itself. */
#include "fuzz.h"

#include "base/json.h"

static void fuzz(struct work *w, str in)
{
	const cJSON *tree, *again;
	str once, twice;

	if (!json_parse(w, in, &tree) || !json_canonical(w, tree, &once))
		return;
	HOLDS(json_parse(w, once, &again) && json_canonical(w, again, &twice));
	HOLDS(str_eq(once, twice));
}
