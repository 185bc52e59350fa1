#include "rmv/pipeline/metrics.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"
#include "rmv/pipeline/params.h"

#define METRICS_BYTES_MAX ((size_t)16 * 1024 * 1024)

void rmv_metrics_files(const struct rmv_pipeline *pipeline, struct rmv_strings *files)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings all = {0};
    for (size_t i = 0; i < pipeline->metrics.count; i++)
        rmv_strings_add(&all, pipeline->metrics.items[i]);
    for (size_t i = 0; i < pipeline->count; i++)
        for (size_t k = 0; k < pipeline->stages[i].outs_count; k++)
            if (pipeline->stages[i].outs[k].kind == RMV_STAGE_OUT_METRIC)
                rmv_strings_add(&all, pipeline->stages[i].outs[k].path);
    rmv_strings_sort(&all);
    for (size_t i = 0; i < all.count; i++)
        if (i == 0 || strcmp(all.items[i], all.items[i - 1]) != 0)
            rmv_strings_add(files, all.items[i]);
}

static const struct rmv_error *read_now(struct rmv_workspace *workspace, const char *file,
                                        struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const struct rmv_error *err =
        rmv_beneath_open(workspace->root_fd, file, O_RDONLY | O_NONBLOCK, 0, &fd);
    return err ? err : rmv_fd_read(fd, file, METRICS_BYTES_MAX, text);
}

static const struct rmv_error *read_stored(struct rmv_workspace *workspace, const char *revision,
                                           const char *file, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output found = {0};

    const struct rmv_error *err = rmv_tracked_read(workspace, revision, &tracked);
    if (err)
        return err;
    const struct rmv_output *output = rmv_tracked_find(&tracked, file);
    if (!output)
        return rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not in revision '%s'", file, revision);
    err = rmv_dataset_find(workspace, output, file, &found);
    return err ? err : rmv_store_get(workspace->store, &found.id, METRICS_BYTES_MAX, text);
}

static const struct rmv_error *read_then(struct rmv_workspace *workspace, const char *revision,
                                         const char *file, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    if (!workspace->vcs)
        return rmv_error(RMV_ERR_USAGE, "there are no revisions: this is no Git repository");
    const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, revision, &commit);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(workspace->vcs_prefix, file);
    err = rmv_vcs_read(workspace->vcs, commit.id, path, METRICS_BYTES_MAX, text);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return read_stored(workspace, revision, file, text);
    return err;
}

const struct rmv_error *rmv_metrics_read(struct rmv_workspace *workspace, const char *revision,
                                         const char *file, struct rmv_value *metrics)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value value = {0};

    const struct rmv_error *err =
        revision ? read_then(workspace, revision, file, &text) : read_now(workspace, file, &text);
    if (!err)
        err = rmv_params_parse(file, text.data, text.size, &value);
    if (err)
        return err;
    rmv_value_copy(rmv_value_add(metrics, file), &value);
    return NULL;
}
