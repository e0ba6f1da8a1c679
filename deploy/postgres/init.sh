#!/bin/bash
# Runs once, on an empty volume: each service gets a database of its own, and a user that owns it.
set -euo pipefail
for service in intake moderation notifier chat; do
  password=POSTGRES_${service^^}_PASSWORD
  psql -v ON_ERROR_STOP=1 --no-psqlrc --username "$POSTGRES_USER" --dbname postgres \
    -v service="$service" -v password="${!password}" <<'SQL'
CREATE ROLE :"service" LOGIN PASSWORD :'password';
CREATE DATABASE :"service" OWNER :"service";
REVOKE CONNECT ON DATABASE :"service" FROM PUBLIC;
SQL
done
