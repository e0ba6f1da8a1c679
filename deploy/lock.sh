#!/bin/sh
# Writes requirements/GROUP.txt for each group named, from pyproject.toml.
# `test` holds every other group: resolved first, it pins the others, so that all of them agree.
set -eu
command -v uv >/dev/null 2>&1 || { echo "'make lock' needs uv: pip install uv" >&2; exit 1; }
pins=$(mktemp)
trap 'rm -f "$pins"' EXIT

lock() {
  group=$1
  shift
  echo "requirements/$group.txt"
  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
    --no-annotate --no-emit-index-url --no-emit-find-links \
    "$@" --group "$group" --output-file "requirements/$group.txt"
}

lock test --upgrade
grep -E '^[a-z0-9.-]+==' requirements/test.txt | sed 's/ \\$//' >"$pins"
for group in "$@"; do
  [ "$group" = test ] || lock "$group" --upgrade --constraint "$pins"
done
