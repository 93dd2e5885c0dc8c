#!/usr/bin/env bash
# cluster.sh COMMAND...: runs COMMAND beside a throw-away PostgreSQL cluster and stops that on every way out.
# COMMAND finds a superuser's URL in PATCHWORK_TEST_DB; the roles of conf/ exist, databases it makes itself.
set -euo pipefail

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[[ -x ${bin:-/nowhere}/postgres ]] || { echo "cluster.sh: no PostgreSQL server; install the package postgresql" >&2; exit 1; }
folder=$(mktemp -d /var/tmp/patchwork-db.XXXXXX)
as=()
if [[ $(id -u) == 0 ]]; then # postgres refuses to run as root
	as=(setpriv --reuid=postgres --regid=postgres --init-groups)
	chown postgres "$folder"
fi
server='' command=''

stop() {
	trap - EXIT INT TERM HUP
	[[ -z $command ]] || kill "$command" 2>/dev/null || true
	[[ -z $server ]] || { kill -QUIT "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
	rm -rf "$folder"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

cd "$folder"
"${as[@]}" "$bin/initdb" --no-sync -A trust -U postgres -E UTF8 --locale=C.UTF-8 -D "$folder/data" >"$folder/initdb.log" 2>&1 ||
	{ cat "$folder/initdb.log" >&2; exit 1; }

# A port that is taken ends the server at once: try another one. --pdeathsig: it does not outlive a killed script.
for _ in 1 2 3 4 5 6 7 8 9 10; do
	port=$((20000 + RANDOM % 20000))
	"${as[@]}" setpriv --pdeathsig QUIT "$bin/postgres" -D "$folder/data" -p "$port" -k "$folder" -h 127.0.0.1 \
		-c fsync=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=64MB -c deadlock_timeout=200ms \
		-c max_prepared_transactions=0 >"$folder/server.log" 2>&1 &
	server=$!
	until "$bin/pg_isready" -q -h "$folder" -p "$port"; do
		kill -0 "$server" 2>/dev/null || { wait "$server" || true; server=''; break; }
		sleep 0.05
	done
	[[ -z $server ]] || break
done
[[ -n $server ]] || { cat "$folder/server.log" >&2; exit 1; }
export PATCHWORK_TEST_DB="postgresql://postgres@127.0.0.1:$port/postgres"
for role in owner api worker relay auditor operator producer; do
	echo "create role patchwork_$role login;"
done | "$bin/psql" -qX -v ON_ERROR_STOP=1 "$PATCHWORK_TEST_DB"

cd "$OLDPWD"
"$@" &
command=$!
status=0
wait "$command" || status=$?
command=''
exit "$status"
