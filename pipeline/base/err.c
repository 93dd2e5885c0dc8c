#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/work.h"

const char *err_kind_name(enum err_kind kind)
{
	static const char *const names[] = { "none", "invalid", "retry", "uncertain", "bug" };

	return names[kind];
}

/* The text goes into log lines and database rows: what is cut or came in as no UTF-8, and control
 * characters, become '?'. */
static void clean(char *text)
{
	for (size_t n; *text != '\0'; text += n) {
		n = str_utf8_char(str_c(text));
		if (n == 0 || (n == 1 && ((uint8_t)*text < 0x20 || *text == 0x7f))) {
			*text = '?';
			n = 1;
		}
	}
}

static bool set(struct work *w, struct err err, const char *format, va_list args)
{
	/* Formatted aside: the arguments may be parts of the error that is being replaced. */
	vsnprintf(err.text, sizeof(err.text), format, args);
	clean(err.text);
	w->err = err;
	return false;
}

bool(err_set)(struct work *w, enum err_kind kind, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(w, (struct err){ .kind = kind, .code = code }, format, args);
	va_end(args);
	return false;
}

bool(err_retry_after)(struct work *w, usec wait, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(w, (struct err){ .kind = ERR_RETRY, .code = code, .retry_after = wait }, format, args);
	va_end(args);
	return false;
}

bool(err_snooze)(struct work *w, usec wait, const char *code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	set(w, (struct err){ .kind = ERR_RETRY, .code = code, .retry_after = wait, .snooze = true }, format, args);
	va_end(args);
	return false;
}

void err_clear(struct work *w)
{
	w->err = (struct err){ 0 };
}
