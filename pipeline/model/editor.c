#include "model/editor.h"

static bool time_of(const cJSON *object, const char *member, usec *out)
{
	return clock_parse(json_get_str(object, member), out);
}

static bool is_by(const cJSON *object, int64_t author)
{
	int64_t uid;

	return json_get_i64(object, "editor.databaseId", &uid) && uid == author;
}

static bool was_edited(const cJSON *object)
{
	return !cJSON_IsNull(json_get(object, "lastEditedAt"));
}

bool editor_wrote_comment(const cJSON *pages, int64_t author, int64_t comment_id)
{
	const cJSON *page, *c;
	int64_t id;

	cJSON_ArrayForEach(page, pages) {
		cJSON_ArrayForEach(c, json_get(page, "repository.pullRequest.comments.nodes")) {
			if (str_i64(json_get_str(c, "fullDatabaseId"), &id) && id == comment_id)
				return !was_edited(c) || is_by(c, author);
		}
	}
	return false;
}

/* The last edit until then, in whatever order they are told. */
static bool wrote_until(const cJSON *edits, int64_t author, usec at)
{
	const cJSON *e, *nodes = json_get(edits, "nodes");
	bool by_author = true;
	usec last = 0, edited;
	int64_t total;

	if (!cJSON_IsArray(nodes) || !json_get_i64(edits, "totalCount", &total) || total > cJSON_GetArraySize(nodes))
		return false;
	cJSON_ArrayForEach(e, nodes) {
		if (!time_of(e, "editedAt", &edited))
			return false;
		if (edited > at || edited < last)
			continue;
		by_author = (edited > last || by_author) && is_by(e, author);
		last = edited;
	}
	return by_author;
}

bool editor_wrote_text(const cJSON *pages, int64_t author, usec at)
{
	const cJSON *pull = json_get(pages == NULL ? NULL : pages->child, "repository.pullRequest");
	usec edited;

	if (pull == NULL)
		return false;
	if (!was_edited(pull))
		return true;
	if (at == 0 || (time_of(pull, "lastEditedAt", &edited) && edited <= at))
		return is_by(pull, author);
	return wrote_until(json_get(pull, "userContentEdits"), author, at);
}
