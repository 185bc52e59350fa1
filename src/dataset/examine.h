/* Walking through a file or folder of the workspace and finding out its id, by the stat index where
 * it can, by reading where it must. Done by the workspace's pool. Nothing is skipped but
 * rmv's own temporary files: what cannot be tracked is an error, unless somebody asks for a list.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "dataset/earlier.h"
#include "dataset/tree.h"
#include "rmv/base/map.h"
#include "rmv/base/progress.h"
#include "rmv/dataset/workspace.h"

/* FIFOs, sockets and devices that were passed over. */
struct rmv_odd {
    pthread_mutex_t lock;
    struct rmv_map paths; /* with what each is, as a static text; NULL once it is gone */
};

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
    /* Set to true if there may be pointers, lock files or pipelines inside; may be NULL. */
    bool *has_sources;
    /* Set to false when something that was found is not in the store; NULL: nobody wants to know.
     * Without a batch only. */
    atomic_bool *is_stored;
    bool clears_leftovers; /* removes what processes that died were writing; so does a batch */
    struct rmv_odd *odd;   /* takes what cannot be tracked; NULL: that is an error */
};

/* Sets `*entry`, name aside; type 0 if nothing is there. Trees that are neither stored nor put are
 * remembered. Errors: CONFLICT, DENIED, USAGE, LIMIT, IO; see rmv_dataset_hash(). */
RMV_MUST_CHECK
const struct rmv_error *rmv_examine(const struct rmv_examine_request *request,
                                    struct rmv_tree_entry *entry);
