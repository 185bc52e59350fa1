#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/history.h"
#include "rmv/pipeline/metrics.h"
#include "rmv/pipeline/params.h"
#include "rmv/shared.h"
#include "rmv/table.h"
#include "rmv/values.h"

#define PRECISION_UNSET INT64_MIN

static bool option_json, option_md, option_csv, option_recursive, option_no_path;
static bool option_branches, option_tags, option_commits;
static int64_t option_precision = PRECISION_UNSET;
static struct rmv_strings option_revs;

static const struct cli_option options[] = {
    {.name = "rev",
     .list = &option_revs,
     .argument = "REV",
     .help = "as they were at a revision; may be given several times"},
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
    {.name = "recursive",
     .letter = 'R',
     .flag = &option_recursive,
     .help = "files are folders: the metrics in and below them"},
    {.name = "precision",
     .number = &option_precision,
     .argument = "N",
     .help = "round to N digits behind the point (5; with --csv, all digits)"},
    {.name = "no-path", .flag = &option_no_path, .help = "do not print which file it is"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document, with all digits"},
    {.name = "md", .flag = &option_md, .help = "print a Markdown table"},
    {.name = "csv", .flag = &option_csv, .help = "print CSV, with all digits"},
    {0},
};

/* ---- Reading -------------------------------------------------------------------------------- */

/* What was read, and what the command fails with once that is printed. */
struct reading {
    struct rmv_workspace *workspace;
    const struct cli_values_choice *choice;
    bool is_wide; /* a long history: nobody can mend what is wrong there */
    bool is_only; /* there is one state */
    struct rmv_value all;
    struct rmv_error *problem;
};

static void reading_free(struct reading *reading)
{
    rmv_value_free(&reading->all);
    rmv_error_free(&reading->problem);
}

/* A file that cannot be read keeps the others from nothing. In one state, what is missing is named;
 * in many, some lack what others have. */
static void note_problem(struct reading *reading, const char *label, const struct rmv_error *err)
{
    const bool is_missing = err->code == RMV_ERR_NOT_FOUND;
    const bool is_asked = reading->choice->targets->count && !reading->choice->recursive;
    if (is_missing && !reading->is_only)
        return;
    if (!reading->is_wide && !reading->problem && (!is_missing || is_asked))
        reading->problem = rmv_error_take(err);
    else if (reading->is_only)
        rmv_log_write(cli_log(), RMV_LOG_WARNING, "%s", err->message);
    else
        rmv_log_write(cli_log(), RMV_LOG_WARNING, "%s: %s", label, err->message);
}

static const struct rmv_error *read_state(struct reading *reading, const char *label,
                                          const char *revision, struct rmv_value *values)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings files = {0};
    const struct rmv_error *err =
        cli_values_find(reading->workspace, revision, reading->choice, &files);
    rmv_value_set_map(values);
    for (size_t i = 0; !err && i < files.count; i++) {
        const struct rmv_error *problem =
            rmv_metrics_read(reading->workspace, revision, files.items[i], values);
        if (problem)
            note_problem(reading, label, problem);
    }
    return err;
}

/* Adds a member per state. In a long history, one that cannot be read is left out. */
static const struct rmv_error *read_states(struct reading *reading, const struct cli_states *states)
{
    struct rmv_value *all = &reading->all;
    rmv_value_set_map(all);
    for (size_t i = 0; i < states->labels.count; i++) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value values = {0};
        const char *revision = cli_states_revision(states, i), *label = states->labels.items[i];
        const struct rmv_error *err = read_state(reading, label, revision, &values);
        if (err && (!reading->is_wide || !revision))
            return err;
        if (err)
            rmv_log_write(cli_log(), RMV_LOG_WARNING, "%s: %s", label, err->message);
        else if (values.map.count)
            rmv_value_copy(rmv_value_add(all, label), &values);
    }
    if (all->map.count || reading->problem)
        return NULL;
    const char *only = reading->is_only ? cli_states_revision(states, 0) : NULL;
    return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "there are no metrics%s%s",
                                    only ? " at revision " : "", only ? only : ""),
                          "name them under 'metrics' in rmv.yaml; `rmv repro` makes them");
}

/* ---- Printing ------------------------------------------------------------------------------- */

/* -1 is all digits: what another program reads is rounded only if that is asked for. */
static int64_t precision(void)
{
    if (option_precision != PRECISION_UNSET)
        return option_precision;
    return option_csv ? -1 : CLI_PRECISION_DEFAULT;
}

static void add_value(struct cli_table *table, const struct rmv_value *value)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    if (value)
        cli_format_value(value, precision(), &text);
    cli_table_add(table, value ? rmv_buf_string(&text) : "-");
}

static void print(const struct cli_table *table)
{
    if (option_csv)
        cli_table_print_csv(table);
    else
        cli_table_print(table, option_md);
}

/* One state: a line per value. */
static void print_state(const struct rmv_workspace *workspace, const struct rmv_value *metrics)
{
    RMV_CLEANUP(cli_table_free) struct cli_table table = {.columns = 3u - option_no_path};
    if (!option_no_path)
        cli_table_add(&table, "Path");
    cli_table_add(&table, "Metric");
    cli_table_add(&table, "Value");
    for (size_t i = 0; i < metrics->map.count; i++) {
        const struct rmv_member *file = &metrics->map.members[i];
        RMV_CLEANUP(rmv_value_free) struct rmv_value flat = {0};
        RMV_CLEANUP(rmv_str_free) char *path = cli_shown_path(workspace, file->key);
        rmv_value_set_map(&flat);
        rmv_params_flatten(&file->value, &flat);
        for (size_t k = 0; k < flat.map.count; k++) {
            if (!option_no_path)
                cli_table_add(&table, path);
            cli_table_add(&table, flat.map.members[k].key);
            add_value(&table, &flat.map.members[k].value);
        }
    }
    print(&table);
}

/* Several: a line per state and file, a column per value that any of them has. */
static void print_states(const struct rmv_workspace *workspace, const struct rmv_value *all)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value columns = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value rows = {0};

    rmv_value_set_map(&columns);
    for (size_t i = 0; i < all->map.count; i++)
        for (size_t k = 0; k < all->map.members[i].value.map.count; k++) {
            struct rmv_value *flat = rmv_value_append(&rows);
            rmv_value_set_map(flat);
            rmv_params_flatten(&all->map.members[i].value.map.members[k].value, flat);
            for (size_t n = 0; n < flat->map.count; n++)
                rmv_value_add(&columns, flat->map.members[n].key);
        }

    RMV_CLEANUP(cli_table_free)
    struct cli_table table = {.columns = 2u - option_no_path + columns.map.count};
    size_t row = 0;
    cli_table_add(&table, "Revision");
    if (!option_no_path)
        cli_table_add(&table, "Path");
    for (size_t n = 0; n < columns.map.count; n++)
        cli_table_add(&table, columns.map.members[n].key);
    for (size_t i = 0; i < all->map.count; i++)
        for (size_t k = 0; k < all->map.members[i].value.map.count; k++, row++) {
            RMV_CLEANUP(rmv_str_free)
            char *path = cli_shown_path(workspace, all->map.members[i].value.map.members[k].key);
            cli_table_add(&table, all->map.members[i].key);
            if (!option_no_path)
                cli_table_add(&table, path);
            for (size_t n = 0; n < columns.map.count; n++)
                add_value(&table,
                          rmv_value_find(&rows.list.items[row], columns.map.members[n].key));
        }
    print(&table);
}

static void print_all(const struct rmv_workspace *workspace, const struct rmv_value *all,
                      bool is_only)
{
    const struct rmv_value *first = &all->map.members[0].value;
    if (option_json)
        cli_print_json(is_only ? first : all);
    else if (is_only)
        print_state(workspace, first);
    else
        print_states(workspace, all);
}

/* ---- The command ---------------------------------------------------------------------------- */

static const struct rmv_error *check_options(int argc)
{
    if (option_json + option_md + option_csv > 1)
        return rmv_error(RMV_ERR_USAGE, "--json, --md and --csv exclude each other");
    if (option_recursive && argc == 0)
        return rmv_error(RMV_ERR_USAGE, "--recursive needs a folder");
    return option_precision == PRECISION_UNSET ? NULL : cli_check_precision(option_precision);
}

static const struct rmv_error *metrics_show(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings targets = {0};
    RMV_CLEANUP(cli_states_free) struct cli_states states = {0};
    const struct cli_history history = {.revisions = &option_revs,
                                        .branches = option_branches,
                                        .tags = option_tags,
                                        .commits = option_commits};
    const struct cli_values_choice choice = {
        .kind = CLI_VALUES_METRICS, .targets = &targets, .recursive = option_recursive};
    RMV_CLEANUP(reading_free)
    struct reading reading = {.choice = &choice,
                              .is_wide = option_branches || option_tags || option_commits};

    const struct rmv_error *err = check_options(argc);
    if (!err)
        err = cli_open_workspace(&workspace);
    if (!err)
        err = cli_paths(workspace, argc, argv, &targets);
    if (!err)
        err = cli_history_list(workspace, &history, &states);
    reading.workspace = workspace;
    reading.is_only = states.labels.count == 1;
    if (!err)
        err = read_states(&reading, &states);
    if (err)
        return err;
    if (reading.all.map.count)
        print_all(workspace, &reading.all, reading.is_only);
    return rmv_error_raise(&reading.problem);
}

const struct cli_command rmv_command_metrics_show = {
    .name = "metrics show",
    .arguments = "[FILE...]",
    .summary = "show the numbers that stages wrote",
    .help =
        "Prints what the metrics files hold, one value per line under its dotted name. Without\n"
        "FILE, all that rmv.yaml lists under 'metrics', of stages or at the top, are shown;\n"
        "those that do not exist yet are named in a warning, and one that cannot be read is an\n"
        "error, once the others are printed. With --rev they come from Git or, if they are stored\n"
        "by rmv, from the store, and the workspace is not touched.\n"
        "\n"
        "Of several revisions, each has a line per file, and each value a column; '-' stands for\n"
        "none. Revisions without metrics are left out, and those that cannot be read are named in\n"
        "a warning.\n"
        "\n"
        "Fractions are rounded to 5 digits behind the point, or as --precision says; numbers too\n"
        "small for that keep as many digits. --json has all digits, and so has --csv without\n"
        "--precision.",
    .examples = "rmv metrics show                # all of them\n"
                "rmv metrics show --rev HEAD~1   # as they were\n"
                "rmv metrics show -A             # how they came about\n"
                "rmv metrics show --md m.json    # one file, for a report\n",
    .options = options,
    .run = metrics_show,
};
