/* Literals of Python, and going over what is none. */
#pragma once

#include "base/cursor.h"

/* A character of a name: also all beyond ASCII. */
bool rmv_python_is_name(char c);

/* Goes over blanks, escaped line breaks and, inside of brackets, line breaks and comments. */
void rmv_python_skip_blanks(struct rmv_cursor *cursor, bool in_brackets);

/* Goes over the next name, string, comment or other character; `*depth` counts open brackets, the
 * last of which `*bracket` points to. Errors: CORRUPT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_python_skip_token(struct rmv_cursor *cursor, unsigned *depth,
                                              const char **bracket);

/* Reads the literal, or the literals with commas between them, that start here, up to where the
 * statement ends. False if there is anything else; then the place is undefined. */
bool rmv_python_read_literal(struct rmv_cursor *cursor, struct rmv_value *out);

/* Does the statement end here? */
bool rmv_python_is_end(const struct rmv_cursor *cursor);
