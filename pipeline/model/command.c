#include "model/command.h"

#include "base/clock.h"
#include "model/closing.h"

/* What is left of a line: masked says what counts, text is the same place in what was written. */
struct rest {
	str masked, text;
};

static void skip(struct rest *r, size_t n)
{
	r->masked = str_skip(r->masked, n);
	r->text = str_skip(r->text, n);
}

static void spaces(struct rest *r)
{
	size_t n = 0;

	while (n < r->masked.n && (r->masked.p[n] == ' ' || r->masked.p[n] == '\t'))
		n++;
	skip(r, n);
}

static bool is_end(const struct rest *r)
{
	return r->masked.n == 0;
}

/* The next word, up to a space; empty at the end. */
static str word(struct rest *r)
{
	str w;

	spaces(r);
	w = r->masked;
	for (w.n = 0; w.n < r->masked.n && w.p[w.n] != ' ' && w.p[w.n] != '\t';)
		w.n++;
	skip(r, w.n);
	return w;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool all(str s, size_t max, bool (*accept)(char))
{
	for (size_t i = 0; i < s.n; i++)
		if (!accept(s.p[i]))
			return false;
	return s.n > 0 && s.n <= max;
}

static bool in_symbol(char c)
{
	return is_digit(c) || is_letter(c);
}

static bool in_chain(char c)
{
	return in_symbol(c) || c == '-' || c == ':';
}

static bool in_login(char c)
{
	return in_symbol(c) || c == '-';
}

static bool read_amount(struct rest *r, struct command *c)
{
	str whole, fraction = word(r);
	bool zero = true;

	c->amount = fraction;
	if (c->amount.n > 60 || !str_next(&fraction, '.', &whole) || !all(whole, 40, is_digit))
		return false;
	if (whole.n < c->amount.n && !all(fraction, 18, is_digit))
		return false;
	for (size_t i = 0; i < c->amount.n; i++)
		zero = zero && (c->amount.p[i] == '0' || c->amount.p[i] == '.');
	return !zero && (whole.n == 1 || whole.p[0] != '0');
}

static bool read_asset(struct rest *r, struct command *c)
{
	str chain = word(r);
	size_t whole = chain.n;

	if (!str_next(&chain, '@', &c->asset) || !all(c->asset, 16, in_symbol))
		return false;
	c->chain = chain;
	return c->asset.n == whole || all(chain, 32, in_chain);
}

static bool read_date(struct rest *r, struct command *c)
{
	char text[] = "0000-00-00T00:00:00Z", back[CLOCK_TEXT];
	usec t;

	c->date = word(r);
	if (c->date.n != 10)
		return false;
	memcpy(text, c->date.p, 10);
	if (!clock_parse(str_c(text), &t))
		return false;
	clock_format(t, back);
	return memcmp(back, text, 10) == 0;
}

static bool read_percent(str s, int32_t *out)
{
	int64_t v;

	if (str_ends(s, STR("%")))
		s.n--;
	if (!str_i64(s, &v) || v < 1 || v > 100)
		return false;
	*out = (int32_t)v;
	return true;
}

static bool read_user(str s, bool at, str *out)
{
	if (str_starts(s, STR("@")))
		s = str_skip(s, 1);
	else if (at)
		return false;
	*out = s;
	return all(s, 39, in_login) && s.p[0] != '-';
}

/* "user:60" or "@user:60" */
static bool read_share(str s, bool at, struct command *c)
{
	struct command_share *share = &c->shares[c->n_shares];
	str user;

	if (c->n_shares == COMMAND_SHARES || !str_next(&s, ':', &user) || !read_user(user, at, &share->user) ||
		!read_percent(s, &share->percent))
		return false;
	c->n_shares++;
	return true;
}

static bool shares_fit(const struct command *c)
{
	int32_t sum = 0;

	for (size_t i = 0; i < c->n_shares; i++) {
		sum += c->shares[i].percent;
		for (size_t k = 0; k < i; k++)
			if (str_eq_nocase(c->shares[i].user, c->shares[k].user))
				return false;
	}
	return c->n_shares == 0 || sum == 100;
}

static bool read_number(str s, struct command *c)
{
	int64_t v;

	if (c->n_numbers == COMMAND_NUMBERS || !str_starts(s, STR("#")) || !str_i64(str_skip(s, 1), &v) || v < 1 ||
		v > INT32_MAX)
		return false;
	c->numbers[c->n_numbers++] = (int32_t)v;
	return true;
}

static bool read_reason(struct rest *r, struct command *c)
{
	spaces(r);
	c->reason = str_trim(r->text);
	skip(r, r->masked.n);
	return c->reason.n > 0 && c->reason.n <= COMMAND_REASON;
}

static bool read_bounty(struct rest *r, struct command *c)
{
	if (!read_amount(r, c) || !read_asset(r, c))
		return false;
	for (str w = word(r); w.n > 0; w = word(r)) {
		if (str_eq(w, STR("by")) && c->date.n == 0 && c->n_shares == 0) {
			if (!read_date(r, c))
				return false;
		} else if (str_eq(w, STR("split")) && c->n_shares == 0) {
			do
				if (!read_share(word(r), false, c))
					return false;
			while (!is_end(r));
		} else {
			return false;
		}
	}
	return shares_fit(c);
}

static bool read_claim(struct rest *r, struct command *c)
{
	str piece, list;

	spaces(r);
	list = str_trim(r->masked);
	skip(r, r->masked.n);
	if (list.n == 0 || str_ends(list, STR(",")))
		return false;
	while (str_next(&list, ',', &piece)) {
		str inner = str_trim(piece), one;

		while (str_next(&inner, ' ', &one))
			if (one.n > 0 && !read_number(one, c))
				return false;
		if (str_trim(piece).n == 0)
			return false;
	}
	return true;
}

static bool in_name(char c)
{
	return in_login(c) || c == '_' || c == '.';
}

/* "#7" or "owner/name#7" */
static bool read_pull(str s, struct command *c)
{
	str owner, name;
	size_t hash;

	if (!str_find(s, STR("#"), &hash))
		return false;
	c->word = name = str_of(s.p, hash);
	if (hash > 0 && (!str_next(&name, '/', &owner) || !all(owner, 39, in_login) || !all(name, 100, in_name)))
		return false;
	return read_number(str_skip(s, hash), c);
}

static bool read_award(struct rest *r, struct command *c)
{
	struct rest before;
	size_t at;
	str w;

	if (!read_pull(word(r), c))
		return false;
	for (before = *r, w = word(r); str_starts(w, STR("@")) && str_find(w, STR(":"), &at); before = *r, w = word(r))
		if (!read_share(w, true, c))
			return false;
	*r = before;
	return shares_fit(c) && read_reason(r, c);
}

static bool read_arguments(struct rest *r, struct command *c)
{
	switch (c->verb) {
	case COMMAND_BOUNTY: return read_bounty(r, c);
	case COMMAND_FUND: return read_amount(r, c) && read_asset(r, c);
	case COMMAND_ATTEMPT:
	case COMMAND_UNATTEMPT: return true;
	case COMMAND_CLAIM: return read_claim(r, c);
	case COMMAND_SPLIT:
		c->n_shares = 1;
		return read_user(word(r), true, &c->shares[0].user) && read_percent(word(r), &c->shares[0].percent);
	case COMMAND_TIP:
		c->n_shares = 1;
		return read_user(word(r), true, &c->shares[0].user) && read_amount(r, c) && read_asset(r, c);
	case COMMAND_AWARD: return read_award(r, c);
	case COMMAND_REJECT: return read_number(word(r), c) && read_reason(r, c);
	case COMMAND_EXTEND: return read_date(r, c);
	case COMMAND_CANCEL:
	case COMMAND_DISPUTE: return read_reason(r, c);
	default: c->word = word(r); return str_one_of(c->word, "off|on|help|status");
	}
}

static const struct {
	const char *name, *usage;
} verbs[COMMAND_VERBS] = {
	[COMMAND_BOUNTY] = { "bounty", "/bounty AMOUNT ASSET[@CHAIN] [by YYYY-MM-DD] [split USER:PERCENT ...]" },
	[COMMAND_FUND] = { "fund", "/fund AMOUNT ASSET[@CHAIN]" },
	[COMMAND_ATTEMPT] = { "attempt", "/attempt" },
	[COMMAND_UNATTEMPT] = { "unattempt", "/unattempt" },
	[COMMAND_CLAIM] = { "claim", "/claim #ISSUE[, #ISSUE ...]" },
	[COMMAND_SPLIT] = { "split", "/split @USER PERCENT" },
	[COMMAND_TIP] = { "tip", "/tip @USER AMOUNT ASSET[@CHAIN]" },
	[COMMAND_AWARD] = { "award", "/award #PULL [@USER:PERCENT ...] REASON" },
	[COMMAND_REJECT] = { "reject", "/reject #PULL REASON" },
	[COMMAND_EXTEND] = { "extend", "/extend YYYY-MM-DD" },
	[COMMAND_CANCEL] = { "cancel", "/cancel REASON" },
	[COMMAND_DISPUTE] = { "dispute", "/dispute REASON" },
	[COMMAND_PATCHWORK] = { "patchwork", "/patchwork off|on|help|status" },
};

const char *command_name(enum command_verb verb)
{
	return verbs[verb].name;
}

const char *command_usage_of(enum command_verb verb)
{
	return verbs[verb].usage;
}

static bool read_line(struct rest r, struct command *c)
{
	str name;

	if (!str_starts(r.masked, STR("/")))
		return false;
	skip(&r, 1);
	name = r.masked;
	for (name.n = 0; name.n < r.masked.n && is_letter(name.p[name.n]);)
		name.n++;
	skip(&r, name.n);
	if (!is_end(&r) && r.masked.p[0] != ' ' && r.masked.p[0] != '\t')
		return false;
	*c = (struct command){ 0 };
	for (c->verb = 0; c->verb < COMMAND_VERBS; c->verb++) {
		if (!str_eq(name, str_c(verbs[c->verb].name)))
			continue;
		c->good = read_arguments(&r, c);
		spaces(&r);
		c->good = c->good && is_end(&r);
		return true;
	}
	return false;
}

size_t commands_read(struct arena *arena, str text, struct command out[COMMANDS_MAX])
{
	str masked = closing_mask(arena, text), line;
	size_t n = 0;

	while (n < COMMANDS_MAX && str_next(&masked, '\n', &line)) {
		struct rest r = { line, str_of(text.p, line.n) };

		text = str_skip(text, line.n + 1 <= text.n ? line.n + 1 : text.n);
		while (r.masked.n > 0 && strchr(" \t\r", r.masked.p[r.masked.n - 1]) != NULL)
			r.masked.n--;
		r.text = str_trim(r.text);
		if (read_line(r, &out[n])) {
			out[n].ordinal = (int)n + 1;
			n++;
		}
	}
	return n;
}
