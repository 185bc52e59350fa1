#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"
#include "rmv/commands.h"
#include "rmv/dataset/history.h"
#include "rmv/shared.h"

static bool option_json, option_all;
static int64_t option_number = -1;

static const struct cli_option options[] = {
    {.name = "number",
     .letter = 'n',
     .number = &option_number,
     .argument = "N",
     .help = "show at most N commits"},
    {.name = "all",
     .letter = 'a',
     .flag = &option_all,
     .help = "all branches and tags, not HEAD's past"},
    {.name = "json", .flag = &option_json, .help = "print a list of JSON"},
    {0},
};

struct walk {
    struct rmv_workspace *workspace;
    const char *path; /* NULL for everything */
    struct rmv_value document;
    int64_t shown;
};

static const char *describe(const struct rmv_history_change *change)
{
    if (change->before.kind == RMV_OUTPUT_MISSING)
        return "added";
    return change->after.kind == RMV_OUTPUT_MISSING ? "removed" : "changed";
}

static void print_change(const struct rmv_workspace *workspace,
                         const struct rmv_history_change *change)
{
    const bool is_removed = change->after.kind == RMV_OUTPUT_MISSING;
    const struct rmv_output *output = is_removed ? &change->before : &change->after;
    char hex[RMV_OBJECT_ID_HEX_SIZE];

    rmv_object_id_to_hex(&output->id, hex);
    RMV_CLEANUP(rmv_str_free) char *shown = cli_shown_path(workspace, output->path);
    printf("  %-8s %s %12" PRIu64 "  %s", describe(change), hex, output->size, shown);
    if (output->kind == RMV_OUTPUT_TREE)
        printf("/ (%" PRIu64 " file%s)", output->nfiles, output->nfiles == 1 ? "" : "s");
    if (*change->stage)
        cli_print(" by stage %s", change->stage);
    puts("");
}

/* Git's times reach further than ours, and anybody can write one into a commit. */
static void format_time(const struct rmv_vcs_commit *commit, char text[RMV_TIME_TEXT_SIZE])
{
    const int64_t limit = INT64_MAX / 1000000000;
    int64_t seconds = commit->time < limit ? commit->time : limit;
    seconds = seconds > -limit ? seconds : -limit;
    rmv_time_format(seconds * 1000000000, false, text);
}

static void print_commit(const struct rmv_workspace *workspace, const struct rmv_vcs_commit *commit,
                         const struct rmv_history_changes *changes)
{
    char time[RMV_TIME_TEXT_SIZE];
    RMV_CLEANUP(rmv_str_free) char *summary = rmv_path_quote(commit->summary);

    format_time(commit, time);
    printf("%.12s %s %s\n", commit->id, time, summary);
    for (size_t i = 0; i < changes->count; i++)
        print_change(workspace, &changes->items[i]);
}

static void add_commit(const struct rmv_vcs_commit *commit,
                       const struct rmv_history_changes *changes, struct rmv_value *object)
{
    char time[RMV_TIME_TEXT_SIZE];

    format_time(commit, time);
    cli_set_text(object, "commit", commit->id);
    cli_set_text(object, "time", time);
    cli_set_text(object, "author", commit->author);
    cli_set_text(object, "summary", commit->summary);
    struct rmv_value *list = rmv_value_add(object, "changes");
    rmv_value_set_list(list);
    for (size_t i = 0; i < changes->count; i++) {
        const struct rmv_history_change *change = &changes->items[i];
        const bool is_removed = change->after.kind == RMV_OUTPUT_MISSING;
        const struct rmv_output *output = is_removed ? &change->before : &change->after;
        struct rmv_value *entry = rmv_value_append(list);
        cli_set_text(entry, "change", describe(change));
        cli_set_path(entry, "path", output->path);
        cli_set_text(entry, "kind", output->kind == RMV_OUTPUT_TREE ? "tree" : "blob");
        cli_set_id(entry, "old_id", &change->before.id);
        cli_set_id(entry, "new_id", &change->after.id);
        if (change->before.kind != RMV_OUTPUT_MISSING)
            cli_set_int(entry, "old_size", change->before.size);
        if (!is_removed)
            cli_set_int(entry, "new_size", change->after.size);
        cli_set_path(entry, "source", change->source);
        if (*change->stage)
            cli_set_text(entry, "stage", change->stage);
    }
}

static const struct rmv_error *visit(void *context, const struct rmv_vcs_commit *commit, bool *stop)
{
    struct walk *walk = context;
    RMV_CLEANUP(rmv_history_changes_free) struct rmv_history_changes changes = {0};

    if (option_number >= 0 && walk->shown >= option_number) {
        *stop = true;
        return NULL;
    }
    const struct rmv_error *err = rmv_history_read(walk->workspace, commit, walk->path, &changes);
    if (err || changes.count == 0)
        return err;
    walk->shown++;
    if (option_json)
        add_commit(commit, &changes, rmv_value_append(&walk->document));
    else
        print_commit(walk->workspace, commit, &changes);
    return NULL;
}

static const struct rmv_error *log_run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_str_free) char *path = NULL;
    struct walk walk = {0};

    if (argc > 1)
        return rmv_error(RMV_ERR_USAGE, "log takes one path");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err && !workspace->vcs)
        err = rmv_error(RMV_ERR_USAGE,
                        "this workspace is not in a Git repository: it has no history");
    if (!err && argc > 0)
        err = rmv_workspace_path(workspace, argv[0], &path);
    if (err)
        return err;
    walk.workspace = workspace;
    walk.path = path && strcmp(path, ".") == 0 ? NULL : path;
    rmv_value_set_list(&walk.document);
    err = rmv_vcs_walk(workspace->vcs, option_all ? NULL : "HEAD", NULL, visit, &walk);
    if (!err && option_json)
        cli_print_json(&walk.document);
    rmv_value_free(&walk.document);
    if (!err && walk.path && walk.shown == 0 && option_number != 0)
        return rmv_error(RMV_ERR_NOT_FOUND, "no commit has changed tracked data at '%s'",
                         walk.path);
    return err;
}

const struct cli_command rmv_command_log = {
    .name = "log",
    .arguments = "[PATH]",
    .summary = "show which commits changed tracked data",
    .help =
        "Goes through the Git history of HEAD, newest first, and shows the commits that changed "
        "what\n"
        "is tracked: of each its id, time and first line, then what was added, changed or "
        "removed,\n"
        "with its new id and size. A merge is compared with its first parent.\n\n"
        "With a PATH, only what is there counts: a tracked file or folder, a folder above some, "
        "or\n"
        "a file inside a tracked folder, as far as the listings of that folder are in the store.\n"
        "Exits 3 if no commit has changed it.",
    .examples = "rmv log data/raw             # when did this change?\n"
                "rmv log -n 1 --json          # the last change to any data",
    .options = options,
    .run = log_run,
};
