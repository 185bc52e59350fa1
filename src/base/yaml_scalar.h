/* Scalars of YAML's core schema (1.2, chapter 10.3), with what ruamel.yaml, which DVC uses, takes
 * besides: `1_000`, `0b11`, `-0x1f`. What a plain text stands for. */
#pragma once

#include <stdbool.h>

#include "rmv/base/value.h"

/* Sets `*out`, which was empty, to the null, boolean or number that the plain scalar `text` stands
 * for, or leaves it null and returns false when it is just a string. `*too_big` tells of a whole
 * number that does not fit 64 bits (the result is then false). */
bool rmv_yaml_resolve(const char *text, struct rmv_value *out, bool *too_big);
