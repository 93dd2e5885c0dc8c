# Compiles sql/NOUN/VERB.sql into C; include/db/query.h describes the head of such a file and what comes out.
#
#     gawk -v header=build/gen/sql.h -v source=build/gen/sql.c [-v all=sql_all] -f sql/embed.awk FILE...
#
# Nothing is written unless every file is right; a wrong one is named as file:line on stderr.

BEGIN {
	if (all == "") all = "sql_all"
	split("bool int4 int8 text jsonb bytea uuid numeric numeric_s timestamptz interval", scalar)
	split("bool int32_t int64_t str str str uuid u256 str usec usec", scalar_c)
	for (i in scalar) { c_type[scalar[i]] = scalar_c[i]; tag[scalar[i]] = "SQL_" toupper(scalar[i]) }
	split("int4 int8 text bytea jsonb uuid", element)
	split("i32s i64s strs strs strs uuids", array_c)
	for (i in element) {
		c_type[element[i] "[]"] = "struct " array_c[i]
		tag[element[i] "[]"] = "SQL_" toupper(element[i]) "S"
	}
	split("api worker relay auditor operator owner", list); for (i in list) roles_known[list[i]]
	if (ARGC == 1) exit
}

function fail(line, what) {
	printf "%s:%d: %s\n", FILENAME, line, what > "/dev/stderr"
	failed = 1
}

function quoted(s) {
	gsub(/\\/, "\\\\", s); gsub(/"/, "\\\"", s); gsub(/\?/, "\\?", s); gsub(/\t/, "\\t", s); gsub(/\r/, "\\r", s)
	return "\"" s "\""
}

function rest_after(words,   s, i) { # the line without its first words
	s = $0
	for (i = 0; i < words; i++) sub(/^[ \t]*[^ \t]+/, "", s)
	gsub(/^[ \t]+|[ \t]+$/, "", s)
	return s
}

BEGINFILE {
	n = split(FILENAME, part, "/")
	id = part[n - 1] "_" part[n]; sub(/\.sql$/, "", id)
	stmt = part[n - 1] "." part[n]; sub(/\.sql$/, "", stmt)
	if (n < 2 || id !~ /^[a-z][a-z0-9_]*$/ || FILENAME !~ /\.sql$/)
		fail(0, "the path must end in NOUN/VERB.sql, lower case")
	if (id in seen_id) fail(0, "the same function as " seen_id[id])
	seen_id[id] = FILENAME
	shape = doc = roles = text = ""; n_in = n_out = 0; delete field
}

FNR == 1 {
	if (!match($0, /^-- (none|one|maybe|many)( rows?)?: /)) {
		fail(FNR, "the first line must be \"-- none|one|maybe|many: what it does\"")
		nextfile
	}
	shape = $2; sub(/:$/, "", shape)
	doc = substr($0, RLENGTH + 1)
	next
}

text == "" && /^[ \t]*$/ { next }
text == "" && $1 == "--" && ($2 == "in" || $2 == "out") { declare($2); next }
text == "" && $1 == "--" && $2 == "role" {
	if (NF < 3) fail(FNR, "-- role without a name")
	for (i = 3; i <= NF; i++) {
		if (!($i in roles_known)) fail(FNR, "unknown role \"" $i "\" (api worker relay auditor operator owner)")
		roles = roles (roles == "" ? "" : " ") $i
	}
	next
}
text == "" && /^--/ { next }
$1 == "--" && (($2 == "in" || $2 == "out") && base_type($4) in tag || $2 == "role" && $3 in roles_known && NF == 3) {
	fail(FNR, "\"-- " $2 "\" after the statement has begun")
}
{ text = text (text == "" ? "" : "\\n\"\n\t\t\"") substr(quoted($0), 2, length(quoted($0)) - 2) }

function base_type(t) { sub(/\?$/, "", t); return t }

function declare(way,   name, type, null, n) {
	name = $3; type = base_type($4); null = $4 ~ /\?$/
	if (name !~ /^[a-z][a-z0-9_]*$/) { fail(FNR, "\"" name "\" is no lower-case name"); return }
	if (!(type in tag)) { fail(FNR, "unknown type \"" $4 "\""); return }
	if ((way, name) in field) { fail(FNR, "\"" name "\" twice"); return }
	field[way, name]
	n = way == "in" ? ++n_in : ++n_out
	f_name[way, n] = name; f_type[way, n] = type; f_null[way, n] = null; f_doc[way, n] = rest_after(4)
}

ENDFILE {
	if (FNR == 0) fail(0, "empty")
	if (shape != "") {
		if (text == "") fail(FNR, "no statement")
		if (shape == "none" && n_out > 0) fail(1, "shape none has no \"-- out\"")
		if (shape != "none" && n_out == 0) fail(1, "shape " shape " needs an \"-- out\"")
		if (n_in > 32) fail(1, "more than 32 \"-- in\"")
		emit_struct("in", n_in); emit_struct("out", n_out)
		emit_table("in", n_in); emit_table("out", n_out)
		emit_stmt(); emit_function()
	}
}

function has_flag(way, i) { return f_null[way, i] && c_type[f_type[way, i]] != "str" }

function emit_struct(way, n,   i) {
	if (n == 0) return
	h = h "struct sql_" id "_" way " {\n"
	for (i = 1; i <= n; i++) {
		if (has_flag(way, i)) h = h "\tbool has_" f_name[way, i] ";\n"
		h = h "\t" c_type[f_type[way, i]] " " f_name[way, i] ";" \
			(f_doc[way, i] == "" ? "" : " /* " comment(f_doc[way, i]) " */") "\n"
	}
	h = h "};\n"
}

function comment(s) { gsub(/\*\//, "* /", s); gsub(/\/\*/, "/ *", s); return s }

function emit_table(way, n,   i, s) {
	if (n == 0) return
	s = "struct sql_" id "_" way
	c = c "static const struct sql_value " id "_" way "[] = {\n"
	for (i = 1; i <= n; i++)
		c = c sprintf("\t{ \"%s\", %s, offsetof(%s, %s), %s, %s, %s },\n", f_name[way, i],
			tag[f_type[way, i]], s, f_name[way, i],
			has_flag(way, i) ? "offsetof(" s ", has_" f_name[way, i] ")" : "(size_t)-1",
			f_null[way, i] ? "true" : "false", quoted(f_doc[way, i]))
	c = c "};\n"
}

function emit_stmt() {
	h = h "extern const struct sql sql_" id "_stmt;\n"
	c = c "const struct sql sql_" id "_stmt = {\n\t.name = \"" stmt "\", .shape = SQL_" toupper(shape) ",\n" \
		"\t.doc = " quoted(doc) ",\n\t.roles = " (roles == "" ? "NULL" : "\"" roles "\"") ",\n\t.text =\n\t\t\"" text "\",\n"
	if (n_in) c = c "\t.in = " id "_in, .n_in = " n_in ", .size_in = sizeof(struct sql_" id "_in),\n"
	if (n_out) c = c "\t.out = " id "_out, .n_out = " n_out ", .size_out = sizeof(struct sql_" id "_out),\n"
	c = c "};\n"
	everything = everything "\t&sql_" id "_stmt,\n"
}

function emit_function(   head, in_arg, out, body) {
	out = "struct sql_" id "_out"
	in_arg = n_in ? "in" : "NULL"
	head = "bool sql_" id "(struct work *w, struct tx *tx" (n_in ? ", const struct sql_" id "_in *in" : "")
	if (shape == "one") head = head ", " out " *out"
	if (shape == "maybe") head = head ", " out " *out, bool *found"
	if (shape == "many") head = head ", " out " **rows, size_t *n"
	body = "\treturn query_" shape "(w, tx, &sql_" id "_stmt, " in_arg \
		(shape == "one" ? ", out" : shape == "maybe" ? ", out, found" : "") ");\n"
	if (shape == "many")
		body = "\tvoid *all = NULL;\n\tbool ok = query_many(w, tx, &sql_" id "_stmt, " in_arg ", &all, n);\n\n" \
			"\t*rows = all;\n\treturn ok;\n"
	h = h "/* " comment(doc) " */\nMUST " head ");\n\n"
	c = c head ")\n{\n" body "}\n\n"
}

END {
	if (failed) exit 1
	n = split(header, part, "/")
	printf "/* Made from SQL files by sql/embed.awk. */\n#pragma once\n\n#include \"db/query.h\"\n\n%s", h > header
	if (all != "sql_all") printf "extern const struct sql *const %s[];\n", all > header
	printf "/* Made from SQL files by sql/embed.awk. */\n#include <stddef.h>\n\n#include \"%s\"\n\n%s", part[n], c > source
	printf "const struct sql *const %s[] = {\n%s\tNULL,\n};\n", all, everything > source
}
