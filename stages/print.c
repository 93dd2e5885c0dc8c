#include "print.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "print_value.h"

#define COLUMNS_MAX 32
#define NARROWEST 6
#define GAP 2
#define ELLIPSIS "\xe2\x80\xa6"

/* How many columns a character takes is not asked of the locale: each takes one. */
static int characters(str s)
{
	int n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += ((uint8_t)s.p[i] & 0xc0) != 0x80;
	return n;
}

/* --- columns --- */

struct column {
	const struct sql_value *value;
	str title;
	int width;
	bool right;
};

static bool is_number(enum sql_type type)
{
	return type == SQL_INT4 || type == SQL_INT8 || type == SQL_NUMERIC || type == SQL_NUMERIC_S ||
		type == SQL_INTERVAL;
}

static const struct sql_value *value_of(struct print_shape shape, str name)
{
	for (int i = 0; i < shape.n; i++)
		if (str_eq(name, str_c(shape.at[i].name)))
			return shape.at + i;
	return NULL;
}

static int choose(struct print_shape shape, const char *columns, struct column out[COLUMNS_MAX])
{
	str rest = str_c(columns), word;
	int n = 0;

	while (n < COLUMNS_MAX && str_next(&rest, ' ', &word)) {
		str title = word;
		size_t at;

		if (str_find(word, STR("="), &at)) {
			title = str_skip(word, at + 1);
			word.n = at;
		}
		out[n].value = value_of(shape, word);
		if (out[n].value == NULL)
			abort();
		out[n].title = title;
		out[n].width = characters(title);
		out[n].right = is_number(out[n].value->type);
		n++;
	}
	return n;
}

/* Takes from the widest until the line fits; numbers are never cut. */
static void fit(struct column *c, int n, int width)
{
	int total = (n - 1) * GAP;

	for (int i = 0; i < n; i++)
		total += c[i].width;
	while (width > 0 && total > width) {
		int widest = -1;

		for (int i = 0; i < n; i++)
			if (!c[i].right && (widest < 0 || c[i].width > c[widest].width))
				widest = i;
		if (widest < 0 || c[widest].width <= NARROWEST)
			return;
		c[widest].width--;
		total--;
	}
}

static void add_cut(struct buf *b, str text, int width)
{
	int left = width - 1;
	size_t n = 0;

	while (n < text.n && (((uint8_t)text.p[n] & 0xc0) == 0x80 || left-- > 0))
		n++;
	buf_add(b, str_of(text.p, n));
	buf_add(b, STR(ELLIPSIS));
}

static void add_cell(struct buf *b, str text, const struct column *c, bool last)
{
	int n = characters(text);

	if (c->right)
		buf_printf(b, "%*s", c->width > n ? c->width - n : 0, "");
	if (n > c->width && !c->right)
		add_cut(b, text, c->width);
	else
		buf_add(b, text);
	if (!last)
		buf_printf(b, "%*s", GAP + (!c->right && c->width > n ? c->width - n : 0), "");
}

static void add_head(struct buf *b, const struct print_style *style, const struct column *c, int n)
{
	buf_add(b, style->bold ? STR("\x1b[1m") : STR(""));
	for (int i = 0; i < n; i++)
		add_cell(b, c[i].title, &c[i], i + 1 == n);
	buf_add(b, style->bold ? STR("\x1b[0m\n") : STR("\n"));
}

str print_table(struct work *w, const struct print_style *style, struct print_shape shape, const void *rows, size_t n,
	const char *columns)
{
	struct column c[COLUMNS_MAX];
	struct buf b = buf_new(w->arena, PRINT_MAX);
	int wide = choose(shape, columns, c);
	str *cells = arena_array(w->arena, n * (size_t)wide + 1, sizeof(*cells));

	for (size_t i = 0; i < n * (size_t)wide; i++) {
		struct column *of = &c[i % (size_t)wide];
		int width;

		cells[i] = print_text(w, of->value, (const char *)rows + i / (size_t)wide * shape.size);
		width = characters(cells[i]);
		of->width = width > of->width ? width : of->width;
	}
	fit(c, wide, style->width);
	add_head(&b, style, c, wide);
	for (size_t i = 0; i < n * (size_t)wide; i++) {
		bool last = (i + 1) % (size_t)wide == 0;

		add_cell(&b, cells[i], &c[i % (size_t)wide], last);
		buf_add(&b, last ? STR("\n") : STR(""));
	}
	return buf_str(&b);
}

str print_card(
	struct work *w, const struct print_style *style, struct print_shape shape, const void *row, const char *columns)
{
	struct column c[COLUMNS_MAX], label = { 0 };
	struct buf b = buf_new(w->arena, PRINT_MAX);
	int n = choose(shape, columns, c);

	for (int i = 0; i < n; i++)
		label.width = c[i].width > label.width ? c[i].width : label.width;
	for (int i = 0; i < n; i++) {
		if (print_is_null(c[i].value, row))
			continue;
		buf_add(&b, style->bold ? STR("\x1b[1m") : STR(""));
		add_cell(&b, c[i].title, &label, false);
		buf_add(&b, style->bold ? STR("\x1b[0m") : STR(""));
		buf_add(&b, print_text(w, c[i].value, row));
		buf_byte(&b, '\n');
	}
	return buf_str(&b);
}

/* --- stdout --- */

struct print_style print_style(void)
{
	const char *term = getenv("TERM"), *columns = getenv("COLUMNS"), *plain = getenv("NO_COLOR");
	struct print_style style = { 0 };
	struct winsize size;
	int64_t n;

	if (isatty(STDOUT_FILENO)) {
		style.bold = (plain == NULL || plain[0] == '\0') && term != NULL && strcmp(term, "dumb") != 0;
		style.width = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
	}
	if (columns != NULL && str_i64(str_c(columns), &n) && n > 0 && n < 10000)
		style.width = (int)n;
	return style;
}

static void put(str text)
{
	fwrite(text.p, 1, text.n, stdout);
}

void print_rows(struct work *w, const struct invocation *in, struct print_shape shape, const void *rows, size_t n,
	const char *columns, const char *nothing)
{
	struct print_style style = print_style();

	if (in->json)
		for (size_t i = 0; i < n; i++) {
			put(print_json(w, shape, (const char *)rows + i * shape.size));
			put(STR("\n"));
		}
	else if (n == 0)
		fprintf(stderr, "%s\n", nothing);
	else
		put(print_table(w, &style, shape, rows, n, columns));
}

void print_row(
	struct work *w, const struct invocation *in, struct print_shape shape, const void *row, const char *columns)
{
	struct print_style style = print_style();

	if (in->json) {
		put(print_json(w, shape, row));
		put(STR("\n"));
		return;
	}
	put(print_card(w, &style, shape, row, columns));
}
