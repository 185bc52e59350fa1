/* Checking the loose objects, which are files that somebody may have written to. */
#pragma once

#include "rmv/base/progress.h"
#include "rmv/store/store.h"

/* What is told of each file. */
struct rmv_fsck_loose_visitor {
    /* `id` NULL: something that is no object. `name` is its path in the store. */
    void (*damaged)(void *context, const char *name, const struct rmv_object_id *id,
                    const char *message);
    void (*sound)(void *context, uint64_t size);
    void *context;
};

/* Checks what is in one of the RMV_LOOSE_FOLDERS_COUNT folders. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fsck_loose(struct rmv_store *store, unsigned folder,
                                       struct rmv_progress *progress,
                                       const struct rmv_fsck_loose_visitor *visitor);
