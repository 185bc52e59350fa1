/* TOML documents (https://toml.io/en/v1.0.0).
 *
 * Dates and times become strings, as they are written but with a capital 'T' and 'Z'. Whole numbers
 * that do not fit 64 bits and strings with a NUL are refused.
 *
 * `name` stands for the document in messages: "NAME:LINE:COLUMN: what was wrong". */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/value.h"

#define RMV_TOML_BYTES_MAX ((size_t)64 * 1024 * 1024)
#define RMV_TOML_DEPTH_MAX 100

/* Sets `*out`, which the caller frees with rmv_value_free(), to a map. Errors: CORRUPT (bad syntax,
 * a key or table that is there already), LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_toml_parse(const char *name, const char *text, size_t size,
                                       struct rmv_value *out);
