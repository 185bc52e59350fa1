#!/bin/sh
# tests/install.sh BUILD DESTDIR PREFIX VERSION SOVERSION: copies programs, library, headers, man pages and
# completion to DESTDIR/PREFIX, from where they will be moved to PREFIX.
set -eu
cd "$(dirname "$0")/.."
build=$1 prefix=$2$3 final=$3 version=$4 soversion=$5

install -d "$prefix/bin" "$prefix/lib/pkgconfig" "$prefix/include/rmv" "$prefix/share/man/man1" \
    "$prefix/share/bash-completion/completions" "$prefix/share/zsh/site-functions" \
    "$prefix/share/fish/vendor_completions.d"
install -m 755 "$build/rmv" "$build/recomart" "$prefix/bin"
install -m 644 "$build/librmv.a" "$prefix/lib"
install -m 755 "$build/librmv.so.$soversion" "$prefix/lib/librmv.so.$version"
ln -sf "librmv.so.$version" "$prefix/lib/librmv.so.$soversion"
ln -sf "librmv.so.$soversion" "$prefix/lib/librmv.so"
# It was built for whatever prefix was given then.
sed "s|^prefix=.*|prefix=$final|" "$build/rmv.pc" >"$prefix/lib/pkgconfig/rmv.pc"
chmod 644 "$prefix/lib/pkgconfig/rmv.pc"

for folder in base http store vcs record dataset lineage pipeline experiment; do
    install -d "$prefix/include/rmv/$folder"
    install -m 644 include/rmv/$folder/*.h "$prefix/include/rmv/$folder"
done

for program in rmv recomart; do
    "$build/$program" help --man >"$prefix/share/man/man1/$program.1"
    "$build/$program" help | sed -n 's/^  \([a-z-]*\( [a-z-]*\)\{0,1\}\)   *.*/\1/p' | grep -v '^help' |
        while read -r command; do
            page=$program-$(echo "$command" | tr ' ' '-').1
            # shellcheck disable=SC2086 # a command of two words is two arguments
            "$build/$program" help --man $command >"$prefix/share/man/man1/$page"
        done
    "$build/$program" completion bash >"$prefix/share/bash-completion/completions/$program"
    "$build/$program" completion zsh >"$prefix/share/zsh/site-functions/_$program"
    "$build/$program" completion fish >"$prefix/share/fish/vendor_completions.d/$program.fish"
done
