#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/move.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/shared.h"

static bool option_json;

static const struct cli_option options[] = {
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

/* Stages that have the old path among their dependencies; a pipeline that cannot be read has none.
 */
static void find_dependents(struct rmv_workspace *workspace, const char *path,
                            struct rmv_strings *stages)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    if (rmv_pipeline_read(workspace, &pipeline))
        return;
    for (size_t i = 0; i < pipeline.count; i++) {
        const struct rmv_stage *stage = &pipeline.stages[i];
        for (size_t k = 0; k < stage->deps_count; k++)
            if (rmv_path_is_in(stage->deps[k].path, path) &&
                !rmv_strings_has(stages, stage->address))
                rmv_strings_add(stages, stage->address);
    }
}

static void print(const struct rmv_workspace *workspace, const struct rmv_moved *moved,
                  const struct rmv_strings *dependents)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_str_free) char *old_path = cli_shown_path(workspace, moved->old_path);
    RMV_CLEANUP(rmv_str_free) char *path = cli_shown_path(workspace, moved->path);

    for (size_t i = 0; i < dependents->count; i++)
        rmv_log_write(cli_log(), RMV_LOG_WARNING, "stage '%s' depends on '%s': change that in %s",
                      dependents->items[i], old_path, RMV_PIPELINE_FILE_NAME);
    if (option_json) {
        cli_set_path(&document, "old_path", moved->old_path);
        cli_set_path(&document, "path", moved->path);
        cli_set_path(&document, "pointer", moved->pointer);
        cli_set_bool(&document, "data", moved->has_data);
        cli_set_paths(&document, "dependents", dependents);
        cli_print_json(&document);
    } else if (!cli_quiet) {
        printf("%s → %s%s\n", old_path, path,
               moved->has_data ? "" : "  (the pointer alone: there is no data here)");
    }
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings dependents = {0};
    RMV_CLEANUP(rmv_moved_free) struct rmv_moved moved = {0};

    if (argc != 2)
        return rmv_error(RMV_ERR_USAGE, "move needs what is to be moved, and where to");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = cli_paths(workspace, argc, argv, &paths);
    if (!err)
        err = rmv_move(workspace, paths.items[0], paths.items[1], &moved);
    if (err)
        return err;
    find_dependents(workspace, moved.old_path, &dependents);
    print(workspace, &moved, &dependents);
    return NULL;
}

const struct cli_command rmv_command_move = {
    .name = "move",
    .arguments = "FROM TO",
    .summary = "move tracked data, with its pointer",
    .help =
        "Moves FROM, a tracked file or folder (or its pointer file), to TO, or into TO if that is "
        "a\n"
        "folder: the data, the pointer file with everything that was written into it, and the "
        "line\n"
        "in .gitignore. Folders that are missing are made. If the data is not in the workspace, "
        "its\n"
        "pointer is moved. Nothing is read again, and nothing is overwritten. Stages that depend "
        "on\n"
        "the old path are named.\n"
        "\n"
        "A move that was interrupted shows in `rmv status`, as data that is missing at one of the\n"
        "two paths; the same command again finishes it. Refused are outputs of stages, paths "
        "inside\n"
        "tracked folders, and places where `rmv add` would refuse the data. Commit the result to\n"
        "Git: the old pointer is gone and there is a new one.",
    .examples = "rmv move data/raw data/2025  # rename it\n"
                "rmv move data/raw archive  # into the folder archive\n",
    .options = options,
    .run = run,
};
