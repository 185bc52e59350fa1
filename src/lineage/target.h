/* What the user asks about: a path or an id, as an artifact to start from. */
#pragma once

#include "lineage/trace.h"

struct rmv_target {
    struct rmv_record_artifact artifact; /* its path is owned */
};
void rmv_target_free(struct rmv_target *target);

/* Finds `text`, a path relative to the workspace or an object's id, in the first view. Errors:
 * NOT_FOUND, USAGE (a folder that is no output). */
RMV_MUST_CHECK
const struct rmv_error *rmv_target_find(struct rmv_trace *trace, const char *text,
                                        struct rmv_target *target);

/* Is what lies in the workspace what the pointer or lock file says? */
RMV_MUST_CHECK
const struct rmv_error *rmv_target_check_workspace(struct rmv_trace *trace,
                                                   struct rmv_lineage_artifact *artifact);
