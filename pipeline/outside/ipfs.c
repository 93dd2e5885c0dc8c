#include "outside/ipfs.h"

#include <stdlib.h>

#include "base/hex.h"
#include "base/json.h"
#include "crypto/digest.h"
#include "idle.h"
#include "wire/cid.h"

#define ADD_TIMEOUT (60 * USEC_S)
#define TIMEOUT (20 * USEC_S)
#define MAX_ANSWER (INT64_C(1) << 20)

struct ipfs {
	char *url;
	struct idle idle;
};

bool ipfs_new(struct work *w, const struct ipfs_conf *c, struct ipfs **out)
{
	struct ipfs *i = calloc(1, sizeof(*i));
	str url = c->api_url;

	(void)w;
	while (str_ends(url, STR("/")))
		url.n--;
	if (i == NULL || (i->url = strndup(url.p, url.n)) == NULL)
		abort();
	idle_init(&i->idle, METER_IPFS);
	*out = i;
	return true;
}

void ipfs_free(struct ipfs **i)
{
	if (*i == NULL)
		return;
	idle_free(&(*i)->idle);
	free((*i)->url);
	free(*i);
	*i = NULL;
}

/* Every command is a POST and may be repeated. */
static bool command(struct work *w, struct ipfs *i, str path, str type, str body, usec timeout, int64_t max,
	struct fetch_resp *resp)
{
	const struct fetch_req req = { .method = "POST",
		.url = arena_printf(w->arena, "%s/api/v0/" STR_FMT, i->url, STR_ARG(path)),
		.content_type = type,
		.body = body,
		.safe = true,
		.max_body = max,
		.timeout = timeout };

	return idle_fetch(w, &i->idle, &req, resp);
}

/* Message of the error object that the API gives with status 500. */
static str message_of(struct work *w, const struct fetch_resp *resp)
{
	const cJSON *body;

	if (json_parse(w, resp->body, &body))
		return json_get_str(body, "Message");
	err_clear(w);
	return (str){ 0 };
}

static bool refused(struct work *w, const struct fetch_resp *resp)
{
	str message = message_of(w, resp);

	fetch_refused(w, "ipfs", resp);
	if (message.n == 0)
		return false;
	return resp->status >= 500 ? err_retry_after(w, w->err.retry_after, w->err.code, STR_FMT, STR_ARG(message))
				   : err_set(w, w->err.kind, w->err.code, STR_FMT, STR_ARG(message));
}

static bool same_cid(struct work *w, str a, str b)
{
	str x, y;

	return cid_decode(w->arena, a, &x) && cid_decode(w->arena, b, &y) && str_eq(x, y);
}

/* RFC 7578, one file. The boundary is made of the document's hash, so it cannot be in the document. */
static str multipart(struct work *w, str document, str *type)
{
	struct buf b = buf_new(w->arena, SIZE_MAX);
	uint8_t digest[32];
	char boundary[65] = { 0 };

	sha256(document, digest);
	hex_encode(digest, 32, boundary);
	*type = arena_printf(w->arena, "multipart/form-data; boundary=%s", boundary);
	buf_printf(&b,
		"--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"document\"\r\n"
		"Content-Type: application/octet-stream\r\n\r\n",
		boundary);
	buf_add(&b, document);
	buf_printf(&b, "\r\n--%s--\r\n", boundary);
	return buf_str(&b);
}

/* One JSON object per line; the last names what was added. A failure after the headers stands in a trailer. */
static bool added_hash(struct work *w, const struct fetch_resp *resp, str *hash)
{
	str rest = resp->body, line, failure = fetch_header(resp, "x-stream-error");
	const cJSON *object;

	if (failure.n > 0)
		return err_set(w, ERR_RETRY, "ipfs.server", STR_FMT, STR_ARG(failure));
	*hash = (str){ 0 };
	while (str_next(&rest, '\n', &line)) {
		if (str_trim(line).n == 0)
			continue;
		if (!json_parse(w, line, &object))
			return err_set(w, ERR_RETRY, "ipfs.malformed", "%s", w->err.text);
		*hash = json_get_str(object, "Hash");
	}
	return hash->n > 0 || err_set(w, ERR_RETRY, "ipfs.malformed", "no hash in the answer");
}

bool ipfs_add(struct work *w, struct ipfs *i, str document, str cid)
{
	struct fetch_resp resp;
	str type, body, hash;

	if (document.n >= CID_MAX_BLOCK)
		return err_set(w, ERR_INVALID, "ipfs.too_large", "%zu bytes are more than one block", document.n);
	if (!same_cid(w, cid_raw_text(w->arena, document), cid))
		return err_set(w, ERR_INVALID, "proof.cid_mismatch", STR_FMT " is not the document's", STR_ARG(cid));
	body = multipart(w, document, &type);
	if (!command(w, i, STR("add?cid-version=1&raw-leaves=true&cid-base=base32&pin=true"), type, body, ADD_TIMEOUT,
		    MAX_ANSWER, &resp))
		return false;
	if (resp.status != 200)
		return refused(w, &resp);
	if (!added_hash(w, &resp, &hash))
		return false;
	if (!same_cid(w, hash, cid))
		return err_set(w, ERR_INVALID, "proof.cid_mismatch", "the node says %.80s", arena_cstr(w->arena, hash));
	return true;
}

/* The CID as an argument: it is decoded first, so it holds nothing that a URL would read otherwise. */
static bool check_cid(struct work *w, str cid, str *bytes)
{
	return cid_decode(w->arena, cid, bytes) || err_set(w, ERR_INVALID, "ipfs.cid", "no CIDv1");
}

bool ipfs_has(struct work *w, struct ipfs *i, str cid, bool *pinned)
{
	const cJSON *body, *key;
	struct fetch_resp resp;
	str bytes;
	size_t at;

	*pinned = false;
	if (!check_cid(w, cid, &bytes) ||
		!command(w, i, arena_printf(w->arena, "pin/ls?arg=" STR_FMT "&type=recursive", STR_ARG(cid)),
			(str){ 0 }, (str){ 0 }, TIMEOUT, MAX_ANSWER, &resp))
		return false;
	if (resp.status == 500 && str_find(message_of(w, &resp), STR("not pinned"), &at))
		return true;
	if (resp.status != 200)
		return refused(w, &resp);
	if (!json_parse(w, resp.body, &body) || !cJSON_IsObject(json_get(body, "Keys")))
		return err_set(w, ERR_RETRY, "ipfs.malformed", "no list of pins");
	cJSON_ArrayForEach(key, json_get(body, "Keys"))
		*pinned |= same_cid(w, str_c(key->string), cid);
	return true;
}

bool ipfs_get(struct work *w, struct ipfs *i, str cid, int64_t max, str *out)
{
	struct fetch_resp resp;
	str bytes, message;
	size_t at;

	if (!check_cid(w, cid, &bytes) ||
		!command(w, i, arena_printf(w->arena, "block/get?arg=" STR_FMT "&timeout=10s", STR_ARG(cid)),
			(str){ 0 }, (str){ 0 }, TIMEOUT, max, &resp))
		return false;
	if (resp.status != 200) {
		message = message_of(w, &resp);
		if (str_find(message, STR("not found"), &at) || str_find(message, STR("deadline"), &at) ||
			str_find(message, STR("timeout"), &at) || str_find(message, STR("timed out"), &at))
			return err_set(w, ERR_RETRY, "ipfs.not_found", STR_FMT, STR_ARG(message));
		return refused(w, &resp);
	}
	if (!same_cid(w, cid_raw_text(w->arena, resp.body), cid))
		return err_set(w, ERR_INVALID, "proof.cid_mismatch", "the node's bytes are others");
	*out = resp.body;
	return true;
}
