#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"
#include "rmv/commands.h"
#include "rmv/dataset/checkout.h"
#include "rmv/revisions.h"
#include "rmv/shared.h"

static bool option_force;
static bool option_summary;
static bool option_json;
static bool option_switch;
static bool option_relink;
static const char *option_link;

static const struct cli_option options[] = {
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "give up unsaved data, uncommitted pointers and untracked files in tracked folders"},
    {.name = "relink",
     .flag = &option_relink,
     .help = "also make files whose content is right the type of link that is wanted"},
    {.name = "link",
     .text = &option_link,
     .argument = "TYPES",
     .help = "reflink, hardlink, symlink, copy, or several to be tried in order, instead of "
             "cache.type"},
    {.name = "switch", .flag = &option_switch, .help = "move HEAD to REV first, by `git switch`"},
    {.name = "summary", .flag = &option_summary, .help = "print the counts alone"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

/* ---- Printing ---------------------------------------------------------------------------------
 */

static void print_json(const struct rmv_checkout_report *report)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    rmv_value_set_map(&document);
    cli_set_int(&document, "added", report->data.added);
    cli_set_int(&document, "modified", report->data.modified);
    cli_set_int(&document, "deleted", report->data.deleted);
    cli_set_int(&document, "unchanged", report->data.unchanged);
    cli_set_int(&document, "relinked", report->data.relinked);
    cli_changes_to_value(&report->data.outputs, rmv_value_add(&document, "outputs"));
    cli_set_paths(&document, "pointers", &report->sources);
    cli_set_paths(&document, "files", &report->files);
    cli_set_paths(&document, "kept", &report->data.kept);
    cli_print_json(&document);
}

static void print_paths(const struct rmv_workspace *workspace, const char *what,
                        const struct rmv_strings *paths)
{
    for (size_t i = 0; i < paths->count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = cli_shown_path(workspace, paths->items[i]);
        printf("%-8s  %s\n", what, path);
    }
}

static void print_outputs(const struct rmv_workspace *workspace,
                          const struct rmv_checkout_report *report)
{
    for (size_t i = 0; i < report->data.outputs.count; i++) {
        const struct rmv_change *output = &report->data.outputs.items[i];
        RMV_CLEANUP(rmv_str_free) char *path = cli_shown_path(workspace, output->path);
        printf("%-8s  %s\n", cli_change_name(output->kind), path);
    }
    print_paths(workspace, "from Git", &report->files);
    if (cli_verbose) {
        print_paths(workspace, "pointer", &report->sources);
        print_paths(workspace, "kept", &report->data.kept);
    }
}

static void print(const struct rmv_workspace *workspace, const struct rmv_checkout_report *report)
{
    const struct rmv_restore_report *data = &report->data;

    if (option_json) {
        print_json(report);
        return;
    }
    if (cli_quiet)
        return;
    if (!option_summary)
        print_outputs(workspace, report);
    printf("%llu added, %llu modified, %llu deleted, %llu unchanged\n",
           (unsigned long long)data->added, (unsigned long long)data->modified,
           (unsigned long long)data->deleted, (unsigned long long)data->unchanged);
    if (data->relinked > 0)
        printf("%llu relinked\n", (unsigned long long)data->relinked);
    if (data->kept.count > 0)
        printf("%zu not tracked and kept; -v lists them, -f removes them\n", data->kept.count);
}

/* ---- Switching --------------------------------------------------------------------------------
 */

/* As `git switch` would: to a branch, or, where REV is none, to the commit itself. */
static const struct rmv_error *run_git_switch(const struct rmv_workspace *workspace,
                                              const char *revision)
{
    RMV_CLEANUP(rmv_str_free) char *reference = rmv_str_format("refs/heads/%s", revision);
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    const bool is_branch = !rmv_vcs_resolve(workspace->vcs, reference, &commit);
    const char *argv[8] = {"git", "switch", "--quiet"};
    size_t count = 3;
    pid_t pid;
    int status;

    if (option_force)
        argv[count++] = "--discard-changes";
    if (!is_branch)
        argv[count++] = "--detach";
    argv[count] = revision;
    const struct rmv_process_options process = {.argv = argv, .folder = workspace->root};
    const struct rmv_error *err = rmv_process_start(&process, &pid);
    if (!err)
        err = rmv_process_wait(pid, &status);
    if (err)
        return rmv_error_context(err, "git switch");
    if (status != 0)
        return rmv_error(RMV_ERR_FAILED, "`git switch %s` failed, and no data was touched",
                         revision);
    return NULL;
}

/* ---- The command ------------------------------------------------------------------------------
 */

struct request {
    struct rmv_workspace *workspace;
    const char *revision;
    const struct rmv_strings *paths;
};

static const struct rmv_error *run_checkout(const struct request *request, bool check_only)
{
    RMV_CLEANUP(rmv_checkout_report_free) struct rmv_checkout_report report = {0};
    RMV_CLEANUP(rmv_progress_close) struct rmv_progress *progress = NULL;

    rmv_progress_open(cli_quiet ? -1 : STDERR_FILENO, "checking out", &progress);
    const struct rmv_checkout_options checkout_options = {
        .revision = request->revision,
        .paths = request->paths,
        .force = option_force,
        .relink = option_relink,
        .check_only = check_only,
        .progress = progress,
    };
    const struct rmv_error *err = rmv_checkout(request->workspace, &checkout_options, &report);
    rmv_progress_close(&progress);
    if (!check_only && (!err || report.data.is_begun))
        print(request->workspace, &report);
    return err;
}

/* Everything that may stand against it is found out before HEAD moves. */
static const struct rmv_error *switch_and_run(struct rmv_workspace **workspace,
                                              struct request *request)
{
    if (!request->revision || request->paths->count > 0)
        return rmv_error(RMV_ERR_USAGE, "--switch needs a revision, and takes no paths");
    const struct rmv_error *err = cli_use_links(*workspace, option_link);
    if (!err)
        err = run_checkout(request, true);
    if (!err)
        err = run_git_switch(*workspace, request->revision);
    if (err)
        return err;
    rmv_workspace_close(workspace);
    err = cli_open_workspace(workspace);
    if (!err)
        err = cli_use_links(*workspace, option_link);
    if (err)
        return err;
    request->workspace = *workspace;
    request->revision = NULL;
    return run_checkout(request, false);
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(cli_revisions_free) struct cli_revisions revisions = {0};

    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = cli_use_links(workspace, option_link);
    if (!err)
        err = cli_revisions_parse(workspace, argc, argv, 1, &revisions);
    if (err)
        return err;
    struct request request = {
        .workspace = workspace,
        .revision = revisions.names.count > 0 ? revisions.names.items[0] : NULL,
        .paths = &revisions.paths,
    };
    return option_switch ? switch_and_run(&workspace, &request) : run_checkout(&request, false);
}

const struct cli_command rmv_command_checkout = {
    .name = "checkout",
    .arguments = "[REV] [--] [PATH...]",
    .summary = "make the workspace's data what its pointers, or a revision's, say",
    .help =
        "Without REV, brings the data in line with the pointer and lock files of the workspace:\n"
        "missing files come back, changed ones are replaced, and data that only the branch before\n"
        "tracked is removed. With REV, the pointer and lock files of that Git revision and its\n"
        "outputs with `cache: false` are put into the workspace first; pointers that HEAD has and\n"
        "REV lacks go, with their data. HEAD does not move; --switch moves it. With PATHs, only\n"
        "what is at, in or around them; one file of a tracked folder, for instance.\n"
        "\n"
        "Everything is checked before anything is touched: modifications that are not saved, and\n"
        "pointer or lock files that are not committed, are listed and refused without -f. Files\n"
        "in a tracked folder that were never added are kept without -f; so are FIFOs, sockets and\n"
        "devices, which cannot be tracked: one in the place of a file is named, and the rest is\n"
        "restored. What is written is hashed; where an object is missing or damaged, the old file "
        "stays, the rest is restored,\n"
        "and the error names the object.\n"
        "\n"
        "Files are made as cache.type says, or --link: `rmv help config`. With --relink, those\n"
        "whose content is right already are replaced where they are of another type.\n"
        "\n"
        "An argument that could be both a revision and a path is refused; `--` stands between\n"
        "them then. Afterwards `rmv status` is clean for data; its stages are compared with the\n"
        "rmv.yaml that is in the workspace, which REV does not change.",
    .examples = "rmv checkout  # after git clone, git switch or git pull\n"
                "rmv checkout v1.0  # the data and pointers of a tag\n"
                "rmv checkout data/raw/users.csv  # one file\n"
                "rmv checkout --relink --link symlink  # links in place of copies\n"
                "rmv checkout --switch experiment  # git switch and rmv checkout in one\n",
    .options = options,
    .keeps_dashes = true,
    .run = run,
};
