/* Dotted paths into values, "train.layers.0.size": keys of maps and indexes of lists. A dot in a
 * key is written "\.". */
#pragma once

#include "rmv/base/yaml_edit.h"

/* Cuts the first key off the path; the caller frees it. */
char *rmv_value_path_take(const char **path);

/* The value there; NULL if there is none. */
struct rmv_value *rmv_value_path_find(struct rmv_value *document, const char *path);

/* Makes the change in memory. Errors: CONFLICT, NOT_FOUND. */
RMV_MUST_CHECK
const struct rmv_error *rmv_value_change(struct rmv_value *document,
                                         const struct rmv_yaml_change *change);
