/* JSON documents (RFC 8259), through cJSON. */
#pragma once

#include <stdbool.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/value.h"

#define RMV_JSON_BYTES_MAX ((size_t)1024 * 1024 * 1024)
#define RMV_JSON_DEPTH_MAX 1000 /* cJSON's own limit */

/* Sets `*out`, which the caller frees. Members have no places. Errors: CORRUPT with the line and
 * column where the text stopped making sense (also for duplicate keys, or text behind the
 * document), LIMIT (also numbers beyond a double's range or of more than 63 characters). Whole
 * numbers that fit 64 bits and are written without fraction and exponent are INT, all others
 * DOUBLE. A string must not contain \u0000, and all text must be UTF-8. */
RMV_MUST_CHECK
const struct rmv_error *rmv_json_parse(const char *name, const char *text, size_t size,
                                       struct rmv_value *out);

/* The same of what Python's json module writes: NaN, Infinity and -Infinity are numbers. */
RMV_MUST_CHECK
const struct rmv_error *rmv_json_parse_python(const char *name, const char *text, size_t size,
                                              struct rmv_value *out);

/* Appends the document, on one line or indented by two spaces with a final newline. Doubles are
 * written with the fewest digits that read back the same; NaN and infinities become null. Bytes
 * that are not UTF-8 become U+FFFD. */
void rmv_json_format(const struct rmv_value *value, bool pretty, struct rmv_buf *out);

/* Appends `text` as a JSON string, quotes included. */
void rmv_json_format_text(const char *text, struct rmv_buf *out);
