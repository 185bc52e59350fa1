/* What the writers of output entries share beside the public output.h. */
#pragma once

#include <stdbool.h>

#include "rmv/base/value.h"

/* Is it one of the members of an entry that we give a meaning to? */
bool rmv_output_is_known(const char *key);

/* Does leaving the member out mean the same? */
bool rmv_output_is_default(const char *key, const struct rmv_value *value);

/* Adds copies of the members of `entry` that we do not know to the map `extra`. */
void rmv_output_keep_unknown(const struct rmv_value *entry, struct rmv_value *extra);
