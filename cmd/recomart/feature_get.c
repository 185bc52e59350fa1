#include <stdio.h>

#include "recomart/commands.h"
#include "recomart/feature_lookup.h"
#include "recomart/feature_rows.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"

static struct recomart_lookup_options option = RECOMART_LOOKUP_DEFAULTS;

static const struct cli_option options[] = {RECOMART_LOOKUP_OPTIONS(option), {0}};

/* Looks up the rows of a group for the given keys, and prints them or keeps them in `document`. */
static const struct rmv_error *show(const struct recomart_lookup *lookup, const char *name,
                                    bool by_user, bool by_item, struct rmv_value *document)
{
    RMV_CLEANUP(recomart_rows_free) struct recomart_rows rows = {0};
    const struct rmv_registry_group *group = NULL;
    struct rmv_feature_condition conditions[2];
    const struct rmv_error *err =
        rmv_registry_find(&lookup->registry, name, option.version, &group);
    if (err)
        return err;
    const struct rmv_feature_query query = {
        &group->table, conditions,
        recomart_lookup_conditions(lookup, by_user, by_item, conditions)};
    err = recomart_rows_select(lookup->source.store, &query, &rows);
    if (err)
        return err;
    if (recomart_lookup_has_format(lookup, "json"))
        recomart_rows_to_value(&rows, rmv_value_add(document, name));
    else if (recomart_lookup_has_format(lookup, "csv"))
        recomart_rows_print_csv(&rows);
    else
        recomart_rows_print_table(&rows);
    return NULL;
}

static const struct rmv_error *show_user(const struct recomart_lookup *lookup,
                                         struct rmv_value *document)
{
    if (recomart_lookup_has_format(lookup, "table"))
        printf("\nUser Features for user_id = %s\n", option.user);
    return show(lookup, "user_features", true, false, document);
}

static const struct rmv_error *show_item(const struct recomart_lookup *lookup,
                                         struct rmv_value *document)
{
    if (recomart_lookup_has_format(lookup, "table"))
        printf("\nItem Features for product_id = %s\n", option.item);
    return show(lookup, "item_features", false, true, document);
}

static const struct rmv_error *show_pair(const struct recomart_lookup *lookup,
                                         struct rmv_value *document)
{
    if (recomart_lookup_has_format(lookup, "table"))
        printf("\nUser-Item Features for user_id = %s, product_id = %s\n", option.user,
               option.item);
    return show(lookup, "user_item_features", true, true, document);
}

static const struct rmv_error *show_all(const struct recomart_lookup *lookup,
                                        struct rmv_value *document)
{
    const bool is_pair = option.user && option.item;
    const struct rmv_error *err = NULL;
    /* Several tables do not go into one CSV: of a user and a product it is that of the two. */
    if (recomart_lookup_has_format(lookup, "csv") && is_pair)
        return show_pair(lookup, document);
    if (recomart_lookup_has_format(lookup, "table"))
        printf("=== Feature Store Demo (Version %s) ===\n", option.version);
    if (option.user)
        err = show_user(lookup, document);
    if (!err && option.item)
        err = show_item(lookup, document);
    if (!err && is_pair)
        err = show_pair(lookup, document);
    return err;
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(recomart_lookup_close) struct recomart_lookup lookup = {0};
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "'features get' takes no argument '%s'", argv[0]);
    if (!option.user && !option.item)
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "the features of whom?"),
                              "recomart features get --user U1 --item 3");
    const struct rmv_error *err = recomart_lookup_open(&option, &lookup);
    if (err)
        return err;
    rmv_value_set_text(rmv_value_add(&document, "version"), option.version);
    err = show_all(&lookup, &document);
    if (err || !recomart_lookup_has_format(&lookup, "json"))
        return err;
    rmv_json_format(&document, true, &text);
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
