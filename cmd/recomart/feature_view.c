#include <stdio.h>
#include <string.h>

#include "recomart/commands.h"
#include "recomart/feature_lookup.h"
#include "recomart/feature_rows.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"

static struct recomart_lookup_options option = RECOMART_LOOKUP_DEFAULTS;

static const struct cli_option options[] = {RECOMART_LOOKUP_OPTIONS(option), {0}};

/* The columns of a view: those of one name in several groups are told apart by the group's. */
struct view_table {
    struct rmv_feature_table table;
    struct rmv_feature_column columns[RMV_FEATURE_TABLES_MAX * RMV_FEATURE_COLUMNS_MAX];
    char *names[RMV_FEATURE_TABLES_MAX * RMV_FEATURE_COLUMNS_MAX];
};

static void view_table_free(struct view_table *table)
{
    for (size_t i = 0; i < table->table.columns_count; i++)
        rmv_str_free(&table->names[i]);
}

static size_t occurrences(const struct rmv_registry_view *view, const char *name)
{
    size_t n = 0;
    for (size_t g = 0; g < view->count; g++)
        for (size_t i = view->groups[g]->table.keys_count; i < view->groups[g]->table.columns_count;
             i++)
            n += strcmp(view->groups[g]->table.columns[i].name, name) == 0;
    return n;
}

static void name_columns(const struct rmv_registry_view *view, struct view_table *out)
{
    for (size_t g = 0; g < view->count; g++) {
        const struct rmv_feature_table *table = &view->groups[g]->table;
        for (size_t i = g ? table->keys_count : 0; i < table->columns_count; i++) {
            const size_t at = out->table.columns_count++;
            const char *name = table->columns[i].name;
            out->names[at] = i >= table->keys_count && occurrences(view, name) > 1
                                 ? rmv_str_format("%s.%s", view->groups[g]->name, name)
                                 : rmv_str_copy(name);
            out->columns[at] = (struct rmv_feature_column){out->names[at], table->columns[i].type};
        }
    }
    out->table.columns = out->columns;
}

static void print(const struct recomart_lookup *lookup, const struct recomart_rows *rows)
{
    if (recomart_lookup_has_format(lookup, "csv")) {
        recomart_rows_print_csv(rows);
    } else if (recomart_lookup_has_format(lookup, "json")) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        recomart_rows_to_value(rows, &list);
        rmv_json_format(&list, true, &text);
        fputs(rmv_buf_string(&text), stdout);
    } else {
        recomart_rows_print_table(rows);
    }
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(recomart_lookup_close) struct recomart_lookup lookup = {0};
    RMV_CLEANUP(view_table_free) struct view_table combined = {0};
    RMV_CLEANUP(recomart_rows_free) struct recomart_rows rows = {0};
    struct rmv_registry_view view = {0};
    const struct rmv_feature_table *tables[RMV_FEATURE_TABLES_MAX];
    struct rmv_feature_condition conditions[2];
    struct rmv_feature_join join = {.tables = tables, .conditions = conditions};
    if (argc != 1)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "which view?"),
                              "recomart features view training --user U1");
    const struct rmv_error *err = recomart_lookup_open(&option, &lookup);
    if (!err)
        err = rmv_registry_find_view(&lookup.registry, argv[0], option.version, &view);
    if (err)
        return err;
    for (size_t g = 0; g < view.count; g++)
        tables[join.tables_count++] = &view.groups[g]->table;
    join.conditions_count = recomart_lookup_conditions(&lookup, true, true, conditions);
    name_columns(&view, &combined);
    err = recomart_rows_join(lookup.source.store, &join, &combined.table, &rows);
    if (!err)
        print(&lookup, &rows);
    return err;
}

const struct cli_command recomart_features_view = {
    .name = "features view",
    .arguments = "VIEW",
    .summary = "read groups of features joined on their keys",
    .help =
        "Prints the rows of a view that the registry declares: the first group's rows, and beside\n"
        "them those of the other groups with the same keys. Users and products are joined through\n"
        "their interactions, on both keys. Features of one name in several groups carry the\n"
        "group's name in front.",
    .examples = "recomart features view training --user U1\n"
                "recomart features view training --format csv >training.csv",
    .options = options,
    .run = run,
};
