#!/bin/sh
# What `make install` leaves can be used without the source, and `make uninstall` takes it away again.
. "$(dirname "$0")/lib.sh"
case ${RMV_BUILD:-} in *build-address | *build-thread) skip 'install' 'built with a sanitizer'; exit 0 ;; esac
place=$TEST_FOLDER/usr
# Keep away from the flags of the make that runs this test.
unset MAKEFLAGS MAKELEVEL MFLAGS

it 'installs into a prefix' 'make -s -C "$SOURCE_ROOT" install BUILD="$RMV_BUILD" PREFIX="$place" >/dev/null'
it 'the programs run from there' '"$place/bin/rmv" --version && "$place/bin/recomart" --version'
it 'pkg-config names the prefix, also of a build for another one and without DESTDIR' '
    grep -x "prefix=$place" "$place/lib/pkgconfig/rmv.pc"
    make -s -C "$SOURCE_ROOT" install BUILD="$RMV_BUILD" DESTDIR="$PWD/stage" PREFIX=/opt/x >/dev/null
    grep -x "prefix=/opt/x" stage/opt/x/lib/pkgconfig/rmv.pc && rm -r stage'
it 'every command has a man page' '
    for page in rmv rmv-add rmv-repro rmv-stage-add recomart-train; do test -s "$place/share/man/man1/$page.1"; done'
cat >embed.c <<'C'
#include <rmv/base/version.h>
#include <rmv/store/store.h>
#include <stdio.h>
int main(void)
{
    struct rmv_store *store = NULL;
    struct rmv_store_options options = {0};
    const struct rmv_error *err = rmv_store_open("missing", &options, &store);
    printf("%s %d\n", rmv_version(), err ? (int)err->code : 0);
    return 0;
}
C
it 'the shared library can be embedded' '
    export PKG_CONFIG_PATH="$place/lib/pkgconfig"
    cc embed.c -o embed $(pkg-config --cflags --libs rmv) && LD_LIBRARY_PATH="$place/lib" ./embed | grep -E "^[0-9.]+ 3$"'
it 'and exports nothing but its public functions' '
    nm -D --defined-only "$place/lib/librmv.so.1" | awk "\$2 == \"T\" { print \$3 }" | sort >exported
    cat "$place"/include/rmv/*/*.h | grep -oE "\brmv_[a-z0-9_]+\(" | tr -d "(" | sort -u >declared
    test -s exported && test -z "$(comm -23 exported declared)"'
it 'uninstalls all of it' 'make -s -C "$SOURCE_ROOT" uninstall PREFIX="$place" && test -z "$(find "$place" -type f)"'
