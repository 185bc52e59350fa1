/* YAML documents (1.2 core schema, as DVC reads them: `yes` is a string, `010` is ten; anchors,
 * aliases and merge keys are resolved within a limit). libyaml does the scanning.
 *
 * `name` stands for the document in messages: "NAME:LINE:COLUMN: what was wrong". */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/value.h"

#define RMV_YAML_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define RMV_YAML_DEPTH_MAX 100
#define RMV_YAML_VALUES_MAX 2000000 /* after aliases are resolved */

/* Sets `*out`, which the caller frees with rmv_value_free(). An empty document is null.
 * Errors: CORRUPT (bad syntax, duplicate keys, two documents), LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_yaml_parse(const char *name, const char *text, size_t size,
                                       struct rmv_value *out);

/* Reads and parses a file. Errors: as above, NOT_FOUND, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_yaml_read(const char *path, struct rmv_value *out);

/* Appends `value` as a YAML document in block style; the same value always gives the same text, and
 * parsing that text gives the same value. */
void rmv_yaml_format(const struct rmv_value *value, struct rmv_buf *out);
