/* Text on a terminal: what may be shown of it, and how many columns it takes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/buf.h"

/* Appends `text` such that it cannot steer a terminal: control characters (C0 and C1, also as
 * UTF-8), characters that change the direction or end a line, and bytes that are not UTF-8 become
 * "\033" and the like, byte for byte. Line feeds and tabs stay if `keep_lines`. */
void rmv_screen_append_safe(const char *text, bool keep_lines, struct rmv_buf *out);

/* A copy of `text` that is safe and one line; the caller frees it. */
char *rmv_screen_safe(const char *text);

/* The columns of `text`, which is safe and one line. Characters count as two where Unicode has them
 * wide, as none where they combine with the one before; of rare ones that may be wrong. */
size_t rmv_screen_columns_of(const char *text);

/* Appends as much of `text`, which is safe and one line, as fits into `columns`; "…" stands for the
 * rest. */
void rmv_screen_append_cut(const char *text, size_t columns, struct rmv_buf *out);
