#include "openapi.h"

#include "cursor.h"
#include "problem.h"
#include "routes.h"
#include "schema.h"

#define DOCUMENT_MAX ((size_t)1 << 20)

static struct work work; /* its arena holds the document until the process ends */
static str document;

static void parameter(
	struct json *j, const char *name, const char *in, bool required, const struct field *f, const char *doc)
{
	json_open(j, NULL, '{');
	json_str(j, "name", str_c(name));
	json_str(j, "in", str_c(in));
	json_bool(j, "required", required);
	if (doc != NULL)
		json_str(j, "description", str_c(doc));
	schema_of_field(j, "schema", f);
	json_close(j, '}');
}

static const struct param *param_of(const struct route *r, enum from from, str name)
{
	for (size_t i = 0; i < r->n_params; i++) {
		if (r->params[i].from == from && (name.p == NULL || str_eq(str_c(r->params[i].field.name), name)))
			return &r->params[i];
	}
	return NULL;
}

/* A name of the path that no param declares is read by the bind function: text, for the document. */
static void path_parameters(struct json *j, const struct route *r)
{
	static const struct field text = { .type = FIELD_STR };
	str rest = str_c(r->path + 1), piece;

	while (str_next(&rest, '/', &piece)) {
		const struct param *p;
		str name;

		if (piece.n < 3 || piece.p[0] != '{')
			continue;
		name = str_of(piece.p + 1, piece.n - 2);
		p = param_of(r, FROM_PATH, name);
		parameter(j, arena_cstr(work.arena, name), "path", true, p == NULL ? &text : &p->field, NULL);
	}
}

static void header_parameters(struct json *j, const struct route *r)
{
	static const struct field key = { .type = FIELD_STR, .min = 1, .max = 255 };
	static const struct field signature = { .type = FIELD_STR, .min = 71, .max = 71 };
	static const struct field guid = { .type = FIELD_UUID };
	static const struct field event = { .type = FIELD_STR, .min = 1, .max = 64 };

	if (param_of(r, FROM_KEY, (str){ NULL, 0 }) != NULL)
		parameter(j, "Idempotency-Key", "header", true, &key,
			"the same key with the same body has the same answer, and is done once");
	if (r->access != ACCESS_GITHUB && r->access != ACCESS_HOOK)
		return;
	parameter(j, "X-Hub-Signature-256", "header", true, &signature,
		"sha256= and the HMAC-SHA-256 of the raw body, in hex");
	parameter(j, "X-GitHub-Delivery", "header", true, &guid, "GitHub's GUID of the delivery");
	parameter(j, "X-GitHub-Event", "header", true, &event, "the event's name");
}

static void parameters(struct json *j, const struct route *r)
{
	static const struct field limit = { .type = FIELD_I32, .min = 1, .max = PAGE_MAX };
	static const struct field cursor = { .type = FIELD_STR, .max = CURSOR_MAX };

	json_open(j, "parameters", '[');
	path_parameters(j, r);
	for (size_t i = 0; i < r->n_params; i++) {
		const struct param *p = &r->params[i];

		if (p->from == FROM_QUERY)
			parameter(j, p->field.name, "query", !p->field.optional, &p->field, NULL);
		else if (p->from == FROM_LIMIT)
			parameter(j, "limit", "query", false, &limit, "rows per page; 50 unless told");
		else if (p->from == FROM_CURSOR)
			parameter(j, "cursor", "query", false, &cursor,
				"next_cursor of the page before, with the same filters");
	}
	header_parameters(j, r);
	json_close(j, ']');
}

static void body_members(struct json *j, const struct route *r)
{
	json_open(j, "required", '[');
	for (size_t i = 0; i < r->n_params; i++) {
		if (r->params[i].from == FROM_BODY && !r->params[i].field.optional)
			json_str(j, NULL, str_c(r->params[i].field.name));
	}
	json_close(j, ']');
	json_open(j, "properties", '{');
	for (size_t i = 0; i < r->n_params; i++) {
		if (r->params[i].from == FROM_BODY)
			schema_of_field(j, r->params[i].field.name, &r->params[i].field);
	}
	json_close(j, '}');
}

static void request_body(struct json *j, const struct route *r)
{
	if (r->body_max == 0)
		return;
	json_open(j, "requestBody", '{');
	json_bool(j, "required", true);
	json_str(j, "description", arena_printf(work.arena, "at most %zu bytes", r->body_max));
	json_open(j, "content", '{');
	json_open(j, "application/json", '{');
	json_open(j, "schema", '{');
	json_str(j, "type", STR("object"));
	if (r->access != ACCESS_GITHUB && r->access != ACCESS_HOOK) {
		json_bool(j, "additionalProperties", false);
		body_members(j, r);
	}
	for (int i = 0; i < 4; i++)
		json_close(j, '}');
}

static void members_schema(struct json *j, const char *const *names)
{
	json_open(j, "schema", '{');
	json_str(j, "type", STR("object"));
	json_open(j, "properties", '{');
	for (; *names != NULL; names++) {
		json_open(j, *names, '{');
		if (strcmp(*names, "code") == 0)
			json_raw(j, "type", STR("[\"string\",\"null\"]"));
		else
			json_str(j, "type", STR("string"));
		json_close(j, '}');
	}
	json_close(j, '}');
	json_close(j, '}');
}

static void content(struct json *j, const struct route *r)
{
	json_open(j, "content", '{');
	json_open(j, r->reply == REPLY_OWN ? r->media : "application/json", '{');
	if (r->reply == REPLY_PAGE)
		schema_of_page(j, r->sql);
	else if (r->members != NULL)
		members_schema(j, r->members);
	else if (r->reply == REPLY_OBJECT)
		schema_of_row(j, "schema", r->sql);
	json_close(j, '}');
	json_close(j, '}');
}

static void success(struct json *j, const struct route *r, int status, const char *description)
{
	char key[4];

	snprintf(key, sizeof(key), "%d", status);
	json_open(j, key, '{');
	json_str(j, "description", str_c(description));
	if (status != 304)
		content(j, r);
	json_close(j, '}');
}

static bool has_status(const struct sql *s)
{
	for (int i = 0; s != NULL && i < s->n_out; i++) {
		if (strcmp(s->out[i].name, "status") == 0 && s->out[i].type == SQL_INT4)
			return true;
	}
	return false;
}

static void responses(struct json *j, const struct route *r)
{
	json_open(j, "responses", '{');
	success(j, r, r->status, "done");
	if (has_status(r->sql) && r->status != 200)
		success(j, r, 200, "known already, or nothing to do");
	if (strcmp(r->method, "GET") == 0)
		success(j, r, 304, "what If-None-Match names is still right");
	json_open(j, "default", '{');
	json_str(j, "$ref", STR("#/components/responses/Problem"));
	json_close(j, '}');
	json_close(j, '}');
}

/* Who may, as api/access.c decides it by the same members. */
static void security(struct json *j, const struct route *r)
{
	static const char *const anyone[] = { "anyone", "anyone", "signed-in", "github", "github" };
	str rest = str_c(r->roles == NULL ? anyone[r->access] : r->roles), piece;

	json_open(j, "security", '[');
	if (r->access == ACCESS_ANYONE)
		json_raw(j, NULL, STR("{}"));
	if (r->access == ACCESS_ANYONE || r->access == ACCESS_SESSION)
		json_raw(j, NULL, STR("{\"session\":[]}"));
	json_close(j, ']');
	json_open(j, "x-roles", '[');
	while (str_next(&rest, '|', &piece))
		json_str(j, NULL, piece);
	json_close(j, ']');
	if (r->object != NULL)
		json_str(j, "x-object", str_c(r->object));
	if (r->scope != NULL)
		json_str(j, "x-scope", str_c(r->scope));
	if (r->action != NULL)
		json_str(j, "x-step-up", str_c(r->action));
	if (r->may_want != NULL)
		json_str(j, "x-step-up-sometimes", str_c(r->may_want));
}

static const char *method_key(const struct route *r)
{
	return strcmp(r->method, "GET") == 0 ? "get" : strcmp(r->method, "POST") == 0 ? "post" : "delete";
}

static void operation(struct json *j, const struct route *r)
{
	const char *method = method_key(r);
	char id[96], *p;

	snprintf(id, sizeof(id), "%s_%s", method, r->path);
	for (p = id; *p != '\0'; p++) {
		if (!((*p >= 'a' && *p <= 'z') || (*p >= '0' && *p <= '9')))
			*p = '_';
	}
	json_open(j, method, '{');
	json_str(j, "operationId", str_c(id));
	json_str(j, "summary", str_c(r->doc));
	json_open(j, "tags", '[');
	json_str(j, NULL, str_c(r->tag));
	json_close(j, ']');
	security(j, r);
	parameters(j, r);
	request_body(j, r);
	responses(j, r);
	json_close(j, '}');
}

static bool told_before(size_t i)
{
	const char *path = route_at(i)->path;

	while (i > 0)
		if (strcmp(route_at(--i)->path, path) == 0)
			return true;
	return false;
}

/* All methods of a path, where it comes first. */
static void paths(struct json *j)
{
	const struct route *first, *r;

	json_open(j, "paths", '{');
	for (size_t i = 0; (first = route_at(i)) != NULL; i++) {
		if (told_before(i))
			continue;
		json_open(j, first->path, '{');
		for (size_t k = i; (r = route_at(k)) != NULL; k++)
			if (strcmp(first->path, r->path) == 0)
				operation(j, r);
		json_close(j, '}');
	}
	json_close(j, '}');
}

static const char components[] =
	"{\"securitySchemes\":{\"session\":{\"type\":\"http\",\"scheme\":\"bearer\",\"bearerFormat\":\"JWT\","
	"\"description\":\"from /v1/auth/verify\"}},"
	"\"responses\":{\"Problem\":{\"description\":\"refused; code says why (docs/errors.md)\",\"content\":"
	"{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}}},"
	"\"schemas\":{\"Problem\":{\"type\":\"object\",\"required\":[\"type\",\"title\",\"status\",\"code\",\"request_id\"],"
	"\"properties\":{\"type\":{\"type\":\"string\"},\"title\":{\"type\":\"string\"},\"status\":{\"type\":\"integer\"},"
	"\"detail\":{\"type\":\"string\"},\"instance\":{\"type\":\"string\"},\"id\":{\"type\":\"string\",\"format\":\"uuid\"},\"request_id\":{\"type\":\"string\",\"format\":\"uuid\"},"
	"\"code\":";

static void put_components(struct json *j)
{
	struct buf b = buf_new(work.arena, 65536);
	struct json k = { .b = &b };

	buf_add(&b, str_c(components));
	json_open(&k, NULL, '{');
	json_str(&k, "type", STR("string"));
	json_open(&k, "examples", '[');
	for (size_t i = 0; i < n_problems; i++)
		json_str(&k, NULL, str_c(problems[i].code));
	json_close(&k, ']');
	json_close(&k, '}');
	buf_add(&b, STR("}}}}"));
	json_raw(j, "components", buf_str(&b));
}

void openapi_prepare(void)
{
	struct buf b;
	struct json j = { .b = &b };

	work_init(&work);
	b = buf_new(work.arena, DOCUMENT_MAX);
	json_open(&j, NULL, '{');
	json_str(&j, "openapi", STR("3.1.0"));
	json_open(&j, "info", '{');
	json_str(&j, "title", STR("Patchwork"));
	json_str(&j, "version", STR("1"));
	json_str(&j, "description",
		STR("Pays for merged pull requests, with proof. Amounts are decimal strings in a token's smallest "
		    "unit, ids UUIDs, times RFC 3339, addresses EIP-55, hashes 0x and hex."));
	json_close(&j, '}');
	json_raw(&j, "servers", STR("[{\"url\":\"/\"}]"));
	paths(&j);
	put_components(&j);
	json_close(&j, '}');
	if (buf_full(&b))
		fatal("openapi.json does not fit");
	document = buf_str(&b);
}

bool openapi_serve(struct call *c, void *row)
{
	(void)row;
	buf_add(&c->out, document);
	return true;
}
