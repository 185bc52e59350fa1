#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/diff_rows.h"
#include "rmv/revisions.h"
#include "rmv/shared.h"

static bool option_json;
static const char *option_key;

static const struct cli_option options[] = {
    {.name = "key",
     .text = &option_key,
     .argument = "COLUMN[,COLUMN...]",
     .help = "compare the one PATH, a CSV file, row by row; rows are found by these columns"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

struct diff {
    struct rmv_workspace *workspace;
    struct cli_revisions revisions;
    struct rmv_tracked before, after;
    struct rmv_changes changes;
};

static void diff_free(struct diff *diff)
{
    cli_revisions_free(&diff->revisions);
    rmv_tracked_free(&diff->before);
    rmv_tracked_free(&diff->after);
    rmv_changes_free(&diff->changes);
}

/* A repository without a commit has nothing to compare with: everything is new. */
static const struct rmv_error *read_before(struct diff *diff)
{
    const struct cli_revisions *revisions = &diff->revisions;
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit head = {0};

    if (revisions->names.count > 0)
        return rmv_tracked_read(diff->workspace, revisions->names.items[0], &diff->before);
    if (!diff->workspace->vcs)
        return rmv_error(RMV_ERR_USAGE, "there is nothing to compare with: the workspace is not in "
                                        "a Git repository");
    const struct rmv_error *err = rmv_vcs_resolve(diff->workspace->vcs, "HEAD", &head);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    return rmv_tracked_read(diff->workspace, "HEAD", &diff->before);
}

/* The state at one of the ends; for the workspace, what is really there. */
static const struct rmv_error *state_after(struct diff *diff, const struct rmv_output *output,
                                           struct rmv_output *state)
{
    if (diff->revisions.names.count > 1) {
        rmv_output_copy(state, output);
        return NULL;
    }
    return rmv_dataset_hash(diff->workspace, output->path, NULL, state);
}

static const struct rmv_error *compare(struct diff *diff, const struct rmv_output *before,
                                       const struct rmv_output *after)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output old_state = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output new_state = {0};
    const struct rmv_error *err = NULL;

    if (before)
        rmv_output_copy(&old_state, before);
    if (after)
        err = state_after(diff, after, &new_state);
    if (err || rmv_output_equal(&old_state, &new_state))
        return err;
    return rmv_dataset_compare(diff->workspace, &old_state, &new_state, &diff->changes);
}

/* Both lists are sorted by path. */
static const struct rmv_error *compare_all(struct diff *diff)
{
    const struct rmv_outputs *before = &diff->before.outputs;
    const struct rmv_outputs *after = &diff->after.outputs;
    size_t i = 0;
    size_t k = 0;

    while (i < before->count || k < after->count) {
        const int order = i == before->count  ? 1
                          : k == after->count ? -1
                                              : strcmp(before->items[i].path, after->items[k].path);
        const struct rmv_output *old_output = order <= 0 ? &before->items[i++] : NULL;
        const struct rmv_output *new_output = order >= 0 ? &after->items[k++] : NULL;
        const char *path = order <= 0 ? before->items[i - 1].path : after->items[k - 1].path;
        if (!cli_is_chosen(&diff->revisions.paths, path))
            continue;
        const struct rmv_error *err = compare(diff, old_output, new_output);
        if (err)
            return rmv_error_context(err, "'%s'", path);
    }
    rmv_changes_find_renames(&diff->changes);
    return NULL;
}

/* What was asked for may be a part of an output. */
static void drop_others(struct diff *diff)
{
    size_t kept = 0;
    struct rmv_changes *changes = &diff->changes;
    for (size_t i = 0; i < changes->count; i++) {
        struct rmv_change *change = &changes->items[i];
        const bool is_chosen =
            cli_is_chosen(&diff->revisions.paths, change->path) ||
            (change->old_path && cli_is_chosen(&diff->revisions.paths, change->old_path));
        if (is_chosen) {
            changes->items[kept++] = *change;
            continue;
        }
        rmv_str_free(&change->path);
        rmv_str_free(&change->old_path);
    }
    changes->count = kept;
}

static void print_json(const struct diff *diff)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    cli_changes_to_value(&diff->changes, &list);
    cli_print_json(&list);
}

static void print_counts(const struct rmv_changes *changes)
{
    for (int kind = RMV_CHANGE_ADDED; kind <= RMV_CHANGE_RENAMED; kind++) {
        size_t count;
        rmv_changes_count(changes, (enum rmv_change_kind)kind, &count);
        printf("%s%zu %s", kind == RMV_CHANGE_ADDED ? "" : ", ", count,
               cli_change_name((enum rmv_change_kind)kind));
    }
    putchar('\n');
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(diff_free) struct diff diff = {0};

    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = cli_revisions_parse(workspace, argc, argv, 2, &diff.revisions);
    if (err)
        return err;
    if (option_key)
        return cli_diff_rows(workspace, &diff.revisions, option_key, option_json);
    diff.workspace = workspace;
    err = read_before(&diff);
    if (!err)
        err = rmv_tracked_read(
            workspace, diff.revisions.names.count > 1 ? diff.revisions.names.items[1] : NULL,
            &diff.after);
    if (!err)
        err = compare_all(&diff);
    if (err)
        return err;
    drop_others(&diff);
    if (option_json) {
        print_json(&diff);
    } else if (!cli_quiet) {
        cli_print_changes(workspace, &diff.changes, "");
        if (diff.changes.count > 0)
            print_counts(&diff.changes);
    }
    return NULL;
}

const struct cli_command rmv_command_diff = {
    .name = "diff",
    .arguments = "[REV [REV]] [--] [PATH...]",
    .summary = "show which tracked data differs between two revisions",
    .help =
        "Lists the files that were added, modified, deleted or renamed between the data of two\n"
        "Git revisions, with their sizes: from the first REV to the second; from REV to the\n"
        "workspace as it is now; or from HEAD to the workspace. A rename is a file that is gone\n"
        "and one with the same content that is new. With PATHs, only what is at or below them.\n"
        "\n"
        "An argument that could be both a revision and a path is refused; `--` stands between\n"
        "them then. No file is read whose content is known.\n"
        "\n"
        "With --key, PATH is a tracked CSV file (RFC 4180, a header first), and its rows are\n"
        "compared in whatever order they are: added, removed and changed ones are printed, with\n"
        "the columns that changed; columns that only one version has are named and otherwise left\n"
        "out. Two rows with one key, and records that break the rules, are errors that name the\n"
        "line. Memory stays bounded; beyond a million rows the files are read several times, and\n"
        "what is printed comes in several rounds.",
    .examples = "rmv diff  # what changed since the last commit\n"
                "rmv diff v1.0 v2.0  # between two tags\n"
                "rmv diff HEAD~1 -- data/raw\n"
                "rmv diff --key user_id,date v1.0 data/visits.csv  # rows of a table\n",
    .options = options,
    .keeps_dashes = true,
    .run = run,
};
