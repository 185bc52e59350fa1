#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "rmv/commands.h"
#include "rmv/exp_columns.h"
#include "rmv/experiments.h"
#include "rmv/shared.h"
#include "rmv/table.h"
#include "rmv/values.h"

#define NS_PER_S INT64_C(1000000000)
#define SHORT_ID 7

static bool option_all_branches, option_all_tags, option_all_commits, option_json, option_csv;
static bool option_md, option_only_changed, option_param_deps, option_hide_queued, option_sha;
static bool option_hide_failed, option_hide_workspace, option_no_timestamp, option_no_pager;
static bool option_force;
static struct rmv_strings option_rev, option_drop, option_keep;
static const char *option_sort_by, *option_sort_order;
static int64_t option_num = 1, option_precision = CLI_PRECISION_DEFAULT;

static const struct cli_option options[] = {
    {.name = "all-branches",
     .letter = 'a',
     .flag = &option_all_branches,
     .help = "those that started from the tip of any branch"},
    {.name = "all-tags",
     .letter = 'T',
     .flag = &option_all_tags,
     .help = "those that started from any tag"},
    {.name = "all-commits",
     .letter = 'A',
     .flag = &option_all_commits,
     .help = "all commits, and all that started from them"},
    {.name = "rev",
     .list = &option_rev,
     .argument = "REV",
     .help = "those that started from REV, instead of HEAD; may be given several times"},
    {.name = "num",
     .letter = 'n',
     .number = &option_num,
     .argument = "N",
     .help = "and from the N - 1 commits before; negative: all before"},
    {.name = "drop",
     .list = &option_drop,
     .argument = "REGEX",
     .help = "leave out the columns that match"},
    {.name = "keep",
     .list = &option_keep,
     .argument = "REGEX",
     .help = "show the columns that match, whatever else is said"},
    {.name = "only-changed",
     .flag = &option_only_changed,
     .help = "leave out columns that are the same in all rows"},
    {.name = "param-deps",
     .flag = &option_param_deps,
     .help = "only parameters that stages depend on"},
    {.name = "sort-by",
     .text = &option_sort_by,
     .argument = "COLUMN",
     .help = "sort the experiments of each commit by a metric or parameter"},
    {.name = "sort-order",
     .text = &option_sort_order,
     .argument = "ORDER",
     .help = "asc (the default) or desc"},
    {.name = "precision",
     .number = &option_precision,
     .argument = "N",
     .help = "round to N digits behind the point (5)"},
    {.name = "sha", .flag = &option_sha, .help = "show ids of commits instead of names"},
    {.name = "no-timestamp", .flag = &option_no_timestamp, .help = "leave out when it was made"},
    {.name = "hide-workspace", .flag = &option_hide_workspace, .help = "leave out the workspace"},
    {.name = "hide-queued", .flag = &option_hide_queued, .help = "leave out what waits or runs"},
    {.name = "hide-failed", .flag = &option_hide_failed, .help = "leave out what failed"},
    {.name = "csv", .flag = &option_csv, .help = "print comma-separated values, with all digits"},
    {.name = "md", .flag = &option_md, .help = "print a Markdown table"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document, with all digits"},
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "read commits again that were read before"},
    {.name = "no-pager", .flag = &option_no_pager, .help = "print to the terminal, as always"},
    {0},
};

/* ---- Cells ----------------------------------------------------------------------------------- */

static void add_value(struct cli_table *table, const struct cli_exp_row *row,
                      const struct cli_exp_column *column)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_value *value = cli_exp_columns_value(row, column);
    const char *nothing = option_csv ? "" : row->error ? "!" : "-";

    if (value && column->group == CLI_EXP_DEPS && !option_csv)
        rmv_buf_append(&text, value->text, SHORT_ID);
    else if (value && value->kind == RMV_VALUE_STRING)
        rmv_buf_append_string(&text, value->text);
    else if (value)
        cli_format_value(value, option_csv ? -1 : option_precision, &text);
    cli_table_add(table, value ? rmv_buf_string(&text) : nothing);
}

/* "2025-01-31T10:30:45Z", or for people "2025-01-31 10:30". */
static void add_time(struct cli_table *table, const struct cli_exp_row *row)
{
    char text[RMV_TIME_TEXT_SIZE] = "";
    if (!option_csv) {
        cli_table_add_time(table, row->time);
        return;
    }
    if (row->time)
        rmv_time_format(row->time * NS_PER_S, false, text);
    cli_table_add(table, text);
}

/* The name, with the branch of a tree in front of an experiment. */
static void add_name(struct cli_table *table, const struct cli_exp_rows *rows, size_t at)
{
    const struct cli_exp_row *row = &rows->items[at];
    const bool is_last = at + 1 == rows->count || rows->items[at + 1].kind != CLI_EXP_EXPERIMENT;
    const bool is_drawn = row->kind == CLI_EXP_EXPERIMENT && !option_csv && !option_md;
    RMV_CLEANUP(rmv_str_free) char *id = rmv_str_copy_n(row->id, SHORT_ID);
    RMV_CLEANUP(rmv_str_free)
    char *text = rmv_str_format("%s%s",
                                !is_drawn ? ""
                                : is_last ? "└── "
                                          : "├── ",
                                option_sha && *id ? id : row->name);
    cli_table_add(table, text);
}

static const char *type_of(const struct cli_exp_row *row)
{
    static const char *const names[] = {"workspace", "baseline", "experiment"};
    return names[row->kind];
}

/* ---- Tables ---------------------------------------------------------------------------------- */

static void add_heading(struct cli_table *table, const struct cli_exp_columns *columns,
                        bool has_states)
{
    cli_table_add(table, "Experiment");
    if (option_csv) {
        cli_table_add(table, "rev");
        cli_table_add(table, "typ");
    }
    if (!option_no_timestamp)
        cli_table_add(table, "Created");
    if (option_csv)
        cli_table_add(table, "parent");
    if (has_states)
        cli_table_add(table, "State");
    for (size_t i = 0; i < columns->count; i++)
        cli_table_add(table, columns->items[i].title);
    table->columns = table->cells.count;
}

static void add_row(struct cli_table *table, const struct cli_exp_rows *rows, size_t at,
                    const struct cli_exp_columns *columns, bool has_states)
{
    const struct cli_exp_row *row = &rows->items[at];
    add_name(table, rows, at);
    if (option_csv) {
        cli_table_add(table, row->id);
        cli_table_add(table, type_of(row));
    }
    if (!option_no_timestamp)
        add_time(table, row);
    if (option_csv)
        cli_table_add(table, row->baseline);
    if (has_states)
        cli_table_add(table, row->state ? row->state : option_csv ? "" : "-");
    for (size_t i = 0; i < columns->count; i++)
        add_value(table, row, &columns->items[i]);
}

static void print_table(const struct cli_exp_rows *rows, const struct cli_exp_columns *columns)
{
    RMV_CLEANUP(cli_table_free) struct cli_table table = {0};
    bool has_states = false;

    for (size_t i = 0; i < rows->count; i++)
        has_states = has_states || rows->items[i].state;
    add_heading(&table, columns, has_states);
    for (size_t i = 0; i < rows->count; i++)
        add_row(&table, rows, i, columns, has_states);
    if (option_csv)
        cli_table_print_csv(&table);
    else
        cli_table_print(&table, option_md);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void set_files(struct rmv_value *data, const char *name, const struct rmv_value *files)
{
    struct rmv_value *to = rmv_value_add(data, name);
    rmv_value_set_map(to);
    for (size_t i = 0; files && i < files->map.count; i++)
        rmv_value_copy(rmv_value_add(rmv_value_add(to, files->map.members[i].key), "data"),
                       &files->map.members[i].value);
}

static void row_to_value(const struct cli_exp_row *row, struct rmv_value *item)
{
    char text[RMV_TIME_TEXT_SIZE];
    rmv_value_set_map(item);
    cli_set_text(item, "rev", *row->id ? row->id : "workspace");
    cli_set_text(item, "name", row->name);
    if (row->kind == CLI_EXP_EXPERIMENT)
        cli_set_text(item, "state", row->state ? row->state : "Success");
    rmv_value_add(item, "data");
    cli_set_text(item, "error", row->error);
    if (row->error)
        return;
    if (row->time)
        rmv_time_format(row->time * NS_PER_S, false, text);
    struct rmv_value *data = rmv_value_find(item, "data");
    cli_set_text(data, "timestamp", row->time ? text : NULL);
    set_files(data, "params", rmv_value_find(&row->results, "params"));
    set_files(data, "metrics", row->state ? NULL : rmv_value_find(&row->results, "metrics"));
    struct rmv_value *deps = rmv_value_add(data, "deps");
    rmv_value_set_map(deps);
    const struct rmv_value *flat = &row->flat[CLI_EXP_DEPS];
    for (size_t i = 0; i < flat->map.count; i++)
        rmv_value_copy(rmv_value_add(rmv_value_add(deps, flat->map.members[i].key), "sha256"),
                       &flat->map.members[i].value);
}

static void print_json(const struct cli_exp_rows *rows)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
    struct rmv_value *above = NULL;

    rmv_value_set_list(&list);
    for (size_t i = 0; i < rows->count; i++) {
        if (rows->items[i].kind == CLI_EXP_EXPERIMENT && above) {
            row_to_value(&rows->items[i], rmv_value_append(rmv_value_find(above, "experiments")));
            continue;
        }
        above = rmv_value_append(&list);
        row_to_value(&rows->items[i], above);
        rmv_value_set_list(rmv_value_add(above, "experiments"));
    }
    cli_print_json(&list);
}

/* ---- The command ----------------------------------------------------------------------------- */

static const struct rmv_error *check_options(int argc, char **argv)
{
    if (argc > 0)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "it takes no argument: '%s'", argv[0]),
                              "--rev says where experiments started");
    if (option_csv + option_md + option_json > 1)
        return rmv_error(RMV_ERR_USAGE, "--csv, --md and --json exclude each other");
    if (option_sort_order && strcmp(option_sort_order, "asc") != 0 &&
        strcmp(option_sort_order, "desc") != 0)
        return rmv_error(RMV_ERR_USAGE, "--sort-order is asc or desc, not '%s'", option_sort_order);
    return cli_check_precision(option_precision);
}

static const struct rmv_error *exp_show(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(cli_exp_rows_free) struct cli_exp_rows rows = {0};
    RMV_CLEANUP(cli_exp_columns_free) struct cli_exp_columns columns = {0};
    const struct cli_exp_rows_choice choice = {.baselines = {.revisions = &option_rev,
                                                             .number = option_num,
                                                             .branches = option_all_branches,
                                                             .tags = option_all_tags},
                                               .all_commits = option_all_commits,
                                               .hide_workspace = option_hide_workspace,
                                               .hide_queued = option_hide_queued,
                                               .hide_failed = option_hide_failed,
                                               .anew = option_force,
                                               .param_deps = option_param_deps};
    const struct cli_exp_columns_choice shown = {
        .drop = &option_drop, .keep = &option_keep, .only_changed = option_only_changed};

    const struct rmv_error *err = check_options(argc, argv);
    if (!err)
        err = cli_open_experiments(&workspace);
    if (!err)
        err = cli_exp_rows_read(workspace, &choice, &rows);
    if (!err)
        err = cli_exp_columns_find(&rows, &shown, &columns);
    if (!err && option_sort_by)
        err = cli_exp_rows_sort(&rows, &columns, option_sort_by,
                                option_sort_order && strcmp(option_sort_order, "desc") == 0);
    if (err)
        return err;
    if (option_json)
        print_json(&rows);
    else
        print_table(&rows, &columns);
    return NULL;
}

const struct cli_command rmv_command_exp_show = {
    .name = "exp show",
    .arguments = "",
    .summary = "compare experiments in a table",
    .help =
        "Prints a row for the workspace, one for HEAD, and below it one for each experiment that\n"
        "started from there, with what waits in the queue; a column for each metric, each "
        "parameter,\n"
        "and each dependency that no stage makes (the start of its id). Other commits than HEAD: "
        "--rev,\n"
        "--num and the options for all.\n"
        "\n"
        "A column is called by its key, or by FILE:KEY where several files have it. '-' stands for "
        "no\n"
        "value, '!' for a commit that cannot be read. --drop and --keep are extended regular\n"
        "expressions. Fractions are rounded to 5 digits behind the point, or as --precision "
        "says.\n"
        "\n"
        "Metrics and parameters come from the commits; of metrics that rmv stores, those in the "
        "store\n"
        "are shown. What was read once is remembered.",
    .examples = "rmv exp show\n"
                "rmv exp show --sort-by score --sort-order desc --only-changed\n"
                "rmv exp show -A --csv >experiments.csv\n",
    .options = options,
    .run = exp_show,
};
