#!/bin/sh
# House rules that the compiler and clang-tidy cannot check.
cd "$(dirname "$0")/../.." || exit 1
status=0
forbid() { # forbid <why> <pattern> <folder>...
    why=$1; pattern=$2; shift 2
    if grep -rnE --include='*.[ch]' "$pattern" "$@"; then echo "  ^ $why"; status=1; fi
}
forbid 'only cmd/ talks to the user'       '\b(printf|puts|putchar|perror)\(|\bstdout\b[^_]|\bexit\(' src
forbid 'use rmv_calloc, rmv_realloc or rmv_str_format' '[^_a-z](malloc|calloc|realloc|strdup|strndup|v?asprintf)\(' \
    cmd $(ls -d src/*/ | grep -v src/base)
forbid 'use rmv_str_format'                '\b(strcpy|strcat|strncpy|strncat|sprintf)\(' src cmd
forbid 'use a parser that reports errors'  '\b(atoi|atol|atof|strtok)\(' src cmd
forbid 'use RMV_CLEANUP'                   '\bgoto\b' src cmd
forbid 'numbers do not depend on a locale' '\bsetlocale\(' src cmd
forbid 'finish it or file an issue'        '\b(TODO|FIXME|XXX|HACK)\b' src include cmd
for file in $(git ls-files 'src/*.[ch]' 'include/*.h' 'cmd/*.[ch]' 'tests/*.[ch]'); do
    [ -e "$file" ] || continue
    lines=$(wc -l <"$file")
    if [ "$lines" -gt 500 ]; then echo "$file: $lines lines; split it at 500"; status=1; fi
done
# Lines of a function as a reader counts them, from its name to its brace.
if command -v ctags >/dev/null; then
    long=$(git ls-files 'src/*.c' 'cmd/*.c' 'tests/*.c' |
        xargs ctags -x --c-kinds=f --_xformat='%{input} %N %n %{end}' 2>/dev/null |
        awk '$4 - $3 + 1 > 60 { print $1 ": " $2 " has " $4 - $3 + 1 " lines; 60 is the limit" }')
    if [ -n "$long" ]; then echo "$long"; status=1; fi
fi
exit $status
