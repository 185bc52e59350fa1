/* Complaints about a document that somebody may have edited by hand: pointer and lock files. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/base/value.h"

/* "NAME:LINE:COLUMN: message" with the code of the caller's choice. */
const struct rmv_error *rmv_place_error(enum rmv_error_code code, const char *name,
                                        const struct rmv_value *value, const char *format, ...)
    RMV_PRINTF(4, 5);

/* Checks that `value` (named `what`) is of the kind. Errors: CORRUPT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_place_expect(const char *name, const struct rmv_value *value,
                                         enum rmv_value_kind kind, const char *what);

/* Refuses a document in which Git has left the two sides of a merge. Errors: CORRUPT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_place_check_merged(const char *name, const char *text, size_t size);
