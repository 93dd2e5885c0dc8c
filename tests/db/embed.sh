#!/usr/bin/env bash
# embed.sh: what sql/embed.awk and sql/migrations.awk say to heads and names that are wrong. Ends with "N passed, N failed".
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/noun"
passed=0 failed=0

verdict() { # NAME GOT WANT
	if [[ $2 == "$3" ]]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		printf '%s: got\n%s\nwant\n%s\n' "$1" "$2" "$3"
	fi
}

# A statement's text, and what is said of it: lines of "LINE: words"; nothing may be written then.
refused() {
	local file="$folder/noun/verb.sql" got
	printf '%b' "$1" >"$file"
	got=$(gawk -v header="$folder/h" -v source="$folder/c" -f sql/embed.awk "$file" 2>&1) && got="accepted: $got"
	[[ ! -e $folder/h && ! -e $folder/c ]] || got="written: $got"
	verdict "$1" "$got" "${2//FILE/$file}"
	rm -f "$folder/h" "$folder/c"
}
refused '' 'FILE:0: empty'
refused 'select 1\n' 'FILE:1: the first line must be "-- none|one|maybe|many: what it does"'
refused '-- some: x\nselect 1\n' 'FILE:1: the first line must be "-- none|one|maybe|many: what it does"'
refused '-- none: x\n-- in a integer\ndelete from t\n' 'FILE:2: unknown type "integer"'
refused '-- none: x\n-- in a int8 []\n-- in a text\ndelete from t\n' 'FILE:3: "a" twice'
refused '-- none: x\n-- in A int8\ndelete from t\n' 'FILE:2: "A" is no lower-case name'
refused '-- none: x\n-- in a\ndelete from t\n' 'FILE:2: unknown type ""'
refused '-- none: x\n-- out a int8\ndelete from t\n' 'FILE:1: shape none has no "-- out"'
refused '-- many: x\nselect 1\n' 'FILE:1: shape many needs an "-- out"'
refused '-- none: x\n-- in a int8\n' 'FILE:2: no statement'
refused '-- none: x\n-- role king\ndelete from t\n' 'FILE:2: unknown role "king" (api worker relay auditor operator owner)'
refused '-- none: x\n-- role\ndelete from t\n' 'FILE:2: -- role without a name'
refused '-- none: x\ndelete from t\n-- in a int8?\n' 'FILE:3: "-- in" after the statement has begun'
refused '-- none: x\ndelete from t\n-- role api\n' 'FILE:3: "-- role" after the statement has begun'

# What is accepted comes out as a C string that is the text, byte for byte.
text=$'select \'a"b\\c\\\\n??/\' as t, $1 ?| $2 -- in the end\n\t, 1'
printf -- '-- one row: x */ y\n-- a note\n-- in a jsonb  why "so" */\n-- in b text[]\n-- role api worker\n-- out t text\n\n%s\n' \
	"$text" >"$folder/noun/verb.sql"
gawk -v header="$folder/sql.h" -v source="$folder/sql.c" -f sql/embed.awk "$folder/noun/verb.sql"
cat >"$folder/main.c" <<'C'
#include <stdio.h>
#include "sql.h"
bool query_one(struct work *w, struct tx *tx, const struct sql *s, const void *in, void *out)
{
	return w == NULL && tx == NULL && s != NULL && in == NULL && out == NULL;
}
int main(void)
{
	printf("%s|%s|%s|%d|%d|%s", sql_all[0]->name, sql_all[0]->roles, sql_all[0]->doc, sql_all[0]->n_in, sql_all[1] == NULL,
		sql_all[0]->text);
	return 0;
}
C
${CC:-gcc} -std=gnu17 -Wall -Wextra -Werror -Iinclude -I"$folder" -I"$(pg_config --includedir)" "$folder"/{main,sql}.c -o "$folder/main"
verdict text "$("$folder/main")" "noun.verb|api worker|x */ y|2|1|$text"

# No file at all is fine; so are migrations one after the other, and nothing else.
gawk -v header="$folder/h" -v source="$folder/c" -f sql/embed.awk </dev/null
verdict 'no statement at all' "$(grep -c 'NULL,' "$folder/c")" 1
migrations() { # NAMES WANT
	local got
	rm -rf "$folder/m" && mkdir "$folder/m"
	for name in $1; do echo 'select 1;' >"$folder/m/$name"; done
	got=$(cd "$folder/m" && gawk -v source=out.c -f "$OLDPWD/sql/migrations.awk" $1 2>&1) || true
	verdict "migrations $1" "$got" "$2"
}
migrations '0001_a.sql 0002_b.sql' ''
migrations '0001_a.sql 0003_b.sql' ''
migrations '0001_a.sql 0001_b.sql' '0001_b.sql:1: number 1 after 1'
migrations '0001_A.sql' '0001_A.sql:1: the name must be NNNN_noun.sql'

echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
