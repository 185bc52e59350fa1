/* Strings, numbers, dates and truth values of TOML. */
#pragma once

#include "base/cursor.h"
#include "rmv/base/buf.h"

/* Goes over blanks and tabs. */
void rmv_toml_skip_blanks(struct rmv_cursor *cursor);

/* Goes over blanks, then, if one starts here, a comment. */
RMV_MUST_CHECK
const struct rmv_error *rmv_toml_skip_comment(struct rmv_cursor *cursor);

/* Goes over one line break; false if there is none. */
bool rmv_toml_skip_break(struct rmv_cursor *cursor);

/* Reads a string in quotes, of one line or, if `or_lines`, of several. */
RMV_MUST_CHECK
const struct rmv_error *rmv_toml_read_string(struct rmv_cursor *cursor, bool or_lines,
                                             struct rmv_buf *out);

/* Reads a number, a date, a time or a truth value. */
RMV_MUST_CHECK
const struct rmv_error *rmv_toml_read_scalar(struct rmv_cursor *cursor, struct rmv_value *out);
