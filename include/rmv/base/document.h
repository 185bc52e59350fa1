/* Documents of values, in whatever language: parameters, metrics, variables. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/value.h"

/* Parses a document by the ending of its name, in small or capital letters: .json, .toml, .py,
 * .ini and .cfg, otherwise YAML. The caller frees `*out`. Errors: CORRUPT, LIMIT; see json.h,
 * toml.h, python.h, ini.h and yaml.h. */
RMV_MUST_CHECK
const struct rmv_error *rmv_document_parse(const char *name, const char *text, size_t size,
                                           struct rmv_value *out);
