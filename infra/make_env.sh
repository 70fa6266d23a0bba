#!/bin/sh
# Writes the passwords of docker-compose.yml into a new file that only its owner can read. Usage: make_env.sh FILE
# An existing file stays as it is: the volumes were made with its passwords.
set -eu
file=$1

random() {
    head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

umask 077
set -C # > fails where the file exists, also when two of these run at once
cat >"$file" <<END || { echo "recto: $file was not written; where it exists already, keep it: the volumes were made with its passwords." >&2; exit 1; }
# Passwords of this installation, made by chance. Keep a copy with your backups; never commit it.
POSTGRES_PASSWORD=$(random 24)
REDIS_PASSWORD=$(random 24)
QDRANT_API_KEY=$(random 24)
S3_ACCESS_KEY=$(random 10)
S3_SECRET_KEY=$(random 24)
RECTO_SECRET_KEY=$(random 32)
# Whoever has this key may do everything: sign in with it, then make others with \`recto keys create\` (docs/api.md).
RECTO_ADMIN_KEY=recto_admin_$(random 32)

# Address of the pages: http://127.0.0.1:WEB_PORT. Names under which a proxy passes requests on, separated by commas.
WEB_PORT=8000
RECTO_ALLOWED_HOSTS=localhost,127.0.0.1
# Folder that bulk jobs read, as /import (docs/bulk.md).
IMPORT_DIR=./import
END
echo "Wrote $file."
