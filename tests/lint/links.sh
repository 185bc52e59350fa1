#!/bin/sh
# tests/lint/links.sh BUILD: each program links the libraries that are on its list, and no others.
cd "$(dirname "$0")/../.." || exit 1
build=$1
status=0
check() { # check <program> <allowed libraries>
    [ -e "$build/$1" ] || { echo "$build/$1 is not built: run make first"; status=1; return; }
    for library in $(objdump -p "$build/$1" | awk '$1 == "NEEDED" { sub(/\.so.*/, "", $2); print $2 }'); do
        case " $2 libc libm ld-linux-x86-64 " in
        *" $library "*) ;;
        *) echo "$build/$1 links $library, which is not on its list in $0"; status=1 ;;
        esac
    done
}
check rmv 'libcrypto libzstd libgit2 libyaml-0 libcjson'
check recomart 'libcrypto libzstd libyaml-0 libcjson libcurl libpq libsqlite3 libopenblas liblapacke libcairo libpango-1.0 libpangocairo-1.0 libgobject-2.0 libglib-2.0'
exit $status
