# Compiles migrations/NNNN_noun.sql into the table `migrations` of include/db/migrate.h:
#
#     gawk -v source=build/gen/migrations.c -f sql/migrations.awk FILE...        (in the order of their numbers)

BEGIN { if (ARGC == 1) exit }

function fail(what) {
	printf "%s:1: %s\n", FILENAME, what > "/dev/stderr"
	failed = 1
}

BEGINFILE {
	name = FILENAME; sub(/.*\//, "", name)
	if (name !~ /^[0-9][0-9][0-9][0-9]_[a-z][a-z0-9_]*\.sql$/) fail("the name must be NNNN_noun.sql")
	number = substr(name, 1, 4) + 0
	if (number <= last) fail("number " number " after " last)
	last = number
	noun = substr(name, 6); sub(/\.sql$/, "", noun)
	c = c "\t{ " number ", \"" noun "\",\n"
}

{
	gsub(/\\/, "\\\\"); gsub(/"/, "\\\""); gsub(/\?/, "\\?"); gsub(/\t/, "\\t"); gsub(/\r/, "\\r")
	c = c "\t\t\"" $0 "\\n\"\n"
}

ENDFILE {
	if (FNR == 0) fail("empty")
	c = c "\t},\n"
}

END {
	if (failed) exit 1
	printf "/* Made from migrations/ by sql/migrations.awk. */\n#include \"db/migrate.h\"\n\n" > source
	printf "const struct migration migrations[] = {\n%s\t{ 0, NULL, NULL },\n};\n", c > source
}
