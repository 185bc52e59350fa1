/* Repairing a store as far as the workspace and the store itself have what it takes. */
#pragma once

#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/lineage/reach.h"

struct rmv_reach_repair {
    uint64_t mended; /* objects stored again from the workspace's data */
    struct rmv_store_repair store;
};

/* Stores again, from the data in the workspace, what is wrong according to `found`, and then gets
 * rid of damaged packs, see rmv_store_repair(). What it could not do is found by the next check,
 * for which the workspace has to be opened again. Errors: LOCKED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_reach_repair(struct rmv_workspace *workspace,
                                         const struct rmv_reach *found,
                                         struct rmv_reach_repair *report);
