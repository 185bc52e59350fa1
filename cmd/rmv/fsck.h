/* What a check found, and printing it. */
#pragma once

#include <stdbool.h>

#include "rmv/lineage/reach.h"
#include "rmv/lineage/repair.h"

struct fsck_result {
    struct rmv_store_fsck store; /* of the last check */
    struct rmv_reach reach;
    bool is_quick;
    double percent; /* 0: all */
    uint64_t seed;
    bool has_accepted; /* just now, what is lost */
    bool was_repaired;
    struct rmv_reach before; /* what was wrong before it was */
    struct rmv_reach_repair repair;
};

/* `all`: every path that damage touches. */
void fsck_print_report(const struct rmv_workspace *workspace, const struct fsck_result *result,
                       bool all);
void fsck_print_json(const struct fsck_result *result);
