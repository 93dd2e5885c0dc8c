#include "net/fetch.h"

#include <curl/curl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>

#include "base/buf.h"
#include "base/trace.h"

#define TIMEOUT (30 * USEC_S)
#define CONNECT_TIMEOUT (10 * USEC_S)
#define MAX_HEADERS 128
#define MAX_HEADER_BYTES ((size_t)65536)
#define MAX_WAIT (24 * 3600 * USEC_S)

struct fetch {
	CURL *easy; /* its connections stay open between exchanges */
};

/* What one exchange gathers. */
struct answer {
	struct work *w;
	struct buf body;
	struct fetch_header *headers;
	size_t n_headers, header_bytes;
	int status;
	bool too_large;
};

static void init_library(void)
{
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		abort();
}

struct fetch *fetch_new(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct fetch *f = malloc(sizeof(*f));

	pthread_once(&once, init_library);
	if (f == NULL || (f->easy = curl_easy_init()) == NULL)
		abort();
	return f;
}

void fetch_free(struct fetch **f)
{
	if (*f == NULL)
		return;
	curl_easy_cleanup((*f)->easy);
	free(*f);
	*f = NULL;
}

static size_t take_body(char *p, size_t size, size_t n, void *arg)
{
	struct answer *a = arg;

	buf_add(&a->body, str_of(p, size * n));
	a->too_large |= buf_full(&a->body);
	return a->too_large ? 0 : size * n;
}

static str lower(struct arena *arena, str s)
{
	char *p = arena_alloc(arena, s.n);

	for (size_t i = 0; i < s.n; i++)
		p[i] = s.p[i] >= 'A' && s.p[i] <= 'Z' ? (char)(s.p[i] + 32) : s.p[i];
	return str_of(p, s.n);
}

static void keep_header(struct answer *a, str line)
{
	struct arena *arena = a->w->arena;
	str name, value = line;

	if (!str_next(&value, ':', &name) || name.n == line.n)
		return;
	if (a->n_headers == MAX_HEADERS) {
		a->too_large = true;
		return;
	}
	a->headers[a->n_headers++] = (struct fetch_header){ lower(arena, name), arena_str(arena, str_trim(value)) };
}

/* One line, with its end. "HTTP/1.1 200 OK" begins a response: what came before it was an interim one (1xx). */
static size_t take_header(char *p, size_t size, size_t n, void *arg)
{
	struct answer *a = arg;
	str line = str_trim(str_of(p, size * n));

	a->header_bytes += size * n;
	if (a->header_bytes > MAX_HEADER_BYTES)
		a->too_large = true;
	else if (str_starts(line, STR("HTTP/")))
		a->n_headers = 0;
	else if (line.n > 0)
		keep_header(a, line);
	return a->too_large ? 0 : size * n;
}

static void free_list(void *list)
{
	curl_slist_free_all(list);
}

static bool has_byte(str s, int byte)
{
	return s.n > 0 && memchr(s.p, byte, s.n) != NULL;
}

static bool add_line(struct work *w, struct curl_slist **list, str name, str value)
{
	const char *line;
	struct curl_slist *longer;

	if (has_byte(value, '\r') || has_byte(value, '\n') || has_byte(value, '\0'))
		return err_set(w, ERR_INVALID, "fetch.request", "header " STR_FMT " is not one line", STR_ARG(name));
	/* libcurl's way to send an empty value is a semicolon. */
	line = arena_printf(w->arena, STR_FMT "%s" STR_FMT, STR_ARG(name), value.n == 0 ? ";" : ": ", STR_ARG(value)).p;
	longer = curl_slist_append(*list, line);
	if (longer == NULL)
		abort();
	*list = longer;
	return true;
}

/* Each exchange is a span of its own. */
static bool add_trace(struct work *w, struct curl_slist **list)
{
	char next[TRACE_TEXT + 1];

	if (!trace_valid(work_trace(w)))
		return true;
	trace_next(work_trace(w), next);
	return add_line(w, list, STR("traceparent"), str_c(next));
}

/* The list belongs to w's arena from here on, whatever happens: its first node never moves. */
static bool header_list(struct work *w, const struct fetch_req *req, struct curl_slist **out)
{
	/* Without this libcurl waits up to a second for "100 Continue" before it sends a large body. */
	struct curl_slist *list = curl_slist_append(NULL, "Expect:");

	if (list == NULL)
		abort();
	arena_defer(w->arena, free_list, list);
	*out = list;
	if (req->content_type.n > 0 && !add_line(w, &list, STR("Content-Type"), req->content_type))
		return false;
	for (size_t i = 0; i < req->n_headers; i++)
		if (!add_line(w, &list, req->headers[i].name, req->headers[i].value))
			return false;
	return add_trace(w, &list);
}

static bool repeatable(const struct fetch_req *req)
{
	return req->safe || strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0;
}

static void set_method(CURL *easy, const struct fetch_req *req)
{
	if (strcmp(req->method, "HEAD") == 0) {
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	} else if (strcmp(req->method, "GET") != 0) {
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS, req->body.n == 0 ? "" : req->body.p);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.n);
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, req->method);
	}
	/* On a kept connection that turns out to be dead libcurl sends a request again by itself. */
	if (!repeatable(req)) {
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
		curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	}
}

static void set_answer(CURL *easy, struct answer *a)
{
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, a);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, a);
}

static bool set_request(struct work *w, CURL *easy, const struct fetch_req *req, usec timeout)
{
	struct curl_slist *list;

	if (has_byte(req->url, '\0') || curl_easy_setopt(easy, CURLOPT_URL, arena_cstr(w->arena, req->url)) != CURLE_OK)
		return err_set(w, ERR_INVALID, "fetch.request", "no URL");
	if (!header_list(w, req, &list))
		return false;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, list);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "patchwork");
	curl_easy_setopt(easy, CURLOPT_MAXCONNECTS, 8L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)(timeout / USEC_MS) + 1);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)(CONNECT_TIMEOUT / USEC_MS));
	set_method(easy, req);
	return true;
}

str fetch_origin(str url)
{
	size_t at, end;
	str scheme = url, host;

	if (!str_find(url, STR("://"), &at))
		return STR("?");
	scheme.n = at + 3;
	host = str_skip(url, scheme.n);
	for (end = 0; end < host.n && memchr("/?#", host.p[end], 3) == NULL; end++)
		if (host.p[end] == '@')
			return scheme;
	return str_of(url.p, scheme.n + end);
}

/* Bytes of the request can have left only once libcurl was about to transfer, which it stamps. */
static bool request_left(CURL *easy)
{
	curl_off_t at = 0;

	return curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &at) != CURLE_OK || at > 0;
}

static bool failed(struct work *w, CURL *easy, CURLcode code, const struct fetch_req *req, const struct answer *a)
{
	str where = fetch_origin(req->url);
	bool left = request_left(easy);
	const char *word;
	enum err_kind kind = left && !repeatable(req) ? ERR_UNCERTAIN : ERR_RETRY;

	if (a->too_large)
		return err_set(w, kind == ERR_UNCERTAIN ? kind : ERR_INVALID, "fetch.too_large",
			"%s " STR_FMT " answers with more than %" PRId64 " bytes", req->method, STR_ARG(where),
			req->max_body);
	if (!left && (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL))
		return err_set(
			w, ERR_INVALID, "fetch.request", STR_FMT ": %s", STR_ARG(where), curl_easy_strerror(code));
	word = a->status == 0 ? "fetch.no_answer" : "fetch.cut_short";
	return err_set(w, kind, left ? word : "fetch.unreachable", "%s " STR_FMT ": %s", req->method, STR_ARG(where),
		curl_easy_strerror(code));
}

bool fetch_do(struct work *w, struct fetch *f, const struct fetch_req *req, struct fetch_resp *resp)
{
	struct answer a = { .w = w,
		.body = buf_new(w->arena, (size_t)req->max_body),
		.headers = arena_array(w->arena, MAX_HEADERS, sizeof(*a.headers)) };
	usec left = work_left(w), timeout = req->timeout > 0 ? req->timeout : TIMEOUT;
	long status = 0;
	CURLcode code;

	if (left == 0)
		return err_set(w, ERR_RETRY, "fetch.unreachable", "no time is left");
	curl_easy_reset(f->easy); /* options; connections stay */
	if (!set_request(w, f->easy, req, left < timeout ? left : timeout))
		return false;
	set_answer(f->easy, &a);
	code = curl_easy_perform(f->easy);
	curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	a.status = (int)status;
	if (code != CURLE_OK)
		return failed(w, f->easy, code, req, &a);
	*resp = (struct fetch_resp){ (int)status, buf_str(&a.body), a.headers, a.n_headers };
	return true;
}

str fetch_header(const struct fetch_resp *resp, const char *lower_name)
{
	for (size_t i = 0; i < resp->n_headers; i++)
		if (str_eq(resp->headers[i].name, str_c(lower_name)))
			return resp->headers[i].value;
	return (str){ 0 };
}

/* Seconds since 1970 of an HTTP date; negative when it is none. */
static int64_t date_of(str text)
{
	char date[64] = { 0 };

	if (text.n == 0 || text.n >= sizeof(date))
		return -1;
	memcpy(date, text.p, text.n);
	return curl_getdate(date, NULL);
}

usec fetch_date(const struct fetch_resp *resp)
{
	int64_t seconds = date_of(fetch_header(resp, "date"));

	return seconds > 0 ? seconds * USEC_S : 0;
}

usec fetch_retry_after(const struct fetch_resp *resp)
{
	str text = fetch_header(resp, "retry-after");
	int64_t seconds;

	if (!str_i64(text, &seconds)) {
		seconds = date_of(text);
		if (seconds < 0)
			return 0;
		seconds -= clock_now() / USEC_S;
	}
	if (seconds <= 0)
		return 0;
	return seconds >= MAX_WAIT / USEC_S ? MAX_WAIT : seconds * USEC_S;
}

bool fetch_refused(struct work *w, const char *area, const struct fetch_resp *resp)
{
	usec wait = fetch_retry_after(resp);
	bool busy = resp->status == 429 || (resp->status == 503 && wait > 0);
	bool server = resp->status >= 500 || resp->status == 408;
	const char *code = arena_printf(w->arena, "%s.%s", area, busy ? "busy" : server ? "server" : "refused").p;

	if (busy || server)
		return err_retry_after(w, wait, code, "%s answers %d", area, resp->status);
	return err_set(w, ERR_INVALID, code, "%s answers %d", area, resp->status);
}
