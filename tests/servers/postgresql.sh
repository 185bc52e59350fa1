#!/bin/sh
# A throw-away PostgreSQL server for tests. Prints one line, "FOLDER PORT": FOLDER holds its socket,
# where user rmv needs no password; on 127.0.0.1:PORT the password is "secret". It runs until its
# standard input ends, also when the test dies, and leaves nothing behind. Exit 77: not installed.
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
[ -x "$bin/initdb" ] || exit 77
folder=$(mktemp -d /tmp/rmv-postgresql.XXXXXX) || exit 1
# PostgreSQL refuses to run as root.
as=
if [ "$(id -u)" = 0 ]; then
    id postgres >/dev/null 2>&1 || exit 77
    chown postgres "$folder"
    as='runuser -u postgres --'
fi
export LC_ALL=C.UTF-8
cd / || exit 1

finish() {
    $as "$bin/pg_ctl" -D "$folder/data" -m immediate -w stop >/dev/null 2>&1
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

echo secret | $as tee "$folder/password" >/dev/null
$as "$bin/initdb" -D "$folder/data" -U rmv -E UTF8 --locale=C.UTF-8 --no-sync --auth-local=trust \
    --auth-host=scram-sha-256 --pwfile="$folder/password" >"$folder/log" 2>&1 ||
    { cat "$folder/log" >&2; exit 1; }

# The port may be taken between looking and listening: try a few, outside of the ephemeral range.
for attempt in 1 2 3 4 5; do
    port=$((20000 + $(od -An -N2 -tu2 /dev/urandom) % 12000))
    $as "$bin/pg_ctl" -D "$folder/data" -l "$folder/data/log" -w -t 30 -s -o "-p $port -k $folder \
        -c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=16MB -c max_connections=20" \
        start </dev/null >/dev/null 2>&1 && break
    [ $attempt = 5 ] && { cat "$folder/data/log" >&2; exit 1; }
done
echo "$folder $port"
cat >/dev/null
