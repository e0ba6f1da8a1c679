#!/bin/sh
# Writes deploy/.env: a random value for each name in deploy/.env.example. Never replaces one.
set -eu
cd "$(dirname "$0")"
[ ! -e .env ] || { echo "deploy/.env is there already; it stays as it is"; exit 0; }
umask 077
while IFS= read -r line; do
  case $line in
    *=) printf '%s%s\n' "$line" "$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')" ;;
    *) printf '%s\n' "$line" ;;
  esac
done <.env.example >.env.new
mv .env.new .env
echo "wrote deploy/.env"
