#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/pipeline/status.h"
#include "rmv/shared.h"

static bool option_json;

static const struct cli_option options[] = {
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

/* What can be said about one output. */
enum state { CLEAN, MODIFIED, DELETED, NOT_STORED };

static const char *const state_names[] = {"clean", "modified", "deleted", "not stored"};

struct output_status {
    const struct rmv_output *output; /* borrowed */
    const char *source, *stage;      /* borrowed */
    enum state state;
    bool is_stored;             /* is what the pointer says in the store? */
    struct rmv_changes changes; /* if it was modified, and the old state is in the store */
};

struct status {
    struct rmv_workspace *workspace;
    struct rmv_tracked tracked;
    struct output_status *outputs;
    size_t count;
    struct rmv_pipeline_status pipeline;
};

static void status_free(struct status *status)
{
    for (size_t i = 0; i < status->count; i++)
        rmv_changes_free(&status->outputs[i].changes);
    free(status->outputs);
    rmv_tracked_free(&status->tracked);
    rmv_pipeline_status_free(&status->pipeline);
}

/* ---- Finding out ------------------------------------------------------------------------------
 */

/* What a folder was is only known if its trees are in the store. */
static const struct rmv_error *compare(struct rmv_workspace *workspace,
                                       struct output_status *status, const struct rmv_output *now)
{
    const struct rmv_error *err =
        rmv_dataset_compare(workspace, status->output, now, &status->changes);
    if (err && err->code == RMV_ERR_NOT_FOUND) {
        rmv_changes_free(&status->changes);
        return NULL;
    }
    return err;
}

static const struct rmv_error *look_at(struct rmv_workspace *workspace,
                                       struct output_status *status)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output now = {0};
    const struct rmv_output *output = status->output;

    const struct rmv_error *err =
        rmv_dataset_look(workspace, output->path, &now, &status->is_stored);
    if (err)
        return err;
    /* What is there answers for what was saved only where both are the same. */
    const bool is_same = rmv_output_equal(output, &now);
    if (output->no_cache)
        status->is_stored = true;
    else if (!is_same)
        err = rmv_dataset_is_stored(workspace, output, &status->is_stored);
    if (err)
        return err;
    if (now.kind == RMV_OUTPUT_MISSING) {
        status->state = DELETED;
        return NULL;
    }
    if (!is_same) {
        status->state = MODIFIED;
        return compare(workspace, status, &now);
    }
    status->state = status->is_stored ? CLEAN : NOT_STORED;
    return NULL;
}

static const struct rmv_error *look_at_outputs(struct status *status,
                                               const struct rmv_strings *paths)
{
    const struct rmv_tracked *tracked = &status->tracked;
    status->outputs = rmv_calloc(tracked->outputs.count + 1, sizeof(*status->outputs));
    for (size_t i = 0; i < tracked->outputs.count; i++) {
        if (!cli_is_chosen(paths, tracked->outputs.items[i].path))
            continue;
        struct output_status *output = &status->outputs[status->count++];
        output->output = &tracked->outputs.items[i];
        output->source = tracked->sources.items[i];
        output->stage = tracked->stages.items[i];
        const struct rmv_error *err = look_at(status->workspace, output);
        if (err)
            return err;
    }
    return NULL;
}

static const struct rmv_error *look_at_pipeline(struct status *status,
                                                const struct rmv_strings *stages)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_free) bool *chosen = NULL;
    const struct rmv_error *err = rmv_pipeline_read(status->workspace, &pipeline);
    if (err)
        return err;
    if (stages->count)
        chosen = rmv_calloc(pipeline.count + 1, sizeof(*chosen));
    for (size_t i = 0; i < stages->count; i++)
        (void)rmv_pipeline_find_named(status->workspace, &pipeline, stages->items[i], chosen);
    return rmv_pipeline_status(status->workspace, &pipeline, chosen, &status->pipeline);
}

/* An argument is the name of a stage or a loop, or a path. A pipeline that cannot be read has no
 * stages: paths can be looked at without. */
static const struct rmv_error *parse(struct rmv_workspace *workspace, int argc, char **argv,
                                     struct rmv_strings *stages, struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    const struct rmv_error *err = NULL;
    const bool has_stages = argc > 0 && !rmv_pipeline_read(workspace, &pipeline);
    RMV_CLEANUP(rmv_free) bool *found = rmv_calloc(pipeline.count + 1, sizeof(*found));
    for (int i = 0; !err && i < argc; i++) {
        if (has_stages && rmv_pipeline_find_named(workspace, &pipeline, argv[i], found))
            rmv_strings_add(stages, argv[i]);
        else
            err = cli_paths(workspace, 1, &argv[i], paths);
    }
    return err;
}

static bool is_clean(const struct status *status)
{
    for (size_t i = 0; i < status->count; i++)
        if (status->outputs[i].state != CLEAN)
            return false;
    return status->pipeline.stages.count == 0;
}

/* ---- Printing ---------------------------------------------------------------------------------
 */

/* "2 added, 1 modified"; the caller frees it. */
static char *count_changes(const struct rmv_changes *changes)
{
    struct rmv_buf text = {0};
    for (int kind = RMV_CHANGE_ADDED; kind <= RMV_CHANGE_RENAMED; kind++) {
        size_t count;
        rmv_changes_count(changes, (enum rmv_change_kind)kind, &count);
        if (count > 0)
            rmv_buf_append_format(&text, "%s%zu %s", text.size ? ", " : "", count,
                                  cli_change_name((enum rmv_change_kind)kind));
    }
    return rmv_buf_take(&text);
}

static void print_output(const struct status *status, const struct output_status *output)
{
    RMV_CLEANUP(rmv_str_free) char *path = cli_shown_path(status->workspace, output->output->path);
    RMV_CLEANUP(rmv_str_free) char *counts = count_changes(&output->changes);
    const bool is_folder = output->output->kind == RMV_OUTPUT_TREE || output->changes.count > 1;

    if (output->state == CLEAN && !cli_verbose)
        return;
    printf("  %-10s  %s", state_names[output->state], path);
    if (output->state == MODIFIED && is_folder && output->changes.count > 0)
        printf("  (%s)", counts);
    if (*output->stage)
        cli_print("  [stage %s]", output->stage);
    if (output->state == DELETED && !output->is_stored)
        printf("  (and not in the store)");
    putchar('\n');
    if (cli_verbose && is_folder)
        cli_print_changes(status->workspace, &output->changes, "    ");
}

static void print_hint(const struct status *status)
{
    bool is_any[NOT_STORED + 1] = {false};
    for (size_t i = 0; i < status->count; i++)
        is_any[status->outputs[i].state] |=
            status->outputs[i].state != DELETED || status->outputs[i].is_stored;
    if (is_any[MODIFIED] || is_any[NOT_STORED])
        puts("`rmv commit` stores what is here; `rmv checkout -f` brings back what was saved.");
    else if (is_any[DELETED])
        puts("`rmv checkout` brings back what was saved.");
}

static void print_text(const struct status *status)
{
    bool is_any = cli_verbose && status->count > 0;
    for (size_t i = 0; i < status->count && !is_any; i++)
        is_any = status->outputs[i].state != CLEAN;
    if (is_any)
        puts("data:");
    for (size_t i = 0; i < status->count; i++)
        print_output(status, &status->outputs[i]);
    print_hint(status);

    if (status->pipeline.stages.count > 0)
        puts("pipeline:");
    for (size_t i = 0; i < status->pipeline.stages.count; i++)
        cli_print("  %s: %s\n", status->pipeline.stages.items[i],
                  status->pipeline.reasons.items[i]);
    if (is_clean(status) && status->outputs)
        printf("clean: %zu tracked output%s\n", status->count, status->count == 1 ? "" : "s");
    else if (is_clean(status))
        puts("clean");
}

static void output_to_value(const struct output_status *status, struct rmv_value *map)
{
    rmv_value_set_map(map);
    cli_set_path(map, "path", status->output->path);
    cli_set_text(map, "state", state_names[status->state]);
    cli_set_bool(map, "stored", status->is_stored);
    cli_set_path(map, "source", status->source);
    if (*status->stage)
        cli_set_text(map, "stage", status->stage);
    for (int kind = RMV_CHANGE_ADDED; kind <= RMV_CHANGE_RENAMED; kind++) {
        size_t count;
        rmv_changes_count(&status->changes, (enum rmv_change_kind)kind, &count);
        cli_set_int(map, cli_change_name((enum rmv_change_kind)kind), count);
    }
    cli_changes_to_value(&status->changes, rmv_value_add(map, "changes"));
}

static void print_json(const struct status *status)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    cli_set_bool(&document, "clean", is_clean(status));
    struct rmv_value *outputs = rmv_value_add(&document, "outputs");
    rmv_value_set_list(outputs);
    for (size_t i = 0; i < status->count; i++)
        output_to_value(&status->outputs[i], rmv_value_append(outputs));
    struct rmv_value *stages = rmv_value_add(&document, "pipeline");
    rmv_value_set_list(stages);
    for (size_t i = 0; i < status->pipeline.stages.count; i++) {
        struct rmv_value *stage = rmv_value_append(stages);
        rmv_value_set_map(stage);
        cli_set_text(stage, "stage", status->pipeline.stages.items[i]);
        cli_set_text(stage, "reason", status->pipeline.reasons.items[i]);
        struct rmv_value *changes = rmv_value_add(stage, "changes");
        rmv_value_set_list(changes);
        for (size_t k = 0; k < status->pipeline.details[i].count; k++) {
            const struct rmv_stage_reason *reason = &status->pipeline.details[i].reasons[k];
            struct rmv_value *change = rmv_value_append(changes);
            cli_set_text(change, "change", rmv_stage_change_name(reason->change));
            cli_set_text(change, "text", reason->text);
        }
    }
    cli_print_json(&document);
}

/* ---- The command ------------------------------------------------------------------------------
 */

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(status_free) struct status status = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings stages = {0};

    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = parse(workspace, argc, argv, &stages, &paths);
    if (err)
        return err;
    status.workspace = workspace;
    err = rmv_tracked_read(workspace, NULL, &status.tracked);
    if (!err)
        err = cli_check_tracked(workspace, &status.tracked, &paths);
    if (!err && (argc == 0 || paths.count))
        err = look_at_outputs(&status, &paths);
    if (!err && (argc == 0 || stages.count))
        err = look_at_pipeline(&status, &stages);
    if (err)
        return err;
    if (option_json)
        print_json(&status);
    else if (!cli_quiet)
        print_text(&status);
    /* A status of 1 without a word is what -q is for. */
    return cli_quiet && !is_clean(&status) ? rmv_error(RMV_ERR_FAILED, "%s", "") : NULL;
}

const struct cli_command rmv_command_status = {
    .name = "status",
    .arguments = "[PATH|STAGE...]",
    .summary = "show which tracked data and which stages changed",
    .help =
        "Compares the data in the workspace with what its pointer and lock files say: all of it,\n"
        "or that at, in or around each PATH. Files that did not change since they were looked at\n"
        "last are not read. For a folder there are counts; -v lists every path.\n"
        "\n"
        "modified   it differs from what was saved\n"
        "deleted    it is not in the workspace\n"
        "not stored it is as the pointer says, but the store does not have it: `rmv commit`\n"
        "\n"
        "Without a PATH, stages that would run again are listed too, with the reason, or those of\n"
        "each STAGE, named as `rmv stage list` does. The exit\n"
        "status is 0; with -q nothing is printed, and it is 1 if anything changed.",
    .examples = "rmv status  # everything\n"
                "rmv status -v data/raw  # every path that changed in it\n"
                "rmv status train  # would it run again, and why?\n"
                "rmv status -q && echo clean\n",
    .options = options,
    .run = run,
};
