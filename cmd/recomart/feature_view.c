#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recomart/commands.h"
#include "recomart/feature_rows.h"
#include "recomart/model_stage.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/registry.h"
#include "rmv/recomart/training.h"

static struct recomart_options option;
static const char *option_database;
static const char *option_registry;
static const char *option_user;
static const char *option_item;
static const char *option_version = RMV_FEATURES_VERSION_DEFAULT;
static const char *option_format = "table";

static const struct cli_option options[] = {
    {.name = "user", .letter = 'u', .text = &option_user, .argument = "ID", .help = "of this user"},
    {.name = "item",
     .letter = 'i',
     .text = &option_item,
     .argument = "N",
     .help = "of this product"},
    {.name = "version",
     .text = &option_version,
     .argument = "V",
     .help = "of the features (default " RMV_FEATURES_VERSION_DEFAULT ")"},
    {.name = "format", .text = &option_format, .argument = "F", .help = "table, csv or json"},
    RECOMART_OPTIONS(option),
    RECOMART_DATABASE_OPTION(option_database),
    RECOMART_REGISTRY_OPTION(option_registry),
    {0},
};

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

static const struct rmv_error *add_conditions(struct rmv_feature_condition *conditions,
                                              size_t *count)
{
    if (option_user)
        conditions[(*count)++] = (struct rmv_feature_condition){
            "user_id", {.type = RMV_FEATURE_TEXT, .text = option_user}};
    if (!option_item)
        return NULL;
    char *end = NULL;
    const long long item = strtoll(option_item, &end, 10);
    if (*option_item == '\0' || *end)
        return rmv_error(RMV_ERR_USAGE, "'%s' is no product number", option_item);
    conditions[(*count)++] =
        (struct rmv_feature_condition){"product_id", {.type = RMV_FEATURE_INT, .integer = item}};
    return NULL;
}

static void print(const struct recomart_rows *rows)
{
    if (strcmp(option_format, "csv") == 0) {
        recomart_rows_print_csv(rows);
    } else if (strcmp(option_format, "json") == 0) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value list = {0};
        RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
        recomart_rows_to_value(rows, &list);
        rmv_json_format(&list, true, &text);
        fputs(rmv_buf_string(&text), stdout);
    } else {
        recomart_rows_print_table(rows);
    }
}

static const struct rmv_error *show(const struct rmv_registry_view *view,
                                    struct rmv_feature_store *store)
{
    RMV_CLEANUP(view_table_free) struct view_table combined = {0};
    RMV_CLEANUP(recomart_rows_free) struct recomart_rows rows = {0};
    const struct rmv_feature_table *tables[RMV_FEATURE_TABLES_MAX];
    struct rmv_feature_condition conditions[2];
    struct rmv_feature_join join = {.tables = tables, .conditions = conditions};
    for (size_t g = 0; g < view->count; g++)
        tables[join.tables_count++] = &view->groups[g]->table;
    const struct rmv_error *err = add_conditions(conditions, &join.conditions_count);
    if (err)
        return err;
    name_columns(view, &combined);
    err = recomart_rows_join(store, &join, &combined.table, &rows);
    if (!err)
        print(&rows);
    return err;
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_registry_free) struct rmv_registry registry = {0};
    RMV_CLEANUP(rmv_settings_free) struct rmv_settings settings = {0};
    RMV_CLEANUP(rmv_feature_source_close) struct rmv_feature_source source = {0};
    struct rmv_registry_view view;
    if (argc != 1)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "which view?"),
                              "recomart features view training --user U1");
    if (strcmp(option_format, "table") != 0 && strcmp(option_format, "csv") != 0 &&
        strcmp(option_format, "json") != 0)
        return rmv_error(RMV_ERR_USAGE, "a format is table, csv or json, not '%s'", option_format);
    const struct rmv_error *err = rmv_settings_read(option.config, option.params, &settings);
    if (!err)
        err = rmv_registry_read(option_registry, &registry);
    if (!err)
        err = rmv_registry_find_view(&registry, argv[0], option_version, &view);
    if (!err)
        err = rmv_feature_source_open(&settings, option_database, NULL, &source);
    return err ? err : show(&view, source.store);
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
