#include "rmv/pipeline/remove.h"

#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"
#include "rmv/dataset/remove.h"
#include "rmv/dataset/work_file.h"

static const struct rmv_error *read_lock_file(const struct rmv_workspace *workspace,
                                              const char *path, struct rmv_lock_file *lock)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    bool found;
    const struct rmv_error *err =
        rmv_work_file_read(workspace, path, RMV_YAML_BYTES_MAX, &found, &text);
    return err ? err : rmv_lock_file_parse(path, rmv_buf_string(&text), text.size, lock);
}

const struct rmv_error *rmv_remove_find_outputs(struct rmv_workspace *workspace,
                                                const struct rmv_stage *stage,
                                                struct rmv_outputs *outputs)
{
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_pipeline_lock_path_of(stage->file);

    const struct rmv_error *err = read_lock_file(workspace, path, &lock);
    if (err)
        return err;
    const struct rmv_lock_stage *entry = rmv_lock_file_find(&lock, stage->name);
    for (size_t i = 0; entry && i < entry->outs.count; i++)
        if (entry->outs.items[i].kind != RMV_OUTPUT_MISSING)
            rmv_output_copy(rmv_outputs_add(outputs), &entry->outs.items[i]);
    return NULL;
}

static const struct rmv_error *drop_entry(const struct rmv_workspace *workspace,
                                          const struct rmv_stage *stage)
{
    RMV_CLEANUP(rmv_lock_file_free) struct rmv_lock_file lock = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_pipeline_lock_path_of(stage->file);

    const struct rmv_error *err = read_lock_file(workspace, path, &lock);
    if (err || !rmv_lock_file_find(&lock, stage->name))
        return err;
    rmv_lock_file_remove(&lock, stage->name);
    rmv_lock_file_format(&lock, &text);
    return rmv_work_file_write(workspace, path, &text);
}

static const struct rmv_error *drop_stage(const struct rmv_workspace *workspace,
                                          const struct rmv_stage *stage)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf new_text = {0};
    bool found;

    const struct rmv_error *err =
        rmv_work_file_read(workspace, stage->file, RMV_YAML_BYTES_MAX, &found, &text);
    if (!err)
        err = rmv_pipeline_remove_stage(stage->file, &text, stage->name, &new_text);
    return err ? err : rmv_work_file_write(workspace, stage->file, &new_text);
}

const struct rmv_error *rmv_remove_stage(struct rmv_workspace *workspace,
                                         const struct rmv_stage *stage)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < stage->outs_count; i++) {
        RMV_CLEANUP(rmv_output_free)
        struct rmv_output output = {.path = rmv_str_copy(stage->outs[i].path)};
        err = rmv_remove_claim(workspace, &output);
    }
    if (!err)
        err = drop_entry(workspace, stage);
    return err ? err : drop_stage(workspace, stage);
}
