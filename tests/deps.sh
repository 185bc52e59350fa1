#!/bin/sh
# tests/deps.sh GROUP...: installs what is missing of the Debian packages that building, testing,
# benchmarks or checking the style needs, and nothing else. Does nothing where all is there.
set -eu

build='gcc make pkg-config libc6-dev git libssl-dev libgit2-dev libzstd-dev libxxhash-dev libcurl4-openssl-dev
    libcjson-dev libpq-dev libopenblas-dev liblapacke-dev libyaml-dev libsqlite3-dev libcairo2-dev
    libpango1.0-dev fonts-dejavu-core'
check='libcmocka-dev openssl perl procps python3 strace valgrind zstd sqlite3 postgresql slurm-wlm munge
    swift-proxy swift-account swift-container swift-object'
bench='openssl zstd'
lint='binutils clang-format clang-tidy universal-ctags'

wanted=
for group in "$@"; do
    case $group in
    build) wanted="$wanted $build" ;;
    check) wanted="$wanted $check" ;;
    bench) wanted="$wanted $bench" ;;
    lint) wanted="$wanted $lint" ;;
    *) echo "tests/deps.sh: no group '$group'; there are build, check, bench and lint" >&2; exit 2 ;;
    esac
done

missing=
for package in $wanted; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
    installed) ;;
    *) missing="$missing $package" ;;
    esac
done
[ -n "$missing" ] || exit 0

as_root=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "as root, please: apt-get install$missing" >&2; exit 1; }
    as_root=sudo
fi

# The packages of servers would start them, and PostgreSQL's would make a cluster of its own: tests
# start their own in a folder that is removed afterwards.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
    trap '$as_root rm -f $policy' EXIT
fi

echo "installing:$missing"
export DEBIAN_FRONTEND=noninteractive
for attempt in 1 2 3; do
    if $as_root apt-get update -qq &&
        $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
        exit 0
    fi
    echo "attempt $attempt failed" >&2
    sleep $((attempt * 5))
done
exit 1
