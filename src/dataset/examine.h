/* Walking through a file or folder of the workspace and finding out its id, by the stat index where
 * it can, by reading where it must. Done by the workspace's pool. Nothing is skipped: what cannot
 * be tracked is an error. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "dataset/earlier.h"
#include "dataset/tree.h"
#include "rmv/base/progress.h"
#include "rmv/dataset/workspace.h"

struct rmv_examine_request {
    struct rmv_workspace *workspace;
    const char *path;              /* relative to the workspace */
    bool follow_link;              /* if `path` itself is one; otherwise a link is content */
    struct rmv_store_batch *batch; /* where content and trees are put; NULL: nowhere */
    struct rmv_progress *progress; /* may be NULL */
    bool keeps_files;              /* none of them is to become a link */
    struct rmv_earlier *earlier;   /* what was there before; may be NULL */
    bool take_ignored;             /* skip nothing at all */
    bool *has_ignored;             /* set to true if something was skipped; may be NULL */
    /* Set to false when something that was found is not in the store; NULL: nobody wants to know.
     * Without a batch only. */
    atomic_bool *is_stored;
};

/* Sets `*entry`, name aside; type 0 if nothing is there. Trees that are neither stored nor put are
 * remembered. Errors: CONFLICT, DENIED, USAGE, LIMIT, IO; see rmv_dataset_hash(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_examine(const struct rmv_examine_request *request,
                                    struct rmv_tree_entry *entry);
