/* A WebSocket: a message comes back to its sender, but for
 *
 *   pid       the worker's pid                    sockets   how many it has open
 *   others X  X to every other, of all workers    all X     X to every one, of all workers */
#include "api/host.h"

#include "base/str.h"
#include "probe.h"

/* Kore finds them by name. */
HOOK void probe_socket_open(struct connection *c);
HOOK void probe_socket_message(struct connection *c, u_int8_t op, const void *data, size_t len);
HOOK void probe_socket_close(struct connection *c);

static int sockets; /* open in this worker */

int open_socket(struct http_request *req)
{
	kore_websocket_handshake(req, "probe_socket_open", "probe_socket_message", "probe_socket_close");
	return KORE_RESULT_OK;
}

void probe_socket_open(struct connection *c)
{
	(void)c;
	sockets++;
}

void probe_socket_close(struct connection *c)
{
	(void)c;
	sockets--;
}

/* Whether the message begins with the word, and what follows it. */
static bool said(struct str message, const char *word, struct str *rest)
{
	size_t n = strlen(word);

	if (message.n < n || memcmp(message.p, word, n) != 0)
		return false;
	*rest = (struct str){ message.p + n, message.n - n };
	return true;
}

void probe_socket_message(struct connection *c, u_int8_t op, const void *data, size_t len)
{
	struct str message = { data, len }, rest;
	char text[32];

	if (said(message, "others ", &rest)) {
		kore_websocket_broadcast(c, op, rest.p, rest.n, WEBSOCKET_BROADCAST_GLOBAL);
	} else if (said(message, "all ", &rest)) {
		kore_websocket_broadcast(NULL, op, rest.p, rest.n, WEBSOCKET_BROADCAST_GLOBAL);
	} else if (str_eq(message, str_c("pid")) || str_eq(message, str_c("sockets"))) {
		snprintf(text, sizeof(text), "%d", *message.p == 'p' ? getpid() : sockets);
		kore_websocket_send(c, op, text, strlen(text));
	} else {
		kore_websocket_send(c, op, data, len);
	}
}
