#include "rmv/dataset/remove.h"

#include <string.h>

#include "dataset/placed.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"
#include "rmv/dataset/pointer.h"
#include "rmv/dataset/work_file.h"

const struct rmv_error *rmv_remove_data(struct rmv_workspace *workspace,
                                        const struct rmv_outputs *outputs, bool force,
                                        struct rmv_restore_report *report)
{
    RMV_CLEANUP(rmv_outputs_free) struct rmv_outputs gone = {0};
    const struct rmv_restore_options options = {.force = force};

    for (size_t i = 0; i < outputs->count; i++)
        if (!outputs->items[i].no_cache)
            rmv_outputs_add(&gone)->path = rmv_str_copy(outputs->items[i].path);
    return rmv_dataset_restore(workspace, gone.items, gone.count, &options, report);
}

const struct rmv_error *rmv_remove_claim(struct rmv_workspace *workspace,
                                         const struct rmv_output *output)
{
    struct rmv_placed *placed = rmv_placed_of(workspace);
    rmv_placed_set(placed, output->path, NULL);
    const struct rmv_error *err = rmv_placed_write(placed);
    return err ? err : rmv_gitignore_remove(workspace, output->path);
}

const struct rmv_error *rmv_remove_pointer(struct rmv_workspace *workspace, const char *path,
                                           const struct rmv_output *output)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output now = {0};
    bool found;

    const struct rmv_error *err =
        rmv_work_file_read(workspace, path, RMV_YAML_BYTES_MAX, &found, &text);
    if (!err && found)
        err = rmv_pointer_parse(path, rmv_buf_string(&text), text.size, &now);
    if (err)
        return err;
    if (found && (strcmp(now.path, output->path) != 0 || !rmv_output_equal(&now, output)))
        return rmv_error_hint(
            rmv_error(RMV_ERR_CONFLICT, "'%s' was changed by somebody else meanwhile", path),
            "run the command again");
    err = rmv_remove_claim(workspace, output);
    return err ? err : rmv_work_file_remove(workspace, path);
}
