/* Giving the store back what it has lost, out of the workspace's own data. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/dataset/workspace.h"

/* Looks for these objects in what is tracked, as it is in the workspace now: files, the targets of
 * links and the listings of folders. What is found is stored again, durably, and counted in
 * `*mended`. Nothing else is stored, and nothing in the workspace changes. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_dataset_mend(struct rmv_workspace *workspace,
                                         const struct rmv_object_id *wanted, size_t count,
                                         uint64_t *mended);
