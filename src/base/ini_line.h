/* Lines of INI documents, for those who read and those who change them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "rmv/base/buf.h"

struct rmv_ini_line {
    const char *start, *end; /* without the blanks around it */
    const char *next;        /* the line behind it */
    size_t indent;           /* blanks in front, in bytes */
    bool is_empty;           /* but for a comment */
    bool is_comment;
};

/* The line that starts at `at`; `end` is that of the text. */
void rmv_ini_find_line(const char *at, const char *end, struct rmv_ini_line *line);

struct rmv_ini_pair {
    const char *key_end; /* the key starts where the line does */
    const char *value;   /* up to the end of the line; may be empty */
};

/* Takes `key = value` apart; false if there is neither '=' nor ':'. */
bool rmv_ini_split(const struct rmv_ini_line *line, struct rmv_ini_pair *pair);

/* Appends the value to `text`, if not NULL: with the lines that go on with it, those that are
 * indented deeper than its key, joined by line breaks. Returns the line behind it. */
const char *rmv_ini_read_value(const struct rmv_ini_line *line, const struct rmv_ini_pair *pair,
                               const char *end, struct rmv_buf *text);
