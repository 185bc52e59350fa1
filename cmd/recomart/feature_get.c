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
     .help = "of this product; with --user also of the two together"},
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

struct lookup {
    struct rmv_registry registry;
    struct rmv_feature_source source;
    struct rmv_settings settings;
    int64_t item;
    struct rmv_value document; /* of --format json */
};

static void lookup_free(struct lookup *lookup)
{
    rmv_registry_free(&lookup->registry);
    rmv_feature_source_close(&lookup->source);
    rmv_settings_free(&lookup->settings);
    rmv_value_free(&lookup->document);
}

static bool has_format(const char *format)
{
    return strcmp(option_format, format) == 0;
}

static const struct rmv_error *check_options(struct lookup *lookup)
{
    if (!option_user && !option_item)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "the features of whom?"),
                              "recomart features get --user U1 --item 3");
    if (!has_format("table") && !has_format("csv") && !has_format("json"))
        return rmv_error(RMV_ERR_USAGE, "a format is table, csv or json, not '%s'", option_format);
    if (!option_item)
        return NULL;
    char *end = NULL;
    lookup->item = strtoll(option_item, &end, 10);
    if (*option_item == '\0' || *end)
        return rmv_error(RMV_ERR_USAGE, "'%s' is no product number", option_item);
    return NULL;
}

/* Looks up the rows of a group for the given keys, and prints or keeps them. */
static const struct rmv_error *show(struct lookup *lookup, const char *name, bool by_user,
                                    bool by_item)
{
    RMV_CLEANUP(recomart_rows_free) struct recomart_rows rows = {0};
    const struct rmv_registry_group *group = NULL;
    const struct rmv_error *err =
        rmv_registry_find(&lookup->registry, name, option_version, &group);
    if (err)
        return err;
    struct rmv_feature_condition conditions[2];
    size_t count = 0;
    if (by_user)
        conditions[count++] = (struct rmv_feature_condition){
            "user_id", {.type = RMV_FEATURE_TEXT, .text = option_user}};
    if (by_item)
        conditions[count++] = (struct rmv_feature_condition){
            "product_id", {.type = RMV_FEATURE_INT, .integer = lookup->item}};
    const struct rmv_feature_query query = {&group->table, conditions, count};
    err = recomart_rows_select(lookup->source.store, &query, &rows);
    if (err)
        return err;
    if (has_format("json"))
        recomart_rows_to_value(&rows, rmv_value_add(&lookup->document, name));
    else if (has_format("csv"))
        recomart_rows_print_csv(&rows);
    else
        recomart_rows_print_table(&rows);
    return NULL;
}

static const struct rmv_error *show_user(struct lookup *lookup)
{
    if (has_format("table"))
        printf("\nUser Features for user_id = %s\n", option_user);
    return show(lookup, "user_features", true, false);
}

static const struct rmv_error *show_item(struct lookup *lookup)
{
    if (has_format("table"))
        printf("\nItem Features for product_id = %s\n", option_item);
    return show(lookup, "item_features", false, true);
}

static const struct rmv_error *show_pair(struct lookup *lookup)
{
    if (has_format("table"))
        printf("\nUser-Item Features for user_id = %s, product_id = %s\n", option_user,
               option_item);
    return show(lookup, "user_item_features", true, true);
}

static const struct rmv_error *show_all(struct lookup *lookup)
{
    const bool is_pair = option_user && option_item;
    const struct rmv_error *err = NULL;
    if (has_format("table"))
        printf("=== Feature Store Demo (Version %s) ===\n", option_version);
    /* Several tables do not go into one CSV: of a user and a product it is that of the two. */
    if (has_format("csv") && is_pair)
        return show_pair(lookup);
    if (option_user)
        err = show_user(lookup);
    if (!err && option_item)
        err = show_item(lookup);
    if (!err && is_pair)
        err = show_pair(lookup);
    return err;
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(lookup_free) struct lookup lookup = {.item = 0};
    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "'features get' takes no argument '%s'", argv[0]);
    const struct rmv_error *err = check_options(&lookup);
    if (!err)
        err = rmv_settings_read(option.config, option.params, &lookup.settings);
    if (!err)
        err = rmv_registry_read(option_registry, &lookup.registry);
    if (!err)
        err = rmv_feature_source_open(&lookup.settings, option_database, NULL, &lookup.source);
    if (err)
        return err;
    if (has_format("json"))
        rmv_value_set_text(rmv_value_add(&lookup.document, "version"), option_version);
    err = show_all(&lookup);
    if (err || !has_format("json"))
        return err;
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_json_format(&lookup.document, true, &text);
    fputs(rmv_buf_string(&text), stdout);
    return NULL;
}

const struct cli_command recomart_features_get = {
    .name = "features get",
    .arguments = "",
    .summary = "look up the features of a user, a product, or both",
    .help =
        "Prints rows of the feature store: of a user (--user), of a product (--item), or, with\n"
        "both, also those of their interaction. Training and recommending read the same tables "
        "the\n"
        "same way. --format csv prints one table: with --user and --item that of the two.",
    .examples = "recomart features get --user U1 --item 3\n"
                "recomart features get --user U1 --format json",
    .options = options,
    .run = run,
};
