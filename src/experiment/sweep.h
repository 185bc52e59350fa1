/* What the value of an override stands for: one value, or several to try. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/value.h"

/* Appends to the list `values` what `text` stands for: "a" one, "a,b" or "choice(a, b)" two,
 * "range(1, 10, 3)" three. Commas inside brackets, braces and quotes separate nothing. Errors:
 * USAGE. */
RMV_MUST_CHECK
const struct rmv_error *rmv_sweep_parse(const char *text, struct rmv_value *values);
