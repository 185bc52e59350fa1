/* Checking what is in use, shared by the two files that do it: reach.c finds what is wrong,
 * reach_uses.c whom it hits. */
#pragma once

#include "lineage/ids.h"
#include "lineage/versions.h"
#include "rmv/base/map.h"
#include "rmv/lineage/reach.h"

struct rmv_reach_check {
    struct rmv_workspace *workspace;
    const struct rmv_store_fsck *store;
    struct rmv_reach *reach;
    struct rmv_tracked tracked; /* of the workspace */
    struct rmv_versions versions;
    struct rmv_ids trees, blobs, records; /* that were looked at */
    struct rmv_map damaged;               /* hex id → struct rmv_store_problem */
    struct rmv_map problems;              /* hex id → index + 1 */
    struct rmv_map hits;                  /* hex id of an output → struct rmv_reach_hits */
    struct rmv_map uses;                  /* "PROBLEM PATH" → index + 1 in the problem's uses */
    struct rmv_object_id folder;          /* visited last */
};

/* The problem with that object, or NULL. */
struct rmv_reach_problem *rmv_reach_find(const struct rmv_reach_check *check,
                                         const struct rmv_object_id *id);

/* Adds the uses to all problems. */
RMV_MUST_CHECK
const struct rmv_error *rmv_reach_add_uses(struct rmv_reach_check *check);
void rmv_reach_free_hits(struct rmv_reach_check *check);
