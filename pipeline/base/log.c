#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#define LINE 2048

static _Atomic enum log_level least_level = LOG_INFO;

struct line {
	char text[LINE];
	size_t n;
	bool cut;
};

void log_level(enum log_level least)
{
	atomic_store(&least_level, least);
}

static void vadd(struct line *l, const char *format, va_list args)
{
	size_t room = sizeof(l->text) - l->n;
	int n = vsnprintf(l->text + l->n, room, format, args);

	if (n < 0 || l->cut)
		return;
	l->cut = (size_t)n >= room;
	l->n += l->cut ? room - 1 : (size_t)n;
}

__attribute__((format(printf, 2, 3))) static void add(struct line *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vadd(l, format, args);
	va_end(args);
}

static void begin(struct line *l, enum log_level level, const struct work *w, const char *event)
{
	static const char *const names[] = { "debug", "info", "warn", "error" };
	char now[CLOCK_TEXT];

	*l = (struct line){ .n = 0 };
	clock_format(clock_now(), now);
	add(l, "time=%s level=%s event=%s", now, names[level], event);
	if (w == NULL)
		return;
	if (w->stage != NULL)
		add(l, " stage=%s", w->stage);
	if (w->job != 0)
		add(l, " job=%" PRId64 " attempt=%d", w->job, w->attempt);
	if (w->trace[0] != '\0')
		add(l, " trace=%s", LOG_Q(str_c(w->trace)));
	if (w->request_id.n != 0)
		add(l, " request_id=%s", LOG_Q(w->request_id));
}

static void end(struct line *l)
{
	ssize_t written;

	for (size_t i = 0; i < l->n; i++)
		if ((uint8_t)l->text[i] < 0x20 || l->text[i] == 0x7f)
			l->text[i] = '?';
	if (l->cut) {
		l->n = sizeof(l->text) - sizeof("...\n");
		while (((uint8_t)l->text[l->n] & 0xc0) == 0x80) /* not within a character */
			l->n--;
		memcpy(l->text + l->n, "...", 3);
		l->n += 3;
	}
	l->text[l->n++] = '\n';
	do
		written = write(STDERR_FILENO, l->text, l->n);
	while (written < 0 && errno == EINTR);
}

void log_event(enum log_level level, const struct work *w, const char *event, const char *format, ...)
{
	struct line l;
	va_list args;

	if (level < atomic_load(&least_level))
		return;
	begin(&l, level, w, event);
	if (format != NULL && format[0] != '\0') {
		add(&l, " ");
		va_start(args, format);
		vadd(&l, format, args);
		va_end(args);
	}
	end(&l);
}

void log_failure(enum log_level level, const struct work *w, const char *event)
{
	const struct err *err = &w->err;

	log_event(level, w, event, "code=%s kind=%s text=%s", err->code == NULL ? "none" : err->code,
		err_kind_name(err->kind), LOG_Q(str_c(err->text)));
}

static bool plain(str v)
{
	for (size_t i = 0; i < v.n; i++)
		if ((uint8_t)v.p[i] <= ' ' || v.p[i] == '"' || v.p[i] == '\\' || v.p[i] == '=' || v.p[i] == 0x7f)
			return false;
	return v.n > 0 && str_utf8(v);
}

/* One character of a value as it stands within quotes; returns its length in v. */
static size_t quote_char(str v, char out[8])
{
	size_t n = str_utf8_char(v);
	uint8_t c = (uint8_t)v.p[0];

	if (c == '\n')
		snprintf(out, 8, "\\n");
	else if (c == '"' || c == '\\')
		snprintf(out, 8, "\\%c", c);
	else if (n == 0 || c < 0x20 || c == 0x7f)
		snprintf(out, 8, "\\x%02x", c);
	else
		snprintf(out, 8, "%.*s", (int)n, v.p);
	return n == 0 ? 1 : n;
}

const char *log_quote(char out[LOG_VALUE], str v)
{
	size_t n = 0, end_at = LOG_VALUE - sizeof("...\"");
	bool quoted = !plain(v);

	if (quoted)
		out[n++] = '"';
	while (v.n > 0) {
		char c[8];
		size_t taken = quote_char(v, c), wide = strlen(c);

		if (n + wide > end_at)
			break;
		memcpy(out + n, c, wide);
		n += wide;
		v = str_skip(v, taken);
	}
	snprintf(out + n, LOG_VALUE - n, "%s%s", v.n > 0 ? "..." : "", quoted ? "\"" : "");
	return out;
}
