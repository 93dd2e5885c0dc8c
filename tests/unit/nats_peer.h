/* A nats-server of the test's own, with JetStream in a folder that a restart keeps, and a reader of its streams. */
#pragma once

#include "check.h"

#include <dirent.h>
#include <nats/nats.h>
#include <string.h>

struct nats_peer {
	char folder[64], url[64];
	int port; /* -1 until it is known */
	pid_t pid;
	natsConnection *nc;
	jsCtx *js;
};

static inline void nats_run(struct nats_peer *p)
{
	char port[16], log[80];

	snprintf(port, sizeof(port), "%d", p->port);
	snprintf(log, sizeof(log), "%s/log", p->folder);
	fflush(NULL);
	p->pid = fork();
	assert_true(p->pid >= 0);
	if (p->pid == 0) {
		execlp("nats-server", "nats-server", "-a", "127.0.0.1", "-p", port, "-js", "-sd", p->folder, "-l", log,
			"--ports_file_dir", p->folder, (char *)NULL);
		_exit(127);
	}
}

/* The port that the kernel gave, from the file that the server writes when it listens. */
static inline bool nats_port(struct nats_peer *p)
{
	char path[128], text[512] = "", *at;
	FILE *f;

	snprintf(path, sizeof(path), "%s/nats-server_%d.ports", p->folder, (int)p->pid);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	(void)!fread(text, 1, sizeof(text) - 1, f);
	fclose(f);
	at = strstr(text, "nats://127.0.0.1:");
	if (at == NULL)
		return false;
	p->port = atoi(at + 17);
	snprintf(p->url, sizeof(p->url), "nats://127.0.0.1:%d", p->port);
	return true;
}

static inline void nats_up(struct nats_peer *p)
{
	natsOptions *o = NULL;
	natsStatus s = NATS_ERR;

	nats_run(p);
	for (int i = 0; i < 1800 && !nats_port(p); i++)
		clock_sleep(50 * USEC_MS);
	assert_true(p->port > 0);
	assert_int_equal(natsOptions_Create(&o), NATS_OK);
	natsOptions_SetURL(o, p->url);
	natsOptions_SetAllowReconnect(o, false);
	for (int i = 0; i < 1800 && s != NATS_OK; i++) {
		s = natsConnection_Connect(&p->nc, o);
		if (s != NATS_OK)
			clock_sleep(50 * USEC_MS);
	}
	natsOptions_Destroy(o);
	assert_int_equal(s, NATS_OK);
	assert_int_equal(natsConnection_JetStream(&p->js, p->nc, NULL), NATS_OK);
}

/* A server that does not end when it is told to is made to. */
static inline void nats_reap(struct nats_peer *p)
{
	bool ended = false;

	kill(p->pid, SIGTERM);
	for (int i = 0; i < 200 && !ended; i++) {
		ended = waitpid(p->pid, NULL, WNOHANG) != 0;
		if (!ended)
			clock_sleep(50 * USEC_MS);
	}
	if (!ended) {
		kill(p->pid, SIGKILL);
		waitpid(p->pid, NULL, 0);
	}
	p->pid = 0;
}

static inline void nats_down(struct nats_peer *p)
{
	jsCtx_Destroy(p->js);
	natsConnection_Destroy(p->nc);
	p->js = NULL;
	p->nc = NULL;
	nats_reap(p);
}

static inline void nats_start(struct nats_peer *p)
{
	*p = (struct nats_peer){ .folder = "/tmp/nats-test-XXXXXX", .port = -1 };
	assert_non_null(mkdtemp(p->folder));
	nats_up(p);
}

static inline void nats_end(struct nats_peer *p)
{
	char command[128];

	if (p->pid != 0)
		nats_down(p);
	snprintf(command, sizeof(command), "rm -rf '%s'", p->folder);
	assert_int_equal(system(command), 0);
}

/* Messages that the stream holds, -1 when there is no such stream. */
static inline int64_t nats_count(struct nats_peer *p, const char *stream)
{
	jsStreamInfo *info = NULL;
	int64_t n = -1;

	if (js_GetStreamInfo(&info, p->js, stream, NULL, NULL) == NATS_OK)
		n = (int64_t)info->State.Msgs;
	jsStreamInfo_Destroy(info);
	return n;
}

/* The stream's message number seq, from 1; the caller destroys it. */
static inline natsMsg *nats_get(struct nats_peer *p, const char *stream, uint64_t seq)
{
	natsMsg *msg = NULL;

	assert_int_equal(js_GetMsg(&msg, p->js, stream, seq, NULL, NULL), NATS_OK);
	return msg;
}

static inline const char *nats_header(natsMsg *msg, const char *name)
{
	const char *value = NULL;

	return natsMsgHeader_Get(msg, name, &value) == NATS_OK ? value : NULL;
}
