/* What of a pull request REST does not know, by GraphQL: its closing links, and who edited its words. */
#include "crypto/digest.h"
#include "github_call.h"

#define PAGES_MAX 10         /* of 100 */
#define COMMENT_PAGES_MAX 30 /* as many as REST lists */

static const char query[] =
	"query($owner:String!,$name:String!,$number:Int!,$after:String){repository(owner:$owner,name:$name){nameWithOwner "
	"pullRequest(number:$number){number closingIssuesReferences(first:100,after:$after){pageInfo{hasNextPage endCursor}"
	"nodes{fullDatabaseId number repository{databaseId}}}}}}";
static const char query_editors[] =
	"query($owner:String!,$name:String!,$number:Int!,$after:String){repository(owner:$owner,name:$name){nameWithOwner "
	"pullRequest(number:$number){number lastEditedAt editor{__typename ...on User{databaseId}}"
	"userContentEdits(first:100){totalCount nodes{editedAt editor{__typename ...on User{databaseId}}}}"
	"comments(first:100,after:$after){pageInfo{hasNextPage endCursor}"
	"nodes{fullDatabaseId lastEditedAt editor{__typename ...on User{databaseId}}}}}}}";

struct node {
	str id; /* fullDatabaseId is a string: issue ids have outgrown GraphQL's Int */
	int64_t repo_id;
	int32_t number;
};
static const struct field node_fields[] = {
	FIELD(FIELD_STR, struct node, id, .from = "fullDatabaseId"),
	FIELD(FIELD_I64, struct node, repo_id, .from = "repository.databaseId"),
	FIELD(FIELD_I32, struct node, number),
};

static str variables(struct work *w, str full_name, int32_t number, str after)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct json j = { .b = &b };
	str rest = full_name, owner = { 0 };

	(void)str_next(&rest, '/', &owner);
	json_open(&j, NULL, '{');
	json_str(&j, "owner", owner);
	json_str(&j, "name", rest);
	json_i64(&j, "number", number);
	json_str(&j, "after", after);
	json_close(&j, '}');
	return buf_str(&b);
}

/* Is the page about what was asked for; *list is that connection of its pull request. */
static bool check_page(
	struct work *w, const cJSON *data, str full_name, int32_t number, const char *connection, const cJSON **list)
{
	int64_t theirs;

	if (!cJSON_IsObject(json_get(data, "repository.pullRequest")))
		return err_set(w, ERR_INVALID, "github.not_found", "no such pull request");
	if (!str_eq_nocase(json_get_str(data, "repository.nameWithOwner"), full_name) ||
		!json_get_i64(data, "repository.pullRequest.number", &theirs) || theirs != number)
		return err_set(w, ERR_INVALID, "github.mismatch", "the answer is about another pull request");
	*list = json_get(json_get(data, "repository.pullRequest"), connection);
	return cJSON_IsArray(json_get(*list, "nodes")) ||
		err_set(w, ERR_RETRY, "github.malformed", "no %s", connection);
}

static bool read_node(struct work *w, const cJSON *json, struct github_closing *out)
{
	struct node node = { 0 };

	if (!json_read(w, json, FIELDS(struct node, node_fields), 0, &node) || !str_i64(node.id, &out->issue_id))
		return err_set(w, ERR_RETRY, "github.malformed", "an issue without its number");
	out->repo_id = node.repo_id;
	out->number = node.number;
	return true;
}

/* Adds a page's issues; an issue that this token may not see is null. */
static bool add_nodes(struct work *w, const cJSON *links, struct github_closing **list, size_t *n)
{
	const cJSON *nodes = json_get(links, "nodes"), *node;
	struct github_closing *longer = arena_array(w->arena, *n + (size_t)cJSON_GetArraySize(nodes), sizeof(*longer));

	if (*n > 0)
		memcpy(longer, *list, *n * sizeof(*longer));
	*list = longer;
	cJSON_ArrayForEach(node, nodes) {
		if (cJSON_IsNull(node))
			continue;
		if (!read_node(w, node, &longer[*n]))
			return false;
		++*n;
	}
	return true;
}

/* The pages' data as one array. */
static void add_evidence(struct work *w, struct buf *b, const cJSON *data)
{
	str text;

	if (!json_canonical(w, data, &text)) {
		err_clear(w);
		text = json_print(w, data);
	}
	buf_byte(b, b->n == 0 ? '[' : ',');
	buf_add(b, text);
}

static void end_evidence(const struct github *g, struct buf *b, struct evidence *ev)
{
	buf_byte(b, ']');
	*ev = (struct evidence){ .bytes = buf_str(b), .url = str_c(g->graphql) };
	sha256(ev->bytes, ev->sha256);
}

bool github_closing_issues(struct work *w, struct github *g, str full_name, int32_t number,
	const struct github_closing **out, size_t *n, struct evidence *ev)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct github_closing *list = NULL;
	const cJSON *data, *links;
	str after = { 0 };

	*n = 0;
	for (int i = 0; i == 0 || cJSON_IsTrue(json_get(links, "pageInfo.hasNextPage")); i++) {
		if (i == PAGES_MAX)
			return err_set(w, ERR_INVALID, "github.too_large", "more than %d pages of issues", PAGES_MAX);
		if (!github_query(w, g, str_c(query), variables(w, full_name, number, after), &data) ||
			!check_page(w, data, full_name, number, "closingIssuesReferences", &links) ||
			!add_nodes(w, links, &list, n))
			return false;
		add_evidence(w, &b, data);
		after = json_get_str(links, "pageInfo.endCursor");
	}
	*out = list;
	end_evidence(g, &b, ev);
	return true;
}

bool github_editors(struct work *w, struct github *g, str full_name, int32_t number, struct evidence *ev)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	const cJSON *data, *comments;
	str after = { 0 };

	for (int i = 0; i == 0 || cJSON_IsTrue(json_get(comments, "pageInfo.hasNextPage")); i++) {
		if (i == COMMENT_PAGES_MAX)
			return err_set(w, ERR_INVALID, "github.too_large", "more than %d pages of comments",
				COMMENT_PAGES_MAX);
		if (!github_query(w, g, str_c(query_editors), variables(w, full_name, number, after), &data) ||
			!check_page(w, data, full_name, number, "comments", &comments))
			return false;
		add_evidence(w, &b, data);
		after = json_get_str(comments, "pageInfo.endCursor");
	}
	end_evidence(g, &b, ev);
	return true;
}
