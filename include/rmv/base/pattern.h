/* Patterns of paths, as in gitignore(5): in a component, `*` stands for any bytes, `?` for one, and
 * `[a-z]`, `[!a-z]`, `[[:digit:]]` for one of a set; a backslash takes away what the character
 * behind it means. A component `**` stands for any number of folders, at the end for anything
 * below. Bytes are compared, whatever the locale. Time is at most the product of both lengths, so
 * patterns from anywhere will do. */
#pragma once

#include <stdbool.h>

/* Does the whole of `path`, components parted by single slashes, match? A pattern that is not well
 * formed (an open bracket, a backslash at its end) matches nothing. */
bool rmv_pattern_match(const char *pattern, const char *path);
