/* What the dataset's tests share: a workspace in ".", and data saved in it. Include it after
 * test.h. */
#pragma once

#include "rmv/dataset/dataset.h"

/* A workspace in the test's folder, opened anew. */
static inline struct rmv_workspace *open_workspace(void)
{
    const struct rmv_workspace_init_options options = {.no_scm = true};
    struct rmv_workspace *workspace = NULL;

    CHECK_OK(rmv_workspace_init(".", &options));
    CHECK_OK(rmv_workspace_open(".", NULL, &workspace));
    return workspace;
}

/* Saves what is at `path`, as `rmv add` does. */
static inline void save(struct rmv_workspace *workspace, const char *path,
                        struct rmv_output *output)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;

    CHECK_OK(rmv_store_batch_open(workspace->store, &batch));
    const struct rmv_dataset_source source = {.path = path};
    CHECK_OK(rmv_dataset_save(workspace, batch, &source, output));
    CHECK_OK(rmv_store_batch_commit(batch));
}
