/* A place in a text that is being read, for readers that work byte by byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/value.h"

struct rmv_cursor {
    const char *name; /* of the document, for messages */
    const char *start, *end;
    const char *at;        /* what is read next */
    const char *counted;   /* up to here the next two are known */
    uint32_t line, column; /* from 1; columns in characters */
};

/* Starts at the beginning, behind a byte order mark. Errors: CORRUPT where the text is not UTF-8 or
 * holds a NUL. */
RMV_MUST_CHECK
const struct rmv_error *rmv_cursor_start(const char *name, const char *text, size_t size,
                                         struct rmv_cursor *cursor);

/* The byte that is read next, or one further on; '\0' behind the end. */
char rmv_cursor_peek(const struct rmv_cursor *cursor, size_t ahead);

/* Does `word` come next? */
bool rmv_cursor_is_at(const struct rmv_cursor *cursor, const char *word);

/* Goes over `word` if it comes next. */
bool rmv_cursor_skip(struct rmv_cursor *cursor, const char *word);

/* Sets line and column to where `cursor->at` is. Places must not go back. */
void rmv_cursor_place(struct rmv_cursor *cursor, uint32_t *line, uint32_t *column);

/* "NAME:LINE:COLUMN: message", for the byte at `at`. */
const struct rmv_error *rmv_cursor_error(const struct rmv_cursor *cursor, enum rmv_error_code code,
                                         const char *at, const char *format, ...) RMV_PRINTF(4, 5);
