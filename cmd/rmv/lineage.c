#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/lineage/lineage.h"
#include "rmv/shared.h"

static const char *option_revision;
static bool option_json, option_dot, option_quick, option_all;

static const struct cli_option options[] = {
    {.name = "rev",
     .text = &option_revision,
     .argument = "REV",
     .help = "the chain as of a Git revision, not the workspace's"},
    {.name = "quick",
     .flag = &option_quick,
     .help = "check records, folders and that files are stored, but do not hash files again"},
    {.name = "all",
     .letter = 'a',
     .flag = &option_all,
     .help = "show every parameter and command in full"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {.name = "dot", .flag = &option_dot, .help = "print a graph for Graphviz's dot"},
    {0},
};

/* Do lines of the terminal hold more than ASCII? */
static bool is_utf8_terminal(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
}

static void print_lineage(const struct rmv_lineage *lineage)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_lineage_style style = {
        .ascii = !is_utf8_terminal(),
        .colors = isatty(STDOUT_FILENO) && !getenv("NO_COLOR"),
        .all = option_all,
    };

    if (option_json)
        rmv_lineage_format_json(lineage, &text);
    else if (option_dot)
        rmv_lineage_format_dot(lineage, &text);
    else
        rmv_lineage_format_text(lineage, &style, &text);
    fwrite(text.data, 1, text.size, stdout);
}

/* A path as the user typed it, or an id, which no path of the workspace need exist for. */
static const struct rmv_error *trace(struct rmv_workspace *workspace, const char *typed,
                                     struct rmv_lineage *lineage)
{
    RMV_CLEANUP(rmv_progress_close) struct rmv_progress *progress = NULL;
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    const struct rmv_error *err = rmv_workspace_path(workspace, typed, &path);
    if (err)
        return err;
    if (!cli_quiet)
        rmv_progress_open(STDERR_FILENO, "checking", &progress);
    const struct rmv_lineage_options wanted = {
        .revision = option_revision, .quick = option_quick, .progress = progress};
    return rmv_lineage_trace(workspace, path, &wanted, lineage);
}

static const struct rmv_error *lineage_run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_lineage_free) struct rmv_lineage lineage = {0};

    if (argc != 1)
        return rmv_error(RMV_ERR_USAGE, "lineage of which file? One path, please");
    if (option_json && option_dot)
        return rmv_error(RMV_ERR_USAGE, "--json or --dot, not both");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = trace(workspace, argv[0], &lineage);
    if (err)
        return err;
    if (!cli_quiet)
        print_lineage(&lineage);
    const enum rmv_lineage_status status = rmv_lineage_status_of(&lineage);
    if (status <= RMV_LINEAGE_DIRTY)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *shown = rmv_path_quote(argv[0]);
    return rmv_error(RMV_ERR_FAILED, "the lineage of '%s' does not hold: %s", shown,
                     rmv_lineage_status_name(status));
}

const struct cli_command rmv_command_lineage = {
    .name = "lineage",
    .arguments = "PATH",
    .summary = "show where a file came from, and check the whole chain",
    .help =
        "Follows a file back to its sources: the run that made it, with its command, parameters,\n"
        "commit, time and machine, what that run read, what made that, and so on, until every\n"
        "branch ends at data that was added or imported, or at a file in Git.\n"
        "\n"
        "PATH is an output, a file inside a tracked folder, any file in Git, or the id of an\n"
        "object (at least 8 digits). Every step is checked: records, folders and files are\n"
        "hashed again, pointer and lock files are compared with the records they name, code and\n"
        "parameters with the commit that the run is bound to, which is the first one that names\n"
        "its record. Each step gets a status:\n"
        "\n"
        "  verified    everything that was claimed is so\n"
        "  dirty       so far: code or run are in no commit yet\n"
        "  unrecorded  nobody knows where it came from\n"
        "  changed     two places that must agree do not\n"
        "  missing     an object is not in the store\n"
        "  damaged     an object is not what its id says\n"
        "\n"
        "The exit status is 0 if the chain holds (verified or dirty) and 1 if it does not; what\n"
        "is wrong is listed at the end.",
    .examples = "rmv lineage data/models/model.bin      # where did this model come from?\n"
                "rmv lineage --rev v1.2 data/features   # as it was in a release\n"
                "rmv lineage --json report.pdf          # for programs\n"
                "rmv lineage --dot report.pdf | dot -Tsvg >lineage.svg",
    .options = options,
    .run = lineage_run,
};
