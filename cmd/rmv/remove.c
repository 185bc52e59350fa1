#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/remove.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/pipeline/remove.h"
#include "rmv/shared.h"

static bool option_outs, option_force, option_json;

static const struct cli_option options[] = {
    {.name = "outs", .flag = &option_outs, .help = "remove the data too, if it is saved"},
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "with --outs: even if it is not saved, or nothing leads to it any more"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

/* A pointer or a stage. */
struct target {
    const struct rmv_stage *stage; /* NULL for a pointer */
    const char *source;            /* the pointer, or the stage's rmv.yaml */
    struct rmv_outputs outputs;    /* what it has made, or the pointer's one */
};

struct removal {
    struct rmv_workspace *workspace;
    struct rmv_tracked tracked;
    struct rmv_pipeline pipeline;
    struct target *targets;
    size_t count, capacity;
    struct rmv_restore_report report;
};

static void removal_free(struct removal *removal)
{
    for (size_t i = 0; i < removal->count; i++)
        rmv_outputs_free(&removal->targets[i].outputs);
    free(removal->targets);
    rmv_tracked_free(&removal->tracked);
    rmv_pipeline_free(&removal->pipeline);
    rmv_restore_report_free(&removal->report);
}

/* ---- What is meant --------------------------------------------------------------------------- */

static struct target *add_target(struct removal *removal, const char *source)
{
    removal->targets =
        rmv_grow(removal->targets, removal->count, &removal->capacity, sizeof(*removal->targets));
    struct target *target = &removal->targets[removal->count++];
    *target = (struct target){.source = source};
    return target;
}

static bool is_named(const struct removal *removal, const struct rmv_stage *stage,
                     const char *source)
{
    for (size_t i = 0; i < removal->count; i++)
        if (removal->targets[i].stage == stage && strcmp(removal->targets[i].source, source) == 0)
            return true;
    return false;
}

/* Sets `*index` to the output that a pointer at `path` speaks of, or that is at `path` itself. */
static bool find_tracked(const struct removal *removal, const char *path, size_t *index)
{
    const struct rmv_tracked *tracked = &removal->tracked;
    for (size_t i = 0; i < tracked->outputs.count; i++) {
        const bool is_pointer = *tracked->stages.items[i] == '\0';
        if ((is_pointer && strcmp(tracked->sources.items[i], path) == 0) ||
            strcmp(tracked->outputs.items[i].path, path) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

static const struct rmv_error *explain_unknown(const struct removal *removal, const char *typed,
                                               const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(typed);
    const struct rmv_stage *maker = path ? rmv_pipeline_maker_of(&removal->pipeline, path) : NULL;
    const struct rmv_output *around = path ? rmv_tracked_find(&removal->tracked, path) : NULL;

    if (maker)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' is an output of the stage '%s'", quoted, maker->address),
            "`rmv remove %s` removes the stage", maker->address);
    if (around)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' is inside '%s', which is tracked", quoted, around->path),
            "delete it and `rmv add` that path: it is taken out then");
    return rmv_error_hint(
        rmv_error(RMV_ERR_NOT_FOUND, "'%s' is neither a stage nor tracked", quoted),
        "`rmv ls` and `rmv stage list` list what is");
}

static const struct rmv_error *find_target(struct removal *removal, const char *typed)
{
    struct rmv_stage *stage =
        rmv_pipeline_find_stage(removal->workspace, &removal->pipeline, typed);
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    size_t index = 0;

    const struct rmv_error *outside = rmv_workspace_path(removal->workspace, typed, &path);
    const bool is_tracked = !outside && find_tracked(removal, path, &index);
    const bool has_stage = is_tracked && *removal->tracked.stages.items[index];
    if (stage && is_tracked && !has_stage)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' is both a stage and tracked data", typed),
            "say '%s%s' for the data, or give the stage another name", typed, ".rmv");
    if (stage) {
        if (is_named(removal, stage, stage->file))
            return NULL;
        struct target *target = add_target(removal, stage->file);
        target->stage = stage;
        return rmv_remove_find_outputs(removal->workspace, stage, &target->outputs);
    }
    if (!is_tracked || has_stage)
        return explain_unknown(removal, typed, path);
    const char *pointer = removal->tracked.sources.items[index];
    if (!is_named(removal, NULL, pointer))
        rmv_output_copy(rmv_outputs_add(&add_target(removal, pointer)->outputs),
                        &removal->tracked.outputs.items[index]);
    return NULL;
}

/* ---- Removing -------------------------------------------------------------------------------- */

/* Once a pointer that was never committed is gone, its data could be found by its id alone, and
 * only until the next gc. */
static const struct rmv_error *check_committed(const struct removal *removal,
                                               const struct target *target)
{
    const struct rmv_workspace *workspace = removal->workspace;
    bool is_modified = true;

    if (target->stage)
        return NULL;
    if (workspace->vcs) {
        RMV_CLEANUP(rmv_str_free)
        char *git_path = rmv_path_join(workspace->vcs_prefix, target->source);
        const struct rmv_error *err = rmv_vcs_is_modified(workspace->vcs, git_path, &is_modified);
        if (err)
            return err;
    }
    if (!is_modified)
        return NULL;
    return rmv_error_hint(
        rmv_error(
            RMV_ERR_CONFLICT,
            "'%s' is not committed: with the data gone too, nothing would lead to it any more",
            target->source),
        "commit it first, or use -f to give the data up");
}

/* All data at once: nothing goes if something is not saved. */
static const struct rmv_error *remove_data(struct removal *removal)
{
    RMV_CLEANUP(rmv_outputs_free) struct rmv_outputs outputs = {0};
    for (size_t i = 0; i < removal->count; i++) {
        const struct target *target = &removal->targets[i];
        const struct rmv_error *err = option_force ? NULL : check_committed(removal, target);
        if (err)
            return err;
        for (size_t k = 0; k < target->outputs.count; k++)
            rmv_output_copy(rmv_outputs_add(&outputs), &target->outputs.items[k]);
    }
    return rmv_remove_data(removal->workspace, &outputs, option_force, &removal->report);
}

static const struct rmv_error *remove_targets(struct removal *removal)
{
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    const struct rmv_error *err = rmv_workspace_lock(removal->workspace, &lock);

    for (size_t i = 0; !err && i < removal->count; i++) {
        const struct target *target = &removal->targets[i];
        err = target->stage ? rmv_remove_stage(removal->workspace, target->stage)
                            : rmv_remove_pointer(removal->workspace, target->source,
                                                 &target->outputs.items[0]);
    }
    return err;
}

static void print_json(const struct removal *removal)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    struct rmv_value *list = rmv_value_add(&document, "removed");

    rmv_value_set_list(list);
    for (size_t i = 0; i < removal->count; i++) {
        const struct target *target = &removal->targets[i];
        RMV_CLEANUP(rmv_strings_free) struct rmv_strings outs = {0};
        struct rmv_value *map = rmv_value_append(list);
        cli_set_path(map, "source", target->source);
        if (target->stage)
            cli_set_text(map, "stage", target->stage->address);
        for (size_t k = 0; k < target->outputs.count; k++)
            rmv_strings_add(&outs, target->outputs.items[k].path);
        cli_set_paths(map, "outs", &outs);
    }
    cli_set_int(&document, "deleted", removal->report.deleted);
    cli_set_paths(&document, "kept", &removal->report.kept);
    cli_print_json(&document);
}

static void print(const struct removal *removal)
{
    for (size_t i = 0; i < removal->count && !cli_quiet; i++) {
        const struct target *target = &removal->targets[i];
        if (target->stage) {
            cli_print("removed  stage '%s' of %s\n", target->stage->address, target->source);
            continue;
        }
        RMV_CLEANUP(rmv_str_free)
        char *shown = cli_shown_path(removal->workspace, target->source);
        printf("removed  %s\n", shown);
    }
    for (size_t i = 0; i < removal->report.kept.count && !cli_quiet; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *shown = cli_shown_path(removal->workspace, removal->report.kept.items[i]);
        printf("kept     %s\n", shown);
    }
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(removal_free) struct removal removal = {0};

    if (argc == 0)
        return rmv_error(RMV_ERR_USAGE, "which pointers, data or stages are to be removed?");
    if (option_force && !option_outs)
        return rmv_error(RMV_ERR_USAGE, "-f says that data may be lost: it goes with --outs");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (err)
        return err;
    removal.workspace = workspace;
    err = rmv_tracked_read(workspace, NULL, &removal.tracked);
    if (!err)
        err = rmv_pipeline_read(workspace, &removal.pipeline);
    for (int i = 0; !err && i < argc; i++)
        err = find_target(&removal, argv[i]);
    if (!err && option_outs)
        err = remove_data(&removal);
    if (!err)
        err = remove_targets(&removal);
    if (err)
        return err;
    if (option_json)
        print_json(&removal);
    else
        print(&removal);
    return NULL;
}

const struct cli_command rmv_command_remove = {
    .name = "remove",
    .arguments = "TARGET...",
    .summary = "stop tracking data, or remove a stage",
    .help =
        "A TARGET is a pointer file, the path that it tracks, or the name of a stage. Of a path,\n"
        "the pointer and the line in .gitignore are removed; of a stage, its lines in rmv.yaml, "
        "its\n"
        "entry in rmv.lock and its lines in .gitignore. The data stays where it is, and in the\n"
        "store as long as a commit leads to it.\n"
        "\n"
        "With --outs the data is removed from the workspace too. That is refused, and nothing is\n"
        "touched, if some of it is not saved, or if a pointer is not committed so that nothing\n"
        "would lead to the data any more; -f does it all the same. Files in a tracked folder that\n"
        "were never added are kept, unless -f is given; so are outputs with `cache: false`, which\n"
        "belong to Git.\n"
        "\n"
        "A run that was interrupted is finished by another one. Commit the result to Git.",
    .examples = "rmv remove data/raw.rmv  # data/raw is an ordinary folder again\n"
                "rmv remove --outs data/raw  # and away with it: `git checkout` and\n"
                "                            # `rmv checkout` bring it back\n"
                "rmv remove train  # the stage of that name\n",
    .options = options,
    .run = run,
};
