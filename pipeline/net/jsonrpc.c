#include "net/jsonrpc.h"

#include <inttypes.h>
#include <stdatomic.h>

#define MAX_BODY (INT64_C(8) << 20)
#define TIMEOUT (20 * USEC_S)

/* Each call of the process has its own, so that an answer that belongs to another call is recognised. */
static atomic_int_least64_t last_id;

static str request(struct work *w, int64_t id, const char *method, str params)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	struct json j = { .b = &b };

	json_open(&j, NULL, '{');
	json_str(&j, "jsonrpc", STR("2.0"));
	json_i64(&j, "id", id);
	json_str(&j, "method", str_c(method));
	json_raw(&j, "params", params);
	json_close(&j, '}');
	return buf_str(&b);
}

static bool read_error(struct work *w, const cJSON *object, struct jsonrpc_error *error)
{
	const cJSON *data = json_get(object, "data");

	error->is = true;
	error->message = json_get_str(object, "message");
	if (!json_get_i64(object, "code", &error->code))
		return err_set(w, ERR_RETRY, "rpc.malformed", "an error without a code");
	if (data != NULL)
		error->data = cJSON_IsString(data) ? str_c(data->valuestring) : json_print(w, data);
	return true;
}

/* JSON-RPC 2.0 section 5: one of result and error; the id is ours, or null when the node could not read it. */
static bool read_answer(struct work *w, str body, int64_t id, const cJSON **result, struct jsonrpc_error *error)
{
	const cJSON *answer, *object;
	int64_t theirs;

	if (!json_parse(w, body, &answer))
		return err_set(w, ERR_RETRY, "rpc.malformed", "%s", w->err.text);
	object = json_get(answer, "error");
	*result = json_get(answer, "result");
	if (object != NULL && !cJSON_IsNull(object) && cJSON_IsNull(json_get(answer, "id")))
		return read_error(w, object, error);
	if (!json_get_i64(answer, "id", &theirs) || theirs != id)
		return err_set(w, ERR_RETRY, "rpc.malformed", "the answer is not that of call %" PRId64, id);
	if (object != NULL && !cJSON_IsNull(object))
		return read_error(w, object, error);
	return *result != NULL || err_set(w, ERR_RETRY, "rpc.malformed", "neither a result nor an error");
}

static bool exchange(struct work *w, struct fetch *f, const struct fetch_req *req, int64_t id, const cJSON **result,
	struct jsonrpc_error *error)
{
	struct fetch_resp resp;
	bool wait;

	if (!fetch_do(w, f, req, &resp))
		return false;
	/* Some nodes put the status of a bad request under an error object. */
	wait = resp.status == 408 || resp.status == 429;
	if (resp.status == 200 || (resp.status >= 400 && resp.status < 500 && !wait)) {
		if (read_answer(w, resp.body, id, result, error) && (error->is || resp.status == 200))
			return true;
		if (resp.status == 200)
			return false;
	}
	return fetch_refused(w, "chain", &resp);
}

bool jsonrpc_call(struct work *w, struct fetch *f, str url, const char *method, str params, bool safe,
	const cJSON **result, struct jsonrpc_error *error)
{
	int64_t id = ++last_id;
	struct fetch_req req = { .method = "POST",
		.url = url,
		.body = request(w, id, method, params),
		.safe = safe,
		.content_type = STR("application/json"),
		.max_body = MAX_BODY,
		.timeout = TIMEOUT };

	*error = (struct jsonrpc_error){ 0 };
	*result = NULL;
	if (exchange(w, f, &req, id, result, error))
		return true;
	if (!safe && w->err.kind == ERR_RETRY && strcmp(w->err.code, "fetch.unreachable") != 0)
		w->err.kind = ERR_UNCERTAIN;
	return false;
}
