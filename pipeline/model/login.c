#include "model/login.h"

#include <inttypes.h>

#include "base/buf.h"
#include "crypto/secp.h"
#include "model/account.h"
#include "uri.h"

#define TEXT_MAX 8192
#define GREETING " wants you to sign in with your Ethereum account:\n"
#define CASPER_GREETING " wants you to sign in with your Casper account:\n"

/* Writing */

static void optional_line(struct buf *b, const char *label, str value)
{
	if (value.p != NULL)
		buf_printf(b, "\n%s" STR_FMT, label, STR_ARG(value));
}

static void resource_lines(struct buf *b, const struct login *l)
{
	if (!l->has_resources)
		return;
	buf_add(b, STR("\nResources:"));
	for (size_t i = 0; i < l->n_resources; i++)
		buf_printf(b, "\n- " STR_FMT, STR_ARG(l->resources[i]));
}

static str account_text(struct work *w, const struct login *l)
{
	char address[ADDRESS_TEXT];

	if (l->casper.n > 0)
		return casper_key_text(w->arena, &l->casper);
	address_format(l->address, address);
	return arena_str(w->arena, str_of(address, sizeof(address)));
}

str login_text(struct work *w, const struct login *l)
{
	struct buf b = buf_new(w->arena, TEXT_MAX);

	if (l->scheme.p != NULL)
		buf_printf(&b, STR_FMT "://", STR_ARG(l->scheme));
	buf_printf(&b, STR_FMT "%s" STR_FMT "\n\n", STR_ARG(l->domain), l->casper.n > 0 ? CASPER_GREETING : GREETING,
		STR_ARG(account_text(w, l)));
	if (l->statement.p != NULL)
		buf_printf(&b, STR_FMT "\n", STR_ARG(l->statement));
	buf_printf(&b, "\nURI: " STR_FMT "\nVersion: 1\nChain ID: " STR_FMT, STR_ARG(l->uri),
		STR_ARG(l->casper.n > 0 ? l->chain : arena_printf(w->arena, "%" PRIu64, l->chain_id)));
	buf_printf(&b, "\nNonce: " STR_FMT "\nIssued At: " STR_FMT, STR_ARG(l->nonce), STR_ARG(l->issued_at));
	optional_line(&b, "Expiration Time: ", l->expires_at);
	optional_line(&b, "Not Before: ", l->not_before);
	optional_line(&b, "Request ID: ", l->request_id);
	resource_lines(&b, l);
	return buf_str(&b);
}

/* Reading: each function takes what it reads off the front of *rest. */

static bool take(str *rest, str literal)
{
	if (!str_starts(*rest, literal))
		return false;
	*rest = str_skip(*rest, literal.n);
	return true;
}

/* label value, up to but without the LF or the end */
static bool take_value(str *rest, str label, str *value)
{
	const char *end;

	if (!take(rest, label))
		return false;
	end = rest->n == 0 ? NULL : memchr(rest->p, '\n', rest->n);
	*value = str_of(rest->p, end == NULL ? rest->n : (size_t)(end - rest->p));
	*rest = str_skip(*rest, value->n);
	return true;
}

static bool only(str s, const char *also)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');

		if (!alnum && (c == '\0' || strchr(also, c) == NULL))
			return false;
	}
	return true;
}

/* The domain has no space, so the first one begins the greeting. */
static bool take_origin(str *rest, struct login *l, bool *casper)
{
	str at;
	size_t n;

	if (!str_find(*rest, STR(" "), &n))
		return false;
	at = str_of(rest->p, n);
	*rest = str_skip(*rest, n);
	*casper = take(rest, STR(CASPER_GREETING));
	if (!*casper && !take(rest, STR(GREETING)))
		return false;
	str scheme = at;
	if (uri_scheme(&scheme) && str_starts(scheme, STR("://"))) {
		l->scheme = str_of(at.p, at.n - scheme.n);
		at = str_skip(scheme, 3);
	}
	l->domain = at;
	return uri_domain(at);
}

static bool take_casper_key(str *rest, struct login *l)
{
	str text;

	if (!take_value(rest, STR(""), &text) || !casper_key_parse(text, &l->casper))
		return false;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 'A' && text.p[i] <= 'F') /* we write lower case */
			return false;
	return true;
}

static bool take_address(str *rest, struct login *l)
{
	char right[ADDRESS_TEXT];
	str text;

	if (!take_value(rest, STR(""), &text) || !address_parse(text, l->address))
		return false;
	address_format(l->address, right);
	return str_eq(text, str_of(right, ADDRESS_TEXT)); /* all lower case is no EIP-55 */
}

/* After the address's LF: LF statement LF LF, or LF LF; an empty statement leaves three LF. */
static bool take_statement(str *rest, struct login *l)
{
	if (!take(rest, STR("\n")))
		return false;
	if (take(rest, STR("\n\n"))) {
		l->statement = STR("");
		return true;
	}
	if (take(rest, STR("\n")))
		return true;
	return take_value(rest, STR(""), &l->statement) && only(l->statement, " -._~:/?#[]@!$&'()*+,;=") &&
		take(rest, STR("\n\n"));
}

static bool take_chain_id(str *rest, struct login *l)
{
	str digits;

	if (!take_value(rest, STR("\nChain ID: "), &digits) || digits.n == 0)
		return false;
	if (l->casper.n > 0) {
		l->chain = digits;
		return digits.n <= 64 && only(digits, "-");
	}
	while (digits.n > 1 && *digits.p == '0') /* 1*DIGIT allows them */
		digits = str_skip(digits, 1);
	return str_u64(digits, &l->chain_id);
}

/* RFC 3339 puts no limit on the digits of a fraction; clock_parse reads nine. */
static bool parse_time(str s, usec *out)
{
	char cut[64];
	size_t digits = 0;

	if (s.n < 20 || s.p[19] != '.')
		return clock_parse(s, out);
	while (20 + digits < s.n && s.p[20 + digits] >= '0' && s.p[20 + digits] <= '9')
		digits++;
	if (digits <= 9)
		return clock_parse(s, out);
	str zone = str_skip(s, 20 + digits);
	if (zone.n > 6)
		return false;
	memcpy(cut, s.p, 29);
	memcpy(cut + 29, zone.p, zone.n);
	return clock_parse(str_of(cut, 29 + zone.n), out);
}

static bool take_times(str *rest, struct login *l)
{
	if (!take_value(rest, STR("\nIssued At: "), &l->issued_at) || !parse_time(l->issued_at, &l->issued))
		return false;
	if (take_value(rest, STR("\nExpiration Time: "), &l->expires_at) && !parse_time(l->expires_at, &l->expires))
		return false;
	return !take_value(rest, STR("\nNot Before: "), &l->not_before) || parse_time(l->not_before, &l->before);
}

static bool take_resources(str *rest, struct login *l)
{
	str uri;

	if (!take(rest, STR("\nResources:")))
		return true;
	l->has_resources = true;
	while (take_value(rest, STR("\n- "), &uri)) {
		if (l->n_resources == sizeof(l->resources) / sizeof(l->resources[0]) || !uri_whole(uri))
			return false;
		l->resources[l->n_resources++] = uri;
	}
	return true;
}

static bool take_fields(str *rest, struct login *l)
{
	if (!take_value(rest, STR("URI: "), &l->uri) || !uri_whole(l->uri))
		return false;
	if (!take(rest, STR("\nVersion: 1")) || !take_chain_id(rest, l))
		return false;
	if (!take_value(rest, STR("\nNonce: "), &l->nonce) || l->nonce.n < 8 || !only(l->nonce, ""))
		return false;
	if (!take_times(rest, l))
		return false;
	if (take_value(rest, STR("\nRequest ID: "), &l->request_id) && !uri_pchars(l->request_id))
		return false;
	return take_resources(rest, l) && rest->n == 0;
}

bool login_parse(struct work *w, str message, struct login *out)
{
	str rest = message;
	bool casper = false;

	*out = (struct login){ 0 };
	if (message.n > TEXT_MAX)
		return err_set(w, ERR_INVALID, "auth.message_malformed", "longer than %d bytes", TEXT_MAX);
	if (!take_origin(&rest, out, &casper) || !(casper ? take_casper_key(&rest, out) : take_address(&rest, out)) ||
		!take(&rest, STR("\n")) || !take_statement(&rest, out) || !take_fields(&rest, out))
		return err_set(w, ERR_INVALID, "auth.message_malformed", "no EIP-4361 text from byte %zu on",
			(size_t)(message.n - rest.n));
	return true;
}

/* Checking */

static bool chain_allowed(const struct login *l, const struct login_expected *e)
{
	str rest = e->casper_chains, piece;

	while (l->casper.n > 0 && str_next(&rest, ',', &piece))
		if (str_eq(str_trim(piece), l->chain))
			return true;
	for (size_t i = 0; l->casper.n == 0 && i < e->n_chain_ids; i++)
		if (e->chain_ids[i] >= 0 && l->chain_id == (uint64_t)e->chain_ids[i])
			return true;
	return false;
}

static bool check_times(struct work *w, const struct login *l, const struct login_expected *e)
{
	if (l->expires_at.p != NULL && e->now >= l->expires)
		return err_set(w, ERR_INVALID, "auth.expired", "the text has expired; ask for a new one");
	if (l->not_before.p != NULL && e->now < l->before)
		return err_set(w, ERR_INVALID, "auth.not_before", "the text is not valid yet");
	return true;
}

bool login_check(struct work *w, const struct login *l, const struct login_expected *e)
{
	if (!str_eq(l->domain, e->domain))
		return err_set(w, ERR_INVALID, "auth.domain", "signed for another site");
	if (e->uri_prefix.p != NULL && !str_starts(l->uri, e->uri_prefix))
		return err_set(w, ERR_INVALID, "auth.uri", "signed for another address of this site");
	if (!chain_allowed(l, e))
		return err_set(w, ERR_INVALID, "auth.chain", "this chain is not served");
	if (!str_eq_secret(l->nonce, e->nonce))
		return err_set(w, ERR_INVALID, "auth.nonce", "not the nonce that was handed out");
	return check_times(w, l, e);
}

bool login_verify(struct work *w, str message, const struct login *l, str sig)
{
	uint8_t digest[32], address[20];

	if (l->casper.n > 0)
		return casper_message_verify(w->arena, &l->casper, message, sig) ||
			err_set(w, ERR_INVALID, "auth.signature", "not signed by the account in the text");
	secp_personal_digest(message, digest);
	if (!secp_recover(digest, sig, address) || memcmp(address, l->address, 20) != 0)
		return err_set(w, ERR_INVALID, "auth.signature", "not signed by the account in the text");
	return true;
}
