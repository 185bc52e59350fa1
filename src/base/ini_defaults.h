/* Values of [DEFAULT] in INI documents: all sections have them that do not say otherwise. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/value.h"

/* Adds them to all sections; `*values_count` counts those of the document. Errors: LIMIT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_ini_spread_defaults(const char *name, struct rmv_value *document,
                                                size_t *values_count);

/* Takes them out again, which is known by their places. */
void rmv_ini_gather_defaults(struct rmv_value *document);
