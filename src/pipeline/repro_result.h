/* What became of stages that did not end well, for the message at the end. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"

struct rmv_repro_result {
    struct rmv_strings failed, blocked, declined; /* addresses */
};
void rmv_repro_result_free(struct rmv_repro_result *result);

/* NULL, or an error that names them. `ignore_errors`: failures are none. Errors: FAILED. */
RMV_MUST_CHECK
const struct rmv_error *rmv_repro_result_error(const struct rmv_repro_result *result,
                                               bool ignore_errors);
