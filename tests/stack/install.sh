#!/usr/bin/env bash
# install.sh LIST...     install what the named lists lack: demo (= build + run), check, bench
# install.sh npm TREE    install tests/TREE/node_modules as its lock file says
# Debian packages come from packages.txt. Nothing is touched when nothing is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."

packages() { # LIST: names of packages.txt under that list
	awk -v list="$1" '!/^#/ && $1 == list { for (i = 2; i <= NF; i++) print $i }' tests/stack/packages.txt
}

missing() { # names on stdin, those to install on stdout; in NAME|COMMAND the command may come from elsewhere
	local name command
	while IFS='|' read -r name command; do
		[[ $command ]] && command -v "$command" >/dev/null && continue
		[[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || echo "$name"
	done
}

stop() { printf 'patchwork: %s\n' "$@" >&2; exit 1; }

# npm ends late when it is asked, and starts over next time anyhow; apt-get ends by itself, and is waited for.
child=
exec 3>&2
interrupted() {
	trap '' INT TERM
	[[ -z $child ]] || kill -KILL "$child" 2>/dev/null || true
	echo "patchwork: interrupted; the same command goes on from here" >&3
	exit 130
}
trap interrupted INT TERM

# The stack starts servers of its own: Debian's must not take ports, nor make a cluster, because of us.
quiet_servers() {
	if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
		mkdir -p /etc/postgresql-common
		echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.conf
	fi
	[[ -e /usr/sbin/policy-rc.d ]] && return
	trap 'rm -f /usr/sbin/policy-rc.d' EXIT
	printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
	chmod 755 /usr/sbin/policy-rc.d
}

debian() { # LIST...
	local lack command
	mapfile -t lack < <(for list in "$@"; do packages "$list"; done | sort -u | missing)
	((${#lack[@]})) || return 0
	command="apt-get install -y --no-install-recommends ${lack[*]}"
	((EUID == 0)) || stop "these Debian packages are missing; run this as root, then try again:" "  $command"
	mkdir -p var/log
	echo "installing Debian packages (a minute or two, details in var/log/apt.log): ${lack[*]}"
	quiet_servers
	export DEBIAN_FRONTEND=noninteractive UCF_FORCE_CONFFOLD=1
	{
		$command --simulate >/dev/null 2>&1 || apt-get update -q || true
		$command -q -o Dpkg::Options::=--force-confold -o Dpkg::Use-Pty=0
	} </dev/null >var/log/apt.log 2>&1 || {
		tail -n 20 var/log/apt.log >&2
		stop "apt-get could not install: ${lack[*]}" \
			"check the network and the sources under /etc/apt, then run the same command again; what is installed stays"
	}
}

npm_tree() { # TREE under tests/
	local dir=tests/$1 stamp=tests/$1/node_modules/.installed lock count
	lock=$(sha256sum < "$dir/package-lock.json")
	[[ -f $stamp && $(< "$stamp") == "$lock" ]] && { touch "$stamp"; return 0; }
	count=$(grep -c '"node_modules/' "$dir/package-lock.json" || true)
	echo "installing npm packages of $dir: $count of them, a minute or two"
	SECONDS=0
	npm --prefix "$dir" ci --ignore-scripts --no-audit --no-fund --loglevel=error &
	child=$!
	wait "$child" ||
		stop "npm could not install the packages that $dir/package-lock.json names" \
			"check the network (npm ping), then run the same command again; it starts over in $dir/node_modules"
	child=
	echo "  installed in $SECONDS s"
	echo "$lock" > "$stamp"
}

case ${1:?usage: install.sh demo|check|bench... | npm TREE} in
npm) npm_tree "$2" ;;
*)
	lists=(build run)
	trees=(stack)
	for list in "$@"; do
		case $list in
		demo) ;;
		check) lists+=(check) trees+=(peers) ;;
		bench) trees+=(bench) ;;
		*) stop "no such list: $list (demo, check, bench)" ;;
		esac
	done
	debian "${lists[@]}"
	for tree in "${trees[@]}"; do npm_tree "$tree"; done
	;;
esac
