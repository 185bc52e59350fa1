#include <stdio.h>
#include <string.h>

#include "rmv/base/lock.h"
#include "rmv/base/mem.h"
#include "rmv/base/yaml.h"
#include "rmv/commands.h"
#include "rmv/dataset/work_file.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/shared.h"

static bool option_json;

static const struct cli_option options[] = {
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

/* Its name under `stages:` in the file. */
static const char *name_in_file(const struct rmv_stage *stage)
{
    return stage->loop ? stage->loop : stage->name;
}

static const struct rmv_error *change(struct rmv_workspace *workspace, const char *file,
                                      const char *name, bool frozen)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf new_text = {0};
    const struct rmv_pipeline_edit edit = {.file = file, .name = name};
    bool found;

    const struct rmv_error *err =
        rmv_work_file_read(workspace, file, RMV_YAML_BYTES_MAX, &found, &text);
    if (!err)
        err = rmv_pipeline_set_frozen(&edit, &text, frozen, &new_text);
    return err ? err : rmv_work_file_write(workspace, file, &new_text);
}

static const struct rmv_error *check_loop(struct rmv_workspace *workspace,
                                          const struct rmv_pipeline *pipeline, const char *typed)
{
    const struct rmv_stage *stage = rmv_pipeline_find_stage(workspace, pipeline, typed);
    if (!stage || !stage->loop)
        return NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED,
                                    "'%s' comes from a loop, whose stages are frozen together",
                                    typed),
                          "the loop is called '%s'", stage->loop);
}

static void report(const struct rmv_stage *stage, bool frozen, bool changed,
                   struct rmv_value *stages)
{
    struct rmv_value *entry = rmv_value_append(stages);
    cli_set_text(entry, "stage", stage->address);
    cli_set_bool(entry, "frozen", frozen);
    cli_set_bool(entry, "changed", changed);
    if (option_json || cli_quiet)
        return;
    if (changed)
        cli_print("Stage '%s' is %s now\n", stage->address, frozen ? "frozen" : "no longer frozen");
    else
        cli_print("Stage '%s' was %sfrozen already\n", stage->address, frozen ? "" : "not ");
}

/* Many stages of a loop are one change. */
static const struct rmv_error *change_once(struct rmv_workspace *workspace,
                                           const struct rmv_stage *stage, bool frozen,
                                           struct rmv_strings *done)
{
    RMV_CLEANUP(rmv_str_free)
    char *key = rmv_str_format("%s:%s", stage->file, name_in_file(stage));
    if (rmv_strings_has(done, key))
        return NULL;
    rmv_strings_add(done, key);
    return change(workspace, stage->file, name_in_file(stage), frozen);
}

static const struct rmv_error *change_all(struct rmv_workspace *workspace,
                                          const struct rmv_pipeline *pipeline, const bool *found,
                                          bool frozen)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings done = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    struct rmv_value *stages = rmv_value_add(&document, "stages");

    rmv_value_set_list(stages);
    for (size_t i = 0; i < pipeline->count; i++) {
        const struct rmv_stage *stage = &pipeline->stages[i];
        const bool changed = stage->frozen != frozen;
        if (!found[i])
            continue;
        const struct rmv_error *err = changed ? change_once(workspace, stage, frozen, &done) : NULL;
        if (err)
            return err;
        report(stage, frozen, changed, stages);
    }
    if (option_json)
        cli_print_json(&document);
    return NULL;
}

static const struct rmv_error *set_frozen(int argc, char **argv, bool frozen)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_free) bool *found = NULL;

    if (argc == 0)
        return rmv_error(RMV_ERR_USAGE, "which stages should be %s?",
                         frozen ? "frozen" : "unfrozen");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = rmv_workspace_lock(workspace, &lock);
    if (!err)
        err = rmv_pipeline_read(workspace, &pipeline);
    if (err)
        return err;
    found = rmv_calloc(pipeline.count + 1, sizeof(*found));
    for (int i = 0; !err && i < argc; i++) {
        err = rmv_pipeline_find(workspace, &pipeline, argv[i], found);
        if (!err)
            err = check_loop(workspace, &pipeline, argv[i]);
    }
    return err ? err : change_all(workspace, &pipeline, found, frozen);
}

static const struct rmv_error *freeze(int argc, char **argv)
{
    return set_frozen(argc, argv, true);
}

static const struct rmv_error *unfreeze(int argc, char **argv)
{
    return set_frozen(argc, argv, false);
}

const struct cli_command rmv_command_freeze = {
    .name = "freeze",
    .arguments = "STAGE...",
    .summary = "keep stages from running, whatever changes",
    .help =
        "Writes `frozen: true` into the rmv.yaml of each STAGE; comments and everything else in\n"
        "the file stay as they are. `rmv repro` then leaves the stage alone, and what it needs\n"
        "too, unless others need that; outputs that are missing still come back from the store.\n"
        "\n"
        "A STAGE is a name, FILE:NAME, an output, or a pattern (quote it). The stages of a loop\n"
        "are frozen together, by the loop's name.",
    .examples = "rmv freeze train           # keep the model as it is\n"
                "rmv freeze 'prep*'         # several\n",
    .options = options,
    .run = freeze,
};

const struct cli_command rmv_command_unfreeze = {
    .name = "unfreeze",
    .arguments = "STAGE...",
    .summary = "let frozen stages run again",
    .help =
        "Takes `frozen` out of the rmv.yaml of each STAGE, named as for `rmv freeze`. The next\n"
        "`rmv repro` runs it if anything changed since it ran last.",
    .examples = "rmv unfreeze train\n",
    .options = options,
    .run = unfreeze,
};
