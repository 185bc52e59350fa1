#include "experiment/snapshot_data.h"

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"
#include "rmv/dataset/pointer.h"
#include "rmv/dataset/work_file.h"

#define POINTER_BYTES_MAX ((size_t)1024 * 1024)

static const struct rmv_error *save(struct rmv_workspace *workspace,
                                    const struct rmv_output *before, struct rmv_output *now)
{
    RMV_CLEANUP(rmv_store_batch_close) struct rmv_store_batch *batch = NULL;
    const struct rmv_dataset_source source = {.path = before->path, .before = before};

    const struct rmv_error *err = rmv_store_batch_open(workspace->store, &batch);
    if (!err)
        err = rmv_dataset_save(workspace, batch, &source, now);
    return err ? err : rmv_store_batch_commit(batch);
}

static const struct rmv_error *edit_pointer(struct rmv_workspace *workspace, const char *path,
                                            const struct rmv_output *output,
                                            struct rmv_file_edits *edits)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    bool is_found = false, is_new = false;

    const struct rmv_error *err =
        rmv_work_file_read(workspace, path, POINTER_BYTES_MAX, &is_found, &text);
    if (err || !is_found)
        return err;
    struct rmv_file_edit *edit = rmv_file_edits_add(edits, path, &is_new);
    edit->text.size = 0;
    return rmv_pointer_format(path, text.data, text.size, output, &edit->text);
}

static const struct rmv_error *save_changed(struct rmv_workspace *workspace,
                                            const struct rmv_output *said, const char *pointer,
                                            struct rmv_file_edits *edits)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output now = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output saved = {0};

    const struct rmv_error *err = rmv_dataset_hash(workspace, said->path, NULL, &now);
    if (err || now.kind == RMV_OUTPUT_MISSING || rmv_output_equal(&now, said))
        return err;
    err = save(workspace, said, &saved);
    return err ? err : edit_pointer(workspace, pointer, &saved, edits);
}

static bool is_chosen(const struct rmv_strings *only, const char *path)
{
    for (size_t i = 0; only && i < only->count; i++)
        if (rmv_path_is_in(path, only->items[i]) || rmv_path_is_in(only->items[i], path))
            return true;
    return !only || !only->count;
}

const struct rmv_error *rmv_snapshot_save_data(struct rmv_workspace *workspace,
                                               const struct rmv_strings *only,
                                               struct rmv_file_edits *edits)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    const struct rmv_error *err = rmv_tracked_read(workspace, NULL, &tracked);
    for (size_t i = 0; !err && i < tracked.outputs.count; i++) {
        const struct rmv_output *output = &tracked.outputs.items[i];
        if (!*tracked.stages.items[i] && is_chosen(only, output->path))
            err = save_changed(workspace, output, tracked.sources.items[i], edits);
    }
    return err;
}
