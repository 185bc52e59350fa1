#include "rmv/lineage/repair.h"

#include <stdlib.h>

#include "lineage/ids.h"
#include "rmv/base/mem.h"
#include "rmv/dataset/mend.h"

#define ROUNDS_MAX 1000 /* a folder that is back may show more that is missing inside */

/* What is wanted in this round: not what was looked for before. */
static size_t take_new(const struct rmv_reach *reach, struct rmv_ids *tried,
                       struct rmv_object_id *wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < reach->problems_count; i++) {
        const struct rmv_object_id *id = &reach->problems[i].id;
        if (!rmv_object_id_is_zero(id) && rmv_ids_add(tried, id))
            wanted[count++] = *id;
    }
    return count;
}

/* Looks in the workspace for what these problems are about. */
static const struct rmv_error *mend(struct rmv_workspace *workspace, const struct rmv_reach *reach,
                                    struct rmv_ids *tried, uint64_t *mended)
{
    struct rmv_object_id *wanted = rmv_calloc(reach->problems_count + 1, sizeof(*wanted));
    const size_t count = take_new(reach, tried, wanted);
    const struct rmv_error *err = rmv_dataset_mend(workspace, wanted, count, mended);
    free(wanted);
    return err;
}

const struct rmv_error *rmv_reach_repair(struct rmv_workspace *workspace,
                                         const struct rmv_reach *found,
                                         struct rmv_reach_repair *report)
{
    RMV_CLEANUP(rmv_ids_free) struct rmv_ids tried = {0};
    struct rmv_reach_repair done = {0};
    uint64_t mended = 0;
    const struct rmv_error *err = mend(workspace, found, &tried, &mended);
    for (size_t round = 0; !err && mended > 0 && round < ROUNDS_MAX; round++) {
        RMV_CLEANUP(rmv_reach_free) struct rmv_reach left = {0};
        done.mended += mended;
        mended = 0;
        err = rmv_reach_check(workspace, NULL, &left);
        if (!err)
            err = mend(workspace, &left, &tried, &mended);
    }
    if (!err)
        err = rmv_store_repair(workspace->store, &done.store);
    if (!err)
        *report = done;
    return err;
}
