#include "uri.h"

#include <arpa/inet.h>

#include "base/hex.h"

#define SUB_DELIMS "!$&'()*+,;="

static bool is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_unreserved(char c)
{
	return is_alpha(c) || is_digit(c) || (c != '\0' && strchr("-._~", c) != NULL);
}

/* Takes characters that are unreserved, sub-delims, pct-encoded or one of `more`. */
static void take(str *rest, const char *more)
{
	while (rest->n > 0) {
		char c = *rest->p;

		if (c == '%' && rest->n >= 3 && is_hex(rest->p[1]) && is_hex(rest->p[2]))
			*rest = str_skip(*rest, 3);
		else if (is_unreserved(c) || (c != '\0' && (strchr(SUB_DELIMS, c) != NULL || strchr(more, c) != NULL)))
			*rest = str_skip(*rest, 1);
		else
			return;
	}
}

static bool take_char(str *rest, char c)
{
	if (rest->n == 0 || *rest->p != c)
		return false;
	*rest = str_skip(*rest, 1);
	return true;
}

bool uri_scheme(str *rest)
{
	size_t n = 0;

	if (rest->n == 0 || !is_alpha(*rest->p))
		return false;
	while (n < rest->n &&
		(is_alpha(rest->p[n]) || is_digit(rest->p[n]) || rest->p[n] == '+' || rest->p[n] == '-' ||
			rest->p[n] == '.'))
		n++;
	*rest = str_skip(*rest, n);
	return true;
}

/* "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" ) */
static bool is_ip_future(str s)
{
	size_t n = 1;

	if (s.n < 4 || (s.p[0] != 'v' && s.p[0] != 'V'))
		return false;
	while (n < s.n && is_hex(s.p[n]))
		n++;
	if (n == 1 || n == s.n || s.p[n] != '.')
		return false;
	s = str_skip(s, n + 1);
	if (s.n == 0 || memchr(s.p, '%', s.n) != NULL)
		return false;
	take(&s, ":");
	return s.n == 0;
}

static bool is_ipv6(str s)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr parsed;

	if (s.n >= sizeof(text) || memchr(s.p, '\0', s.n) != NULL)
		return false;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	return inet_pton(AF_INET6, text, &parsed) == 1;
}

static bool take_host(str *rest)
{
	const char *end;

	if (rest->n == 0 || *rest->p != '[') {
		take(rest, ""); /* reg-name, which every IPv4 address is too */
		return true;
	}
	end = memchr(rest->p, ']', rest->n);
	if (end == NULL)
		return false;
	str inside = str_of(rest->p + 1, (size_t)(end - rest->p) - 1);
	*rest = str_skip(*rest, inside.n + 2);
	return is_ipv6(inside) || is_ip_future(inside);
}

static void take_userinfo(str *rest)
{
	str ahead = *rest;

	take(&ahead, ":");
	if (take_char(&ahead, '@'))
		*rest = ahead;
}

/* [userinfo "@"] host [":" port]; may be empty */
static bool authority(str *rest)
{
	take_userinfo(rest);
	if (!take_host(rest))
		return false;
	if (take_char(rest, ':'))
		while (rest->n > 0 && is_digit(*rest->p))
			*rest = str_skip(*rest, 1);
	return true;
}

bool uri_domain(str text)
{
	str host = text, rest = text;

	take_userinfo(&host);
	return host.n > 0 && *host.p != ':' && authority(&rest) && rest.n == 0;
}

bool uri_pchars(str text)
{
	take(&text, ":@");
	return text.n == 0;
}

bool uri_whole(str text)
{
	if (!uri_scheme(&text) || !take_char(&text, ':'))
		return false;
	if (str_starts(text, STR("//"))) {
		text = str_skip(text, 2);
		if (!authority(&text) || (text.n > 0 && strchr("/?#", *text.p) == NULL))
			return false;
	}
	take(&text, ":@/");
	if (take_char(&text, '?'))
		take(&text, ":@/?");
	if (take_char(&text, '#'))
		take(&text, ":@/?");
	return text.n == 0;
}
