# Reads the #include lines of C sources: a folder may include only the layers below it. Prints what points up or sideways,
# and any function that takes both a transaction and the outside. Exit 1 when there is any.
# usage: gawk -f tests/lint/layers.awk FILE...
BEGIN {
	allow["base"] = "base"
	allow["crypto"] = "base crypto"
	allow["model"] = "base crypto model"
	allow["wire"] = "base crypto model wire"
	allow["db"] = "base db"
	allow["net"] = "base net"
	allow["outside"] = "base crypto model wire net outside"
	allow["queue"] = "base db queue sql outside/outside.h"
	allow["relay"] = "base db net relay sql"
	allow["ops"] = "base crypto wire db queue ops sql"
	allow["stages"] = "base crypto model wire db net outside queue relay ops stages sql"
	allow["api"] = "base crypto model db api sql queue/wake.h ops/explain.h"
}
BEGINFILE {
	split(FILENAME, part, "/")
	layer = part[1] == "pipeline" || part[1] == "include" ? part[2] : part[1]
	began = 0
}
/^#include "/ {
	path = $2
	gsub(/"/, "", path)
	target = path
	sub(/\/.*/, "", target)
	if (path == "sql.h")
		target = "sql"
	else if (path !~ /\//)
		target = layer                 # beside the file
	if (index(" " allow[layer] " ", " " target " ") == 0 && index(" " allow[layer] " ", " " path " ") == 0)
		complain(FNR, layer " includes " path)
}
/^#include <kore\// && layer != "api" { complain(FNR, "only api/ includes Kore") }
/^[a-z].*\(/ { head = ""; began = FNR }
began {
	head = head $0                 # a signature may take several lines
	if (/[;{]/) {
		if (head ~ /struct tx \*/ && head ~ /struct outside \*/)
			complain(began, "one function takes a transaction and the outside")
		began = 0
	}
}
function complain(line, what) { printf "%s:%d: %s\n", FILENAME, line, what; bad++ }
END { exit bad > 0 }
