/* The run cache of one work tree, for another one of the same project. */
#pragma once

#include "rmv/base/error.h"
#include "rmv/dataset/workspace.h"

/* Makes the runs that `from` knows findable in `to`, which uses the same store. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_runs_share(struct rmv_workspace *from, struct rmv_workspace *to);
