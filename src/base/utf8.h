/* UTF-8 (RFC 3629), one character at a time, and places in texts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"

/* The length in bytes of the character at `text` and its code point; 0 where the `size` bytes do
 * not start with a valid one (overlong forms, surrogates and what is beyond U+10FFFF are not
 * valid). */
size_t rmv_utf8_next(const char *text, size_t size, uint32_t *point);

/* C0, DEL and C1: what a terminal obeys, some of it at once. */
bool rmv_utf8_is_control(uint32_t point);

/* Appends the character; the code point must be a valid one. */
void rmv_utf8_append(uint32_t point, struct rmv_buf *out);

/* The line and the column, in characters, both from 1, of the byte at `offset`. */
void rmv_utf8_place(const char *text, size_t offset, uint32_t *line, uint32_t *column);
