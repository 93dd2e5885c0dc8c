#include "tests/unit/check.h"

#include "stages/print.h"

struct row {
	int64_t id;
	str name;
	bool has_at;
	usec at;
	bool good;
	u256 amount;
	struct i64s list;
	str detail;
	str bytes;
};
static const struct sql_value values[] = {
	{ "id", SQL_INT8, offsetof(struct row, id), (size_t)-1, false, "" },
	{ "name", SQL_TEXT, offsetof(struct row, name), (size_t)-1, true, "" },
	{ "at", SQL_TIMESTAMPTZ, offsetof(struct row, at), offsetof(struct row, has_at), true, "" },
	{ "good", SQL_BOOL, offsetof(struct row, good), (size_t)-1, false, "" },
	{ "amount", SQL_NUMERIC, offsetof(struct row, amount), (size_t)-1, false, "" },
	{ "list", SQL_INT8S, offsetof(struct row, list), (size_t)-1, false, "" },
	{ "detail", SQL_JSONB, offsetof(struct row, detail), (size_t)-1, true, "" },
	{ "bytes", SQL_BYTEA, offsetof(struct row, bytes), (size_t)-1, true, "" },
};
static const struct print_shape shape = { values, COUNT(values), sizeof(struct row) };
static const int64_t numbers[] = { 7, 8 };
static const struct row rows[] = {
	{ .id = 7, .name = { "caf\xc3\xa9", 5 }, .good = true },
	{ .id = 1234, .name = { "a name that is longer", 21 }, .has_at = true, .at = 1500000 },
};

static struct work w;

static int begin(void **state)
{
	(void)state;
	work_init(&w);
	return 0;
}

static int end(void **state)
{
	(void)state;
	work_end(&w);
	return 0;
}

static void columns_are_aligned(void **state)
{
	struct print_style wide = { 0 };

	(void)state;
	assert_str(print_table(&w, &wide, shape, rows, 2, "id name=who good at"),
		"  id  who                    good  at\n"
		"   7  caf\xc3\xa9                   yes   \n"
		"1234  a name that is longer  no    1970-01-01T00:00:01Z\n");
	assert_str(print_table(&w, &wide, shape, NULL, 0, "id name"), "id  name\n");
}

static void a_narrow_terminal_cuts_the_widest(void **state)
{
	struct print_style narrow = { .width = 20, .bold = true }, tiny = { .width = 3 };

	(void)state;
	assert_str(print_table(&w, &narrow, shape, rows, 2, "id name=who"),
		"\x1b[1m  id  who\x1b[0m\n"
		"   7  caf\xc3\xa9\n"
		"1234  a name that i\xe2\x80\xa6\n");
	assert_str(print_table(&w, &tiny, shape, rows, 2, "id name=who"),
		"  id  who\n   7  caf\xc3\xa9\n1234  a nam\xe2\x80\xa6\n");
}

static void a_card_leaves_nulls_out(void **state)
{
	struct print_style style = { 0 };

	(void)state;
	assert_str(print_card(&w, &style, shape, &rows[0], "id name at good=is_good"),
		"id       7\nname     caf\xc3\xa9\nis_good  yes\n");
}

static void json_has_every_column(void **state)
{
	struct row row = {
		.id = INT64_MAX,
		.name = STR("say \"x\"\n"),
		.has_at = true,
		.at = 1500000,
		.amount = u256_of(12),
		.list = { numbers, 2 },
		.detail = STR("{\"a\": [1]}"),
		.bytes = STR("\x01\xff"),
	};

	(void)state;
	assert_str(print_json(&w, shape, &row),
		"{\"id\":\"9223372036854775807\",\"name\":\"say \\\"x\\\"\\n\",\"at\":\"1970-01-01T00:00:01.500000Z\","
		"\"good\":false,\"amount\":\"12\",\"list\":[7,8],\"detail\":{\"a\": [1]},\"bytes\":\"0x01ff\"}");
	assert_str(print_json(&w, shape, &rows[0]),
		"{\"id\":7,\"name\":\"caf\xc3\xa9\",\"at\":null,\"good\":true,\"amount\":\"0\",\"list\":[],\"detail\":null,"
		"\"bytes\":null}");
}

static void a_terminal_is_never_steered(void **state)
{
	(void)state;
	assert_str(print_plain(&w,
			   STR("a\x1b[31mb\x07\xc2\x9b"
			       "c\xe2\x80\xae"
			       "d\xe2\x81\xa6"
			       "e\xff"
			       "f\n\tg\x7f")),
		"a?[31mb??c?d?e?f  g?");
	assert_str(print_plain(&w, STR("\xe2\x80\x94 \xc3\xa9")), "\xe2\x80\x94 \xc3\xa9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(columns_are_aligned, begin, end),
		cmocka_unit_test_setup_teardown(a_narrow_terminal_cuts_the_widest, begin, end),
		cmocka_unit_test_setup_teardown(a_card_leaves_nulls_out, begin, end),
		cmocka_unit_test_setup_teardown(json_has_every_column, begin, end),
		cmocka_unit_test_setup_teardown(a_terminal_is_never_steered, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
