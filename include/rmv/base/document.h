/* Documents of values, in whatever language: parameters, metrics, variables. */
#pragma once

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "rmv/base/value.h"

/* Parses a document by the ending of its name, in small or capital letters: .json, .toml, .py,
 * .ini and .cfg, otherwise YAML. The caller frees `*out`. Errors: CORRUPT, LIMIT; see json.h,
 * toml.h, python.h, ini.h and yaml.h. */
RMV_MUST_CHECK
const struct rmv_error *rmv_document_parse(const char *name, const char *text, size_t size,
                                           struct rmv_value *out);

/* Sets `new_text` to the document with the value at the dotted `path` changed or added. All else
 * stays, byte for byte; a new key becomes the last of its map. Where that cannot be, JSON is laid
 * out anew, and YAML as yaml_edit.h says. Errors: CORRUPT, CONFLICT (something on the way is no
 * map), UNSUPPORTED (TOML, Python or INI cannot say it, or not there), LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_document_set(const char *name, const struct rmv_buf *text,
                                         const char *path, const struct rmv_value *value,
                                         struct rmv_buf *new_text);

/* The same with the member at `path` taken out. Errors: as above, NOT_FOUND. */
RMV_MUST_CHECK
const struct rmv_error *rmv_document_remove(const char *name, const struct rmv_buf *text,
                                            const char *path, struct rmv_buf *new_text);
