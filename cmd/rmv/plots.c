#include "rmv/plots.h"

#include <string.h>
#include <sys/stat.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/baselines.h"
#include "rmv/commands.h"
#include "rmv/experiment/experiment.h"
#include "rmv/history.h"
#include "rmv/pipeline/pipeline.h"
#include "rmv/revisions.h"
#include "rmv/shared.h"

static const char *option_x, *option_y, *option_template, *option_title, *option_x_label;
static const char *option_y_label, *option_out, *option_html_template;
static bool option_json, option_no_header, option_branches, option_tags, option_commits;
static bool option_vega, option_split, option_open, option_experiment;
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
        {.name = "html-template",                                                                  \
         .text = &option_html_template,                                                            \
         .argument = "FILE",                                                                       \
         .help = "put the plots where this page of HTML has {plot_divs}"},                         \
        {.name = "open", .flag = &option_open, .help = "open the page in a browser (xdg-open)"},   \
        {.name = "show-vega",                                                                      \
         .flag = &option_vega,                                                                     \
         .help = "print the Vega-Lite JSON of the one plot that is named, make no page"},          \
        {.name = "json", .flag = &option_json, .help = "print the data as JSON, make no page"},    \
        {.name = "split",                                                                          \
         .flag = &option_split,                                                                    \
         .help = "with --json: also the Vega-Lite JSON of each plot, and its data apart"},         \
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
    {.name = "experiment",
     .letter = 'e',
     .flag = &option_experiment,
     .help = "REV is an experiment; one alone is compared with the commit it started from"},
    COMMON_OPTIONS};

static void warn(const struct rmv_plots *plots)
{
    for (size_t i = 0; i < plots->count; i++)
        for (size_t k = 0; k < plots->items[i].problems.count; k++)
            rmv_log_write(cli_log(), RMV_LOG_WARNING, "plot '%s': %s", plots->items[i].id,
                          plots->items[i].problems.items[k]);
}

static const struct rmv_error *check_options(const struct rmv_strings *targets)
{
    if (option_vega && option_json)
        return rmv_error(RMV_ERR_USAGE, "--show-vega and --json are two different things to print");
    if (option_split && !option_json)
        return rmv_error(RMV_ERR_USAGE, "--split is about --json: give both");
    if (option_vega && targets->count != 1)
        return rmv_error(RMV_ERR_USAGE, "--show-vega is of one plot: name %s",
                         targets->count ? "only one" : "it");
    if ((option_vega || option_json) && (option_open || option_html_template))
        return rmv_error(RMV_ERR_USAGE, "there is no page with --%s, so --%s means nothing",
                         option_vega ? "show-vega" : "json",
                         option_open ? "open" : "html-template");
    return NULL;
}

static const struct rmv_error *print_vega(const struct rmv_plots *plots, const char *target)
{
    if (plots->count > 1)
        return rmv_error(RMV_ERR_USAGE, "'%s' is %zu plots, '%s' and more: --show-vega is of one",
                         target, plots->count, plots->items[0].id);
    return rmv_plots_write_vega(plots, &plots->items[0], &cli_plots_stdout);
}

/* ---- Settings ------------------------------------------------------------------------------- */

/* Inside the workspace, links are not followed: the setting, and they, may be a clone's. */
static const struct rmv_error *check_links(const struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(rmv_fd_close) int folder = -1;
    const char *name = NULL;
    mode_t mode = 0;
    const struct rmv_error *err = rmv_beneath_find(workspace->root_fd, path, &folder, &name, &mode);
    if (!err && S_ISLNK(mode))
        err = rmv_error(RMV_ERR_DENIED, "'%s' is a symbolic link, and is not followed", path);
    return err;
}

/* A path that the user set, as one that he typed; NULL if he did not. */
static const struct rmv_error *find_setting(const struct rmv_workspace *workspace, const char *key,
                                            char **typed)
{
    const char *value = rmv_config_get(workspace->config, key);
    if (!value)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_normalize(value);
    if (rmv_path_check(path)) {
        *typed = rmv_path_join(workspace->root, path);
        return NULL;
    }
    const struct rmv_error *err = check_links(workspace, path);
    if (err)
        return rmv_error_context(err, "%s", key);
    *typed = rmv_workspace_typed(workspace, path);
    return NULL;
}

/* Options count more than settings. */
static const struct rmv_error *write_page(const struct rmv_workspace *workspace,
                                          const struct rmv_plots *plots, const char *title)
{
    RMV_CLEANUP(rmv_str_free) char *out = rmv_str_copy(option_out);
    RMV_CLEANUP(rmv_str_free) char *template = rmv_str_copy(option_html_template);
    const struct rmv_error *err = out ? NULL : find_setting(workspace, "plots.out-dir", &out);
    if (!err && !template)
        err = find_setting(workspace, "plots.html-template", &template);
    if (err)
        return err;
    const struct cli_plots_page page = {
        .title = title,
        .out = out,
        .template = template,
        .opens = option_open || rmv_config_get_bool(workspace->config, "plots.auto-open", false)};
    return cli_plots_write_page(plots, &page);
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
                                              .no_header = option_no_header,
                                              .is_page = !option_json && !option_vega,
                                              .is_specified = option_vega};

    const struct rmv_error *err = check_options(targets);
    if (!err)
        err = rmv_plots_read(workspace, &request, &plots);
    if (err)
        return err;
    warn(&plots);
    if (option_json)
        return rmv_plots_write_json(&plots, option_split, &cli_plots_stdout);
    if (!plots.count)
        return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "there are no plots"),
                              "name them under 'plots' in rmv.yaml, or give a file");
    return option_vega ? print_vega(&plots, targets->items[0])
                       : write_page(workspace, &plots, title);
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

/* ---- Revisions ------------------------------------------------------------------------------ */

static void add_state(struct cli_states *states, const char *label, const char *revision)
{
    rmv_strings_add(&states->labels, label);
    rmv_strings_add(&states->revisions, revision);
}

/* A revision or an experiment; if --experiment says so, the latter where it is both. */
static const struct rmv_error *add_revision(struct rmv_workspace *workspace, const char *typed,
                                            struct cli_states *states)
{
    RMV_CLEANUP(rmv_experiment_free) struct rmv_experiment experiment = {0};
    RMV_CLEANUP(rmv_str_free) char *revision = NULL;

    const struct rmv_error *err =
        option_experiment ? rmv_experiment_find(workspace, typed, &experiment) : NULL;
    if (!option_experiment || (err && err->code == RMV_ERR_NOT_FOUND))
        err = cli_revision_find(workspace, typed, &revision);
    if (!err)
        add_state(states, typed, revision ? revision : experiment.id);
    return err;
}

/* The commit that the experiment started from. */
static const struct rmv_error *add_baseline(struct rmv_workspace *workspace, const char *typed,
                                            struct cli_states *states)
{
    RMV_CLEANUP(rmv_experiment_free) struct rmv_experiment experiment = {0};
    RMV_CLEANUP(cli_commit_names_free) struct cli_commit_names names = {0};

    const struct rmv_error *err = rmv_experiment_find(workspace, typed, &experiment);
    if (!err)
        err = cli_commit_names_read(workspace, &names);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *name = cli_commit_name_of(&names, experiment.baseline);
    add_state(states, name, experiment.baseline);
    return NULL;
}

/* The revisions, and the workspace with fewer than two. */
static const struct rmv_error *list_states(struct rmv_workspace *workspace, int argc, char **argv,
                                           struct cli_states *states)
{
    const struct rmv_error *err = NULL;

    if (!workspace->vcs)
        return rmv_error(RMV_ERR_USAGE, "there are no revisions: this is no Git repository");
    if (option_experiment && !argc)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "which experiment should be compared?"),
                              "`rmv exp list` lists them");
    if (option_experiment && argc == 1)
        err = add_baseline(workspace, argv[0], states);
    for (int i = 0; !err && i < argc; i++)
        err = add_revision(workspace, argv[i], states);
    if (!err && !argc)
        err = add_revision(workspace, "HEAD", states);
    if (!err && states->labels.count < 2)
        add_state(states, "workspace", "");
    return err;
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
    "longest first. A template may also be a file of Vega-Lite: a path, or a name in\n"            \
    ".rmstore/plots or .dvc/plots; `rmv plots templates` prints some to start from. Pages are\n"   \
    "drawn without Vega, so there the built-in template that looks most like it is used, with a\n" \
    "warning; --show-vega prints JSON for Vega-Lite from the file itself.\n"                       \
    "\n"                                                                                           \
    "The page needs nothing but itself: no network, no scripts; an SVG image cannot run any. "     \
    "Its\n"                                                                                        \
    "path is printed. What cannot be drawn is named there and in a warning. Of more than 1000\n"   \
    "points, those are drawn that show, and the page says how many there are.\n"                   \
    "\n"                                                                                           \
    "The settings plots.out-dir, plots.html-template and plots.auto-open stand for --out,\n"       \
    "--html-template and --open where these are not given (`rmv config`)."

const struct cli_command rmv_command_plots_show = {
    .name = "plots show",
    .arguments = "[PLOT...]",
    .summary = "draw plots on a page of HTML",
    .help = "Draws the plots of the workspace, all of them or each PLOT: the name of one, a file,\n"
            "whether rmv.yaml lists it or not, or a folder.\n"
            "\n" COMMON_HELP,
    .examples = "rmv plots show                                  # all of them\n"
                "rmv plots show log.csv -x epoch -y loss         # one file\n"
                "rmv plots show -t confusion -x actual -y predicted classes.csv -o page.html\n"
                "rmv plots show --show-vega loss.csv >loss.vl.json    # for other programs\n",
    .options = show_options,
    .run = plots_show,
};

const struct cli_command rmv_command_plots_diff = {
    .name = "plots diff",
    .arguments = "[REV...]",
    .summary = "draw plots of several revisions together",
    .help =
        "Draws the plots of several revisions together, or of one (HEAD unless told) and the\n"
        "workspace: lines in different colours, matrices and images side by side. A REV may be\n"
        "an experiment.\n"
        "\n" COMMON_HELP,
    .examples = "rmv plots diff                        # what this run changed\n"
                "rmv plots diff v1 v2 --targets roc.json\n"
                "rmv plots diff -e brave-otter         # what the experiment changed\n",
    .options = diff_options,
    .run = plots_diff,
};
