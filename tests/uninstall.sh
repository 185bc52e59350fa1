#!/bin/sh
# tests/uninstall.sh PREFIX: removes what tests/install.sh put there.
set -eu
prefix=$1
rm -f "$prefix/bin/rmv" "$prefix/bin/recomart" "$prefix"/lib/librmv.* "$prefix/lib/pkgconfig/rmv.pc" \
    "$prefix"/share/man/man1/rmv.1 "$prefix"/share/man/man1/rmv-*.1 \
    "$prefix"/share/man/man1/recomart.1 "$prefix"/share/man/man1/recomart-*.1 \
    "$prefix/share/bash-completion/completions/rmv" "$prefix/share/bash-completion/completions/recomart" \
    "$prefix/share/zsh/site-functions/_rmv" "$prefix/share/zsh/site-functions/_recomart" \
    "$prefix/share/fish/vendor_completions.d/rmv.fish" "$prefix/share/fish/vendor_completions.d/recomart.fish"
for folder in base http store vcs record dataset lineage pipeline experiment; do
    rm -rf "$prefix/include/rmv/$folder"
done
rmdir "$prefix/include/rmv" 2>/dev/null || :
