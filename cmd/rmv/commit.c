#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/add.h"
#include "rmv/pipeline/graph.h"
#include "rmv/pipeline/repro.h"
#include "rmv/shared.h"

static bool option_force, option_with_deps, option_recursive;

static const struct cli_option options[] = {
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "take stages as they are in everything, as if they were named"},
    {.name = "with-deps",
     .letter = 'd',
     .flag = &option_with_deps,
     .help = "and all stages that those need that are named, or taken as they are"},
    {.name = "recursive",
     .letter = 'R',
     .flag = &option_recursive,
     .help = "what is in and below folders, which is done anyway"},
    {0},
};

/* Is there anything at the path? Links count, wherever they lead. */
static bool is_here(const struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *absolute = rmv_path_join(workspace->root, path);
    return faccessat(AT_FDCWD, absolute, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* What is to be committed. */
struct targets {
    struct rmv_strings paths; /* as asked for; none, and no stages: everything */
    bool *as_run;             /* per stage: asked for by name */
    bool is_all;
};

static void targets_free(struct targets *targets)
{
    rmv_strings_free(&targets->paths);
    rmv_free(&targets->as_run);
}

static bool is_wanted(const struct targets *targets, const char *path)
{
    return targets->is_all || (targets->paths.count && cli_is_chosen(&targets->paths, path));
}

static bool is_stage_wanted(const struct rmv_workspace *workspace, const struct targets *targets,
                            const struct rmv_stage *stage)
{
    bool wanted = false;
    for (size_t i = 0; i < stage->outs_count; i++) {
        if (!is_here(workspace, stage->outs[i].path))
            return false;
        wanted = wanted || is_wanted(targets, stage->outs[i].path);
    }
    return wanted;
}

/* Takes all stages as if they had just run whose outputs are here and wanted. */
static void choose_forced(const struct rmv_workspace *workspace,
                          const struct rmv_pipeline *pipeline, struct targets *targets)
{
    for (size_t i = 0; i < pipeline->count; i++)
        if (is_stage_wanted(workspace, targets, &pipeline->stages[i]))
            targets->as_run[i] = true;
}

/* And all that they need. */
static const struct rmv_error *choose_needed(const struct rmv_pipeline *pipeline,
                                             struct targets *targets)
{
    RMV_CLEANUP(rmv_graph_free) struct rmv_graph graph = {0};
    RMV_CLEANUP(rmv_free) bool *chosen = rmv_calloc(pipeline->count + 1, sizeof(*chosen));
    const struct rmv_error *err = rmv_graph_build(pipeline, &graph);
    for (size_t i = 0; !err && i < pipeline->count; i++)
        if (targets->as_run[i])
            rmv_graph_choose(pipeline, &graph, i, RMV_GRAPH_UP, chosen);
    for (size_t i = 0; !err && i < pipeline->count; i++)
        targets->as_run[i] = chosen[i];
    return err;
}

/* An argument is the name of a stage or a loop, or a path. */
static const struct rmv_error *parse(const struct rmv_workspace *workspace,
                                     const struct rmv_pipeline *pipeline, int argc, char **argv,
                                     struct targets *targets)
{
    targets->is_all = argc == 0;
    targets->as_run = rmv_calloc(pipeline->count + 1, sizeof(bool));
    for (int i = 0; i < argc; i++) {
        char *path = NULL;
        if (rmv_pipeline_find_named(workspace, pipeline, argv[i], targets->as_run))
            continue;
        const struct rmv_error *err = rmv_workspace_path(workspace, argv[i], &path);
        if (err)
            return err;
        rmv_strings_take(&targets->paths, path);
    }
    return NULL;
}

/* The data of pointers that is here: all of it, or what was asked for. */
static const struct rmv_error *list_outputs(struct rmv_workspace *workspace,
                                            struct targets *targets, struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    const struct rmv_error *err = rmv_tracked_read(workspace, NULL, &tracked);
    if (!err)
        err = cli_check_tracked(workspace, &tracked, &targets->paths);
    if (err)
        return err;
    for (size_t i = 0; i < tracked.outputs.count; i++) {
        const char *path = tracked.outputs.items[i].path;
        const bool is_pointer = *tracked.stages.items[i] == '\0';
        if (is_pointer && is_wanted(targets, path) && is_here(workspace, path))
            rmv_strings_add(paths, path);
    }
    return NULL;
}

/* ---- Stages --------------------------------------------------------------------------------- */

static const struct rmv_error *commit_stages(struct rmv_workspace *workspace,
                                             const struct rmv_pipeline *pipeline,
                                             const struct targets *targets)
{
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct rmv_stage *stage = &pipeline->stages[i];
        bool changed = false;
        if (!targets->as_run[i] && !is_stage_wanted(workspace, targets, stage))
            continue;
        const struct rmv_error *err =
            rmv_repro_commit(workspace, stage, targets->as_run[i], &changed);
        if (err)
            return err;
        if (changed && !cli_quiet)
            cli_print("stage %s\n", stage->address);
    }
    return NULL;
}

/* ---- The command ---------------------------------------------------------------------------- */

static void print(const struct rmv_workspace *workspace, const struct rmv_added_list *added)
{
    for (size_t i = 0; i < added->count && !cli_quiet; i++) {
        if (!added->items[i].changed)
            continue;
        RMV_CLEANUP(rmv_str_free)
        char *path = cli_shown_path(workspace, added->items[i].output.path);
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(&added->items[i].output.id, hex);
        printf("%s  %s\n", hex, path);
    }
}

static const struct rmv_error *commit_data(struct rmv_workspace *workspace,
                                           const struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_added_list_free) struct rmv_added_list added = {0};
    RMV_CLEANUP(rmv_progress_close) struct rmv_progress *progress = NULL;

    rmv_progress_open(cli_quiet ? -1 : STDERR_FILENO, "committing", &progress);
    const struct rmv_add_options adding = {.progress = progress};
    const struct rmv_error *err = rmv_add(workspace, paths, &adding, &added);
    rmv_progress_close(&progress);
    if (!err)
        print(workspace, &added);
    return err;
}

static const struct rmv_error *commit(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(targets_free) struct targets targets = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};

    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = rmv_pipeline_read(workspace, &pipeline);
    if (!err)
        err = parse(workspace, &pipeline, argc, argv, &targets);
    if (!err && option_force)
        choose_forced(workspace, &pipeline, &targets);
    if (!err && option_with_deps)
        err = choose_needed(&pipeline, &targets);
    if (!err)
        err = list_outputs(workspace, &targets, &paths);
    if (!err)
        err = commit_data(workspace, &paths);
    return err ? err : commit_stages(workspace, &pipeline, &targets);
}

const struct cli_command rmv_command_commit = {
    .name = "commit",
    .arguments = "[PATH|STAGE...]",
    .summary = "store what changed in tracked data",
    .help =
        "Stores the data of every pointer file, and the outputs of every stage that was run, or "
        "of\n"
        "those at, in or around each PATH, as it is now, and updates pointers and rmv.lock: what\n"
        "`rmv add --no-commit` and `rmv repro --no-commit` left to do, and whatever was modified\n"
        "since. Data that is not in the workspace is left alone. Each line of output is an id and "
        "a\n"
        "path whose pointer changed, or a stage whose entry in rmv.lock did.\n"
        "\n"
        "A stage given by its name is taken as it is in everything, dependencies and parameters\n"
        "included, as if it had just run; it need not have been run before. With --force all\n"
        "stages are, whose outputs are here and meant.\n"
        "\n"
        "This is about data; pointers are committed by `git commit`.",
    .examples = "rmv commit            # everything\n"
                "rmv commit data/raw   # a path\n"
                "rmv commit train      # accept what is here as what the stage makes\n",
    .options = options,
    .run = commit,
};
