#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/history.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/pipeline/plots.h"
#include "rmv/shared.h"

#define FOLDER "rmv_plots"
#define PAGE "index.html"

static const char *option_x, *option_y, *option_template, *option_title, *option_x_label;
static const char *option_y_label, *option_out;
static bool option_json, option_no_header, option_branches, option_tags, option_commits;
static struct rmv_strings option_targets;

#define COMMON_OPTIONS                                                                             \
    {.name = "template",                                                                           \
     .letter = 't',                                                                                \
     .text = &option_template,                                                                     \
     .argument = "NAME",                                                                           \
     .help = "linear, simple, scatter, smooth, confusion, confusion_normalized, bar_horizontal "   \
             "or bar_horizontal_sorted"},                                                          \
        {.name = "x",                                                                              \
         .letter = 'x',                                                                            \
         .text = &option_x,                                                                        \
         .argument = "COLUMN",                                                                     \
         .help = "the column for the x axis"},                                                     \
        {.name = "y",                                                                              \
         .letter = 'y',                                                                            \
         .text = &option_y,                                                                        \
         .argument = "COLUMN",                                                                     \
         .help = "the column for the y axis"},                                                     \
        {.name = "title", .text = &option_title, .argument = "TEXT", .help = "a title"},           \
        {.name = "x-label",                                                                        \
         .text = &option_x_label,                                                                  \
         .argument = "TEXT",                                                                       \
         .help = "what the x axis is called"},                                                     \
        {.name = "y-label",                                                                        \
         .text = &option_y_label,                                                                  \
         .argument = "TEXT",                                                                       \
         .help = "what the y axis is called"},                                                     \
        {.name = "no-header",                                                                      \
         .flag = &option_no_header,                                                                \
         .help = "CSV and TSV have no line of names: columns are 0, 1, …"},                        \
        {.name = "out",                                                                            \
         .letter = 'o',                                                                            \
         .text = &option_out,                                                                      \
         .argument = "PATH",                                                                       \
         .help = "where the page goes: an .html file, or a folder (rmv_plots)"},                   \
        {.name = "json", .flag = &option_json, .help = "print the data as JSON, make no page"},    \
        {0},

static const struct cli_option show_options[] = {
    {.name = "all-branches",
     .letter = 'a',
     .flag = &option_branches,
     .help = "of the workspace and every branch"},
    {.name = "all-tags",
     .letter = 'T',
     .flag = &option_tags,
     .help = "of the workspace and every tag"},
    {.name = "all-commits",
     .letter = 'A',
     .flag = &option_commits,
     .help = "of the workspace and every commit that a branch or tag leads to"},
    COMMON_OPTIONS};

static const struct cli_option diff_options[] = {
    {.name = "targets",
     .list = &option_targets,
     .argument = "PLOT",
     .help = "only this plot or file; may be given several times"},
    COMMON_OPTIONS};

/* ---- The page ------------------------------------------------------------------------------- */

/* An .html file as it is; anything else is the folder that the page goes into. */
static const struct rmv_error *find_page(char **path)
{
    const char *out = option_out ? option_out : FOLDER;
    struct stat status;

    if (rmv_path_has_suffix(out, ".html") || rmv_path_has_suffix(out, ".htm")) {
        *path = rmv_str_copy(out);
        return NULL;
    }
    /* Nobody named it, so it may be a clone's. */
    if (!option_out && lstat(out, &status) == 0 && S_ISLNK(status.st_mode))
        return rmv_error_hint(
            rmv_error(RMV_ERR_DENIED, "'" FOLDER "' is a symbolic link, and is not written to"),
            "--out '" FOLDER "' writes to where it leads");
    *path = rmv_path_join(out, PAGE);
    return rmv_fs_mkdir_p(out);
}

static const struct rmv_error *write_page(const struct rmv_plots *plots, const char *title)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf page = {0};
    RMV_CLEANUP(rmv_str_free) char *path = NULL;

    const struct rmv_error *err = find_page(&path);
    if (err)
        return err;
    rmv_plots_format_html(plots, title, &page);
    err = rmv_fs_write_atomic(path, page.data, page.size);
    if (!err && !cli_quiet)
        puts(path);
    return err;
}

static void warn(const struct rmv_plots *plots)
{
    for (size_t i = 0; i < plots->count; i++)
        for (size_t k = 0; k < plots->items[i].problems.count; k++)
            rmv_log_write(cli_log(), RMV_LOG_WARNING, "plot '%s': %s", plots->items[i].id,
                          plots->items[i].problems.items[k]);
}

static const struct rmv_error *show(struct rmv_workspace *workspace,
                                    const struct cli_states *states,
                                    const struct rmv_strings *targets, const char *title)
{
    RMV_CLEANUP(rmv_plots_free) struct rmv_plots plots = {0};
    const struct rmv_plots_request request = {.labels = &states->labels,
                                              .revisions = &states->revisions,
                                              .targets = targets,
                                              .x = option_x,
                                              .y = option_y,
                                              .template = option_template,
                                              .title = option_title,
                                              .x_label = option_x_label,
                                              .y_label = option_y_label,
                                              .no_header = option_no_header};

    const struct rmv_error *err = rmv_plots_read(workspace, &request, &plots);
    if (err)
        return err;
    warn(&plots);
    if (option_json) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
        rmv_plots_to_value(&plots, &document);
        cli_print_json(&document);
        return NULL;
    }
    if (!plots.count)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "there are no plots"),
                              "name them under 'plots' in rmv.yaml, or give a file");
    return write_page(&plots, title);
}

/* Targets are names of plots, which may be anything, or paths as typed. */
static const struct rmv_error *find_targets(struct rmv_workspace *workspace, char *const *typed,
                                            size_t count, struct rmv_strings *targets)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};

    const struct rmv_error *err = rmv_pipeline_read(workspace, &pipeline);
    for (size_t i = 0; !err && i < count; i++) {
        char *path = NULL;
        bool is_id = false;
        for (size_t k = 0; k < pipeline.plots_count; k++)
            is_id = is_id ||
                    (!pipeline.plots[k].has_path && strcmp(pipeline.plots[k].id, typed[i]) == 0);
        if (!is_id)
            err = rmv_workspace_path(workspace, typed[i], &path);
        rmv_strings_take(targets, path ? path : rmv_str_copy(typed[i]));
    }
    return err;
}

static const struct rmv_error *plots_show(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings targets = {0};
    RMV_CLEANUP(cli_states_free) struct cli_states states = {0};
    const struct cli_history history = {
        .branches = option_branches, .tags = option_tags, .commits = option_commits};

    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = find_targets(workspace, argv, (size_t)argc, &targets);
    if (!err)
        err = cli_history_list(workspace, &history, &states);
    return err ? err : show(workspace, &states, &targets, "Plots");
}

/* The revisions, and the workspace with fewer than two. */
static const struct rmv_error *list_states(struct rmv_workspace *workspace, int argc, char **argv,
                                           struct cli_states *states)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    static char head[] = "HEAD";
    char *const fallback[] = {head};
    char *const *revisions = argc ? argv : fallback;

    if (!workspace->vcs)
        return rmv_error(RMV_ERR_USAGE, "there are no revisions: this is no Git repository");
    for (int i = 0; i < (argc ? argc : 1); i++) {
        const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, revisions[i], &commit);
        if (err)
            return err;
        rmv_vcs_commit_free(&commit);
        rmv_strings_add(&states->labels, revisions[i]);
        rmv_strings_add(&states->revisions, revisions[i]);
    }
    if (argc < 2) {
        rmv_strings_add(&states->labels, "workspace");
        rmv_strings_add(&states->revisions, "");
    }
    return NULL;
}

static const struct rmv_error *plots_diff(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings targets = {0};
    RMV_CLEANUP(cli_states_free) struct cli_states states = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf title = {0};

    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = find_targets(workspace, option_targets.items, option_targets.count, &targets);
    if (!err)
        err = list_states(workspace, argc, argv, &states);
    if (err)
        return err;
    rmv_buf_append_string(&title, "Plots: ");
    for (size_t i = 0; i < states.labels.count; i++)
        rmv_buf_append_format(&title, "%s%s", i ? ", " : "", states.labels.items[i]);
    return show(workspace, &states, &targets, rmv_buf_string(&title));
}

#define COMMON_HELP                                                                                \
    "Plots are what rmv.yaml lists under 'plots', of stages or at the top. Tables (.csv, .tsv,\n"  \
    ".json, .yaml) become charts, with the last column as y unless 'y' says otherwise, and the\n"  \
    "number of the row as x; images (.png, .jpg, .gif, .svg, .webp, .bmp) are shown side by\n"     \
    "side. Of a folder, every such file is a plot. In JSON and YAML, the first list of maps is\n"  \
    "the table. Values of revisions come from Git or the store, not the workspace.\n"              \
    "\n"                                                                                           \
    "linear draws lines with points, simple lines, scatter points, scatter_jitter points a bit\n"  \
    "beside their place, so that many show, smooth lines through local averages; confusion\n"      \
    "counts how often each x comes with each y, confusion_normalized gives it as a share of its\n" \
    "y; bar_horizontal draws a bar of length x for each y, and bar_horizontal_sorted the\n"        \
    "longest first. A template may also be a file in .dvc/plots, or a path; Vega is not used\n"    \
    "here, so what has the same mark is drawn, with a warning: points, lines or a matrix.\n"       \
    "\n"                                                                                           \
    "The page needs nothing but itself: no network, no scripts; an SVG image cannot run any. "     \
    "Its\n"                                                                                        \
    "path is printed. What cannot be drawn is named there and in a warning."

const struct cli_command rmv_command_plots_show = {
    .name = "plots show",
    .arguments = "[PLOT...]",
    .summary = "draw plots on a page of HTML",
    .help = "Draws the plots of the workspace, all of them or each PLOT: the name of one, a file,\n"
            "whether rmv.yaml lists it or not, or a folder.\n"
            "\n" COMMON_HELP,
    .examples = "rmv plots show                                  # all of them\n"
                "rmv plots show log.csv -x epoch -y loss         # one file\n"
                "rmv plots show -t confusion -x actual -y predicted classes.csv -o page.html\n",
    .options = show_options,
    .run = plots_show,
};

const struct cli_command rmv_command_plots_diff = {
    .name = "plots diff",
    .arguments = "[REV...]",
    .summary = "draw plots of several revisions together",
    .help = "Draws the plots of several revisions together, or of one (HEAD unless told) and the\n"
            "workspace: lines in different colours, matrices and images side by side.\n"
            "\n" COMMON_HELP,
    .examples = "rmv plots diff                        # what this run changed\n"
                "rmv plots diff v1 v2 --targets roc.json\n",
    .options = diff_options,
    .run = plots_diff,
};
