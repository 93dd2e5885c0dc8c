#include "tests/unit/check.h"

#include <fcntl.h>

#include "base/conf.h"
#include "base/conf_mask.h"

struct settings {
	str url;
	int32_t pool;
	usec wait;
	int64_t body;
	bool debug;
	str secret;
	str note;
	bool has_note;
};

static const struct field settings_fields[] = {
	FIELD(FIELD_STR, struct settings, url, .name = "db.url", .doc = "where the database is"),
	FIELD(FIELD_I32, struct settings, pool, .name = "db.pool", .initial = "4", .min = 1, .max = 64),
	FIELD(FIELD_SPAN, struct settings, wait, .initial = "30s", .doc = "how long to wait"),
	FIELD(FIELD_SIZE, struct settings, body, .initial = "64k"),
	FIELD(FIELD_BOOL, struct settings, debug, .initial = "false"),
	FIELD(FIELD_SECRET, struct settings, secret, .name = "hook.secret", .initial = ""),
	FIELD(FIELD_STR, struct settings, note, .optional = true, .has = offsetof(struct settings, has_note)),
};

static char dir[] = "build/tests/conf-XXXXXX";
static char conf_path[64], secret_path[64];

static int setup(void **state)
{
	static struct work w;

	work_init(&w);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "PATCHWORK_DB_URL", "PATCHWORK_DB_POOL", "PATCHWORK_HOOK_SECRET",
		"PATCHWORK_HOOK_SECRET_FILE", "PATCHWORK_NOTE" };

	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
	work_end(*state);
	return 0;
}

static void write_file(const char *path, const char *text, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, n), n);
	close(fd);
}

static bool load(struct work *w, const char *text, struct settings *s)
{
	write_file(conf_path, text, strlen(text));
	*s = (struct settings){ 0 };
	return conf_load(w, conf_path, FIELDS(struct settings, settings_fields), s);
}

static void file_and_initial_values(void **state)
{
	struct settings s;

	assert_true(load(*state,
		"# a comment\n\n  db.url=postgres://h/d?a=b#c  # where\n\tbody = 1m\r\nnote = # nothing\n"
		"hook.secret = a#b c",
		&s));
	assert_str(s.url, "postgres://h/d?a=b#c");
	assert_int_equal(s.pool, 4);
	assert_int_equal(s.wait, 30 * USEC_S);
	assert_int_equal(s.body, 1 << 20);
	assert_false(s.debug);
	assert_str(s.secret, "a#b c");
	assert_true(s.has_note);
	assert_str(s.note, "");
}

static void environment_wins(void **state)
{
	struct work *w = *state;
	struct settings s;

	setenv("PATCHWORK_DB_URL", "from env # all of it", 1);
	setenv("PATCHWORK_DB_POOL", "9", 1);
	assert_true(load(w, "db.url = from file\ndb.pool = 5\n", &s));
	assert_str(s.url, "from env # all of it");
	assert_int_equal(s.pool, 9);
	assert_false(s.has_note);
	s = (struct settings){ 0 };
	assert_true(conf_load(w, NULL, FIELDS(struct settings, settings_fields), &s));
	assert_int_equal(s.pool, 9);
	setenv("PATCHWORK_DB_POOL", "900", 1);
	assert_false(load(w, "db.url = x\n", &s));
	assert_string_equal(w->err.text, "PATCHWORK_DB_POOL: db.pool must be from 1 to 64");
	assert_err(w, ERR_INVALID, "conf.value");
}

static void secrets_from_files(void **state)
{
	struct work *w = *state;
	struct settings s;
	char text[200];

	write_file(secret_path, "hush hush \r\nsecond\n", 19);
	snprintf(text, sizeof(text), "db.url = x\nhook.secret_file = %s\n", secret_path);
	assert_true(load(w, text, &s));
	assert_str(s.secret, "hush hush ");
	setenv("PATCHWORK_HOOK_SECRET", "direct", 1);
	assert_true(load(w, text, &s));
	assert_str(s.secret, "direct");
	unsetenv("PATCHWORK_HOOK_SECRET");
	setenv("PATCHWORK_HOOK_SECRET_FILE", secret_path, 1);
	assert_true(load(w, "db.url = x\nhook.secret = in the file\n", &s));
	assert_str(s.secret, "hush hush ");
	write_file(secret_path, "", 0);
	assert_true(load(w, "db.url = x\n", &s));
	assert_str(s.secret, "");
	setenv("PATCHWORK_HOOK_SECRET_FILE", "/nonexistent/secret", 1);
	assert_false(load(w, "db.url = x\n", &s));
	assert_err(w, ERR_INVALID, "conf.unreadable");
}

static void refuses(void **state)
{
	static const struct {
		const char *text, *code, *says;
	} cases[] = {
		{ "", "conf.missing", "db.url has no value: set it in the file, or PATCHWORK_DB_URL" },
		{ "db.url = x\nother = 1\n", "conf.unknown_key", "conf:2: no key other" },
		{ "db.url_file = x\n", "conf.unknown_key", "conf:1: no key db.url_file" },
		{ "DB.URL = x\n", "conf.unknown_key", "conf:1: no key DB.URL" },
		{ "db.url\n", "conf.syntax", "conf:1: expected key = value" },
		{ "\n\n= x\n", "conf.syntax", "conf:3: expected key = value" },
		{ "db.url = x\ndb.url = y\n", "conf.value", "conf:2: db.url is set a second time" },
		{ "db.url = x\ndb.pool = 0\n", "conf.value", "conf:2: db.pool must be from 1 to 64" },
		{ "db.url = x\n\nwait = 30\n", "conf.value",
			"conf:3: wait must be a span like 250ms, 30s, 10m, 2h, 7d" },
		{ "db.url = x\ndebug = on\n", "conf.value", "conf:2: debug must be true or false" },
		{ "db.url = \xff\n", "conf.value", "conf:1: db.url must be UTF-8 text" },
		{ "db.url = x\nhook.secret = \xff"
		  "abc\n",
			"conf.value", "conf:2: hook.secret must be UTF-8 text" },
	};
	struct work *w = *state;
	struct settings s;

	for (size_t i = 0; i < COUNT(cases); i++) {
		if (load(w, cases[i].text, &s))
			fail_msg("case %zu", i);
		if (!str_ends(str_c(w->err.text), str_c(cases[i].says)))
			fail_msg("case %zu: %s", i, w->err.text);
		assert_err(w, ERR_INVALID, cases[i].code);
	}
}

static void unreadable(void **state)
{
	struct work *w = *state;
	struct settings s = { 0 };
	size_t n = ((size_t)1 << 20) + 1;
	char *large = malloc(n);

	assert_false(conf_load(w, "/nonexistent/conf", FIELDS(struct settings, settings_fields), &s));
	assert_non_null(strstr(w->err.text, "/nonexistent/conf"));
	assert_err(w, ERR_INVALID, "conf.unreadable");
	assert_false(conf_load(w, dir, FIELDS(struct settings, settings_fields), &s));
	assert_err(w, ERR_INVALID, "conf.unreadable");
	memset(large, '\n', n);
	write_file(conf_path, large, n);
	free(large);
	assert_false(conf_load(w, conf_path, FIELDS(struct settings, settings_fields), &s));
	assert_err(w, ERR_INVALID, "conf.unreadable");
}

static void shows_what_is_in_force(void **state)
{
	struct work *w = *state;
	struct settings s;

	assert_true(load(w, "db.url = x\nhook.secret = hush\nwait = 120s\nnote = n\n", &s));
	assert_str(conf_show(w, FIELDS(struct settings, settings_fields), &s),
		"db.url = x  # where the database is\ndb.pool = 4\nwait = 2m  # how long to wait\nbody = 64k\n"
		"debug = false\nhook.secret = (set)\nnote = n\n");
	assert_true(load(w, "db.url = x\n", &s));
	assert_true(str_find(conf_show(w, FIELDS(struct settings, settings_fields), &s), STR("hook.secret = (empty)\n"),
		&(size_t){ 0 }));
}

static void hides_what_a_value_holds_of_secrets(void **state)
{
	static const char *const cases[][2] = {
		{ "postgresql://u:hunter2@127.0.0.1:5432/x?sslmode=require",
			"postgresql://u:...@127.0.0.1:5432/x?sslmode=require" },
		{ "postgresql://u:a:b@c@h/x", "postgresql://u:...@h/x" },
		{ "postgresql:///patchwork", "postgresql:///patchwork" },
		{ "postgresql://u@h/x?password=hunter2&port=1", "postgresql://u@h/x?password=...&port=1" },
		{ "host=h password=hunter2 user=u", "host=h password=... user=u" },
		{ "host=h password='a b\\'c' user=u", "host=h password=... user=u" },
		{ "password='never ends", "password=..." },
		{ "https://rpc.example/v3/0123456789abcdef0123", "https://rpc.example/v3/..." },
		{ "https://a.example/v1,https://u:p@b.example/v1", "https://a.example/v1,https://u:...@b.example/v1" },
		{ "https://a.example/?apiKey=abc#d", "https://a.example/?apiKey=...#d" },
		{ "unix:/run/redis/a-long-name-of-a-socket.sock", "unix:/run/redis/a-long-name-of-a-socket.sock" },
		{ "http://", "http://" },
		{ "", "" },
	};
	struct work *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_str(conf_mask(w->arena, str_c(cases[i][0])), cases[i][1]);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(file_and_initial_values),
		CASE(environment_wins),
		CASE(secrets_from_files),
		CASE(refuses),
		CASE(unreadable),
		CASE(shows_what_is_in_force),
		CASE(hides_what_a_value_holds_of_secrets),
	};
	int failed;

	if (mkdtemp(dir) == NULL)
		return 1;
	snprintf(conf_path, sizeof(conf_path), "%s/conf", dir);
	snprintf(secret_path, sizeof(secret_path), "%s/secret", dir);
	failed = cmocka_run_group_tests_name("conf", tests, NULL, NULL);
	unlink(conf_path);
	unlink(secret_path);
	rmdir(dir);
	return failed;
}
