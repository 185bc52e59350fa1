/* YAML documents (1.2 core schema, as DVC reads them: `yes` is a string, `010` is ten, and so are
 * `1_0` and `0b1010`; anchors,
 * aliases and merge keys are resolved within a limit). libyaml does the scanning.
 *
 * Keys become the text they are written with: `1:` and `true:` are "1" and "true". Tags other than
 * the core schema's are refused, and so are whole numbers that do not fit 64 bits and strings with
 * a NUL.
 *
 * `name` stands for the document in messages: "NAME:LINE:COLUMN: what was wrong". */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/value.h"

#define RMV_YAML_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define RMV_YAML_DEPTH_MAX 100
#define RMV_YAML_VALUES_MAX 2000000 /* that are written, and as many that aliases repeat */

/* What anchors, aliases and merge keys may make of a document: that many copies of values and bytes
 * of text, and as many more for each value, or byte, that is written. */
#define RMV_YAML_COPIES_MIN ((size_t)100000)
#define RMV_YAML_COPIES_EACH ((size_t)20)
#define RMV_YAML_COPIED_MIN ((size_t)4 * 1024 * 1024)
#define RMV_YAML_COPIED_EACH ((size_t)4)

/* Sets `*out`, which the caller frees with rmv_value_free(). An empty document is null.
 * Errors: CORRUPT (bad syntax, duplicate keys, two documents), LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_yaml_parse(const char *name, const char *text, size_t size,
                                       struct rmv_value *out);

/* Reads and parses a file. Errors: as above, NOT_FOUND, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_yaml_read(const char *path, struct rmv_value *out);

/* Appends `value` as a YAML document in block style, laid out as DVC does; the same value always
 * gives the same text, and parsing that text gives the same value (within the limits above).
 * Strings are quoted where they would be taken for something else, here or by a reader of YAML 1.1.
 * Bytes that are not UTF-8 become U+FFFD. */
void rmv_yaml_format(const struct rmv_value *value, struct rmv_buf *out);
