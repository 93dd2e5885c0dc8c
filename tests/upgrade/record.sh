#!/usr/bin/env bash
# record.sh COMMIT >tests/upgrade/previous.sql: what a release relies on in the database: its migrations, by number and sha256, and its
# statements. The tests of the next release hold the new schema against them.
set -euo pipefail
commit=$(git rev-parse --verify "$1^{commit}")
git show -s --format='-- release: %H %cs' "$commit"
git ls-tree -r --name-only "$commit" migrations/ | grep '\.sql$' | while read -r file; do
	echo "-- migration: $(git show "$commit:$file" | sha256sum | cut -d' ' -f1) $file"
done
git ls-tree -r --name-only "$commit" sql/ | grep '\.sql$' | while read -r file; do
	echo "-- statement: $file"
	git show "$commit:$file"
done
