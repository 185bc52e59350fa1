#!/bin/sh
# A throw-away S3 server for tests: OpenStack Swift with its S3 front end, which checks signatures.
# Prints one line, its URL; tests/servers/s3.py puts objects there. It runs until its standard input
# ends, also when the test dies, and leaves nothing behind. Key "test:tester", secret "testing".
# Lists come in pages of three keys. Exit 77: not installed.
for program in swift-proxy-server swift-account-server swift-container-server swift-object-server \
    swift-ring-builder python3; do
    command -v $program >/dev/null || exit 77
done
folder=$(mktemp -d /tmp/rmv-s3.XXXXXX) || exit 1
pids=
finish() {
    for pid in $pids; do
        kill "$pid" 2>/dev/null
    done
    for pid in $pids; do
        for i in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
        kill -KILL "$pid" 2>/dev/null
    done
    rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

user=$(id -un) as=
if [ "$user" = root ]; then user=swift as='setpriv --reuid=swift --regid=swift --clear-groups'; fi
# Four free ports, outside those that connections take by themselves.
ports=$(python3 - <<'PORTS'
import random, socket
found = []
while len(found) < 4:
    taken = socket.socket()
    try:
        taken.bind(("127.0.0.1", random.randrange(20000, 32000)))
        found.append(taken)
    except OSError:
        pass
print(*(one.getsockname()[1] for one in found))
PORTS
) || exit 1
# shellcheck disable=SC2086 # numbers
set -- $ports

settings() { # settings PORT: of every server
    cat <<CONF
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = $1
user = $user
swift_dir = $folder
workers = 0
devices = $folder/devices
mount_check = false
disable_fallocate = true
recon_cache_path = $folder/cache
cache_path = $folder/cache
CONF
}
start() { # start NAME
    # shellcheck disable=SC2086 # words
    setsid $as "swift-$1-server" "$folder/$1.conf" -v >>"$folder/$1.log" 2>&1 </dev/null &
    pids="$pids $!"
}
wait_for() { # wait_for PORT: 90 seconds at the most
    python3 - "$1" <<'WAIT' || { cat "$folder"/*.log >&2; exit 1; }
import socket, sys, time
for _ in range(900):
    try:
        socket.create_connection(("127.0.0.1", int(sys.argv[1])), 1).close()
        sys.exit(0)
    except OSError:
        time.sleep(0.1)
sys.exit(1)
WAIT
}

mkdir -p "$folder/devices/d1" "$folder/cache"
chmod 711 "$folder"
[ -z "$as" ] || chown -R swift "$folder/devices" "$folder/cache"
cat >"$folder/swift.conf" <<'CONF'
[swift-hash]
swift_hash_path_prefix = rmv
swift_hash_path_suffix = rmv
[storage-policy:0]
name = default
default = yes
CONF
for server in account:$2 container:$3 object:$4; do
    name=${server%%:*}
    (cd "$folder" && swift-ring-builder "$name.builder" create 4 1 0 &&
        swift-ring-builder "$name.builder" add "r1z1-127.0.0.1:${server##*:}/d1" 1 &&
        swift-ring-builder "$name.builder" rebalance) >"$folder/$name-ring.log" 2>&1
    { settings "${server##*:}"
      printf '[pipeline:main]\npipeline = %s-server\n[app:%s-server]\nuse = egg:swift#%s\n' "$name" "$name" "$name"
    } >"$folder/$name.conf"
done
{ settings "$1"; cat <<'CONF'; } >"$folder/proxy.conf"
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats bulk s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
s3_acl = false
max_bucket_listing = 3
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:bulk]
use = egg:swift#bulk
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
CONF
chmod -R a+rX "$folder"
for name in account container object proxy; do start $name; done
for port; do wait_for "$port"; done
echo "http://127.0.0.1:$1"
cat >/dev/null
