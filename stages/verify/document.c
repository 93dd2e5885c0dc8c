#include "document.h"

str document_bytes(const struct source *sources, size_t n, const char *role)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(sources[i].role, str_c(role)))
			return sources[i].bytes;
	return (str){ NULL, 0 };
}

bool document_incomplete(struct work *w, const char *role)
{
	return err_set(w, ERR_INVALID, "verify.evidence_incomplete", "%s: %s", role,
		w->err.code == NULL ? "not there" : w->err.text);
}

/* What is kept was JSON once. */
const cJSON *document_json(struct work *w, const struct source *sources, size_t n, const char *role)
{
	str bytes = document_bytes(sources, n, role);
	const cJSON *json = NULL;

	if (bytes.p == NULL)
		return NULL;
	if (!json_parse(w, bytes, &json)) {
		err_clear(w);
		return NULL;
	}
	return json;
}

bool document_time(const cJSON *object, const char *path, usec *out)
{
	return clock_parse(json_get_str(object, path), out);
}
