#!/bin/sh
# Fails if a file includes a folder, or a third-party library, that src/LAYERS does not allow it.
# Public headers are included as "rmv/FOLDER/…", private ones as "FOLDER/…", from their folder alone.
cd "$(dirname "$0")/../.." || exit 1
find src include cmd -name '*.[ch]' | sort | xargs awk '
    function fail(text) { print FILENAME ":" FNR ": " text; bad = 1 }

    BEGIN {
        while ((getline line < "src/LAYERS") > 0) {
            if (line ~ /^#/ || split(line, part, ":") != 3) continue
            gsub(/[ \t]/, "", part[1])
            known[part[1]] = ++depth
            n = split(part[2], word, " ")
            for (i = 1; i <= n; i++) uses[part[1], word[i]] = 1
            n = split(part[3], word, " ")
            for (i = 1; i <= n; i++) owner[word[i]] = part[1]
        }
        for (pair in uses) {
            split(pair, end, SUBSEP)
            if (known[end[2]] <= known[end[1]]) {
                print "src/LAYERS: " end[1] " uses " end[2] ", which is not below it"; bad = 1
            }
        }
    }

    FNR == 1 {
        n = split(FILENAME, dir, "/")
        folder = dir[1] == "cmd" ? "cmd" : dir[1] == "include" ? dir[3] : dir[2]
        if (!(folder in known)) fail("folder " folder " is not listed in src/LAYERS")
    }

    /^#include "/ {
        split($2, path, /["\/]/)
        is_public = path[2] == "rmv" && path[4] != "" && path[3] in known
        target = is_public ? path[3] : path[2]
        if (is_public && target != folder && !((folder, target) in uses))
            fail(folder " must not include " target)
        is_own = folder == "cmd" && (getline line < ("cmd/" target "/" path[3])) >= 0
        if (!is_public && !is_own && target in known && target != folder)
            fail("that header is private to " target)
    }

    /^#include </ {
        for (library in owner)
            if (index($2, "<" library) == 1 && owner[library] != folder)
                fail("<" library "> belongs to " owner[library])
    }

    END { exit bad }
'
