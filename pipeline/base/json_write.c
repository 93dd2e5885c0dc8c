#include "base/json.h"

#include <inttypes.h>

#include "base/hex.h"

static void quote_special(struct buf *b, uint8_t c)
{
	static const char short_forms[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r' };

	if (c == '"' || c == '\\')
		buf_printf(b, "\\%c", c);
	else if (c >= 0x80)
		buf_add(b, STR("\xef\xbf\xbd"));
	else if (c < sizeof(short_forms) && short_forms[c] != 0)
		buf_printf(b, "\\%c", short_forms[c]);
	else
		buf_printf(b, "\\u%04x", c);
}

/* The length of the text at the start of v that stands for itself within quotes. */
static size_t plain_run(str v)
{
	size_t n = 0, step = 1;

	while (n < v.n && step > 0) {
		uint8_t c = (uint8_t)v.p[n];

		if (c < 0x20 || c == '"' || c == '\\')
			break;
		step = c < 0x80 ? 1 : str_utf8_char(str_skip(v, n));
		n += step;
	}
	return n;
}

void json_quote(struct buf *b, str v)
{
	buf_byte(b, '"');
	while (v.n > 0) {
		size_t n = plain_run(v);

		buf_add(b, str_of(v.p, n));
		v = str_skip(v, n);
		if (v.n > 0)
			quote_special(b, (uint8_t)v.p[0]);
		v = str_skip(v, 1);
	}
	buf_byte(b, '"');
}

static void begin_value(struct json *j, const char *key)
{
	if (j->comma)
		buf_byte(j->b, ',');
	j->comma = true;
	if (key == NULL)
		return;
	json_quote(j->b, str_c(key));
	buf_byte(j->b, ':');
}

void json_open(struct json *j, const char *key, char bracket)
{
	begin_value(j, key);
	buf_byte(j->b, (uint8_t)bracket);
	j->comma = false;
}

void json_close(struct json *j, char bracket)
{
	buf_byte(j->b, (uint8_t)bracket);
	j->comma = true;
}

void json_str(struct json *j, const char *key, str v)
{
	if (v.p == NULL) {
		json_null(j, key);
		return;
	}
	begin_value(j, key);
	json_quote(j->b, v);
}

void json_i64(struct json *j, const char *key, int64_t v)
{
	begin_value(j, key);
	buf_printf(j->b, "%" PRId64, v);
}

void json_bool(struct json *j, const char *key, bool v)
{
	json_raw(j, key, v ? STR("true") : STR("false"));
}

void json_null(struct json *j, const char *key)
{
	json_raw(j, key, STR("null"));
}

void json_u256(struct json *j, const char *key, u256 v)
{
	char text[U256_DEC];

	json_str(j, key, str_of(text, u256_format(v, text)));
}

void json_uuid(struct json *j, const char *key, uuid v)
{
	char text[UUID_TEXT];

	uuid_format(v, text);
	json_str(j, key, str_of(text, sizeof(text)));
}

void json_time(struct json *j, const char *key, usec v)
{
	char text[CLOCK_TEXT];

	json_str(j, key, str_of(text, clock_format(v, text)));
}

void json_hex(struct json *j, const char *key, str bytes)
{
	char *digits;

	begin_value(j, key);
	buf_add(j->b, STR("\"0x"));
	digits = buf_extend(j->b, bytes.n * 2);
	if (digits != NULL)
		hex_encode(bytes.p, bytes.n, digits);
	buf_byte(j->b, '"');
}

void json_raw(struct json *j, const char *key, str json_text)
{
	begin_value(j, key);
	buf_add(j->b, json_text);
}
