#include "dispatch.h"

static const char not_found[] =
	"{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,\"code\":\"api.not_found\"}";

void dispatch_start(void) {}

int dispatch(struct http_request *req)
{
	if (strcmp(req->path, "/livez") == 0) {
		http_response_header(req, "content-type", "text/plain; charset=utf-8");
		http_response(req, 200, "ok\n", 3);
		return KORE_RESULT_OK;
	}
	http_response_header(req, "content-type", "application/problem+json");
	http_response(req, 404, not_found, sizeof(not_found) - 1);
	return KORE_RESULT_OK;
}
