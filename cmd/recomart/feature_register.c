#include <stdio.h>
#include <string.h>

#include "recomart/commands.h"
#include "recomart/model_stage.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/registry.h"

static const char *option_registry;
static const char *option_version;
static const char *option_table;
static const char *option_description = "";
static const char *option_owner = "";
static struct rmv_strings option_keys;
static struct rmv_strings option_features;

static const struct cli_option options[] = {
    {.name = "version", .text = &option_version, .argument = "V", .help = "of the group: v2"},
    {.name = "table",
     .text = &option_table,
     .argument = "NAME",
     .help = "where its rows are (default GROUP_VERSION)"},
    {.name = "key",
     .list = &option_keys,
     .argument = "NAME:TYPE",
     .help = "a key column; VARCHAR, INT or FLOAT"},
    {.name = "feature",
     .list = &option_features,
     .argument = "NAME:TYPE[:TEXT]",
     .help = "a feature, and what it means"},
    {.name = "description",
     .text = &option_description,
     .argument = "TEXT",
     .help = "of the group"},
    {.name = "owner", .text = &option_owner, .argument = "NAME", .help = "who looks after it"},
    RECOMART_REGISTRY_OPTION(option_registry),
    {0},
};

/* Adds "NAME:TYPE[:TEXT]" to a list of definitions. */
static const struct rmv_error *add_column(const char *text, struct rmv_value *list)
{
    const char *colon = strchr(text, ':');
    if (!colon || colon == text)
        return rmv_error(RMV_ERR_USAGE, "'%s' is not of the form NAME:TYPE", text);
    const char *second = strchr(colon + 1, ':');
    RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(text, (size_t)(colon - text));
    RMV_CLEANUP(rmv_str_free)
    char *type =
        second ? rmv_str_copy_n(colon + 1, (size_t)(second - colon - 1)) : rmv_str_copy(colon + 1);
    struct rmv_value *column = rmv_value_append(list);
    rmv_value_set_text(rmv_value_add(column, "name"), name);
    rmv_value_set_text(rmv_value_add(column, "type"), type);
    if (second)
        rmv_value_set_text(rmv_value_add(column, "description"), second + 1);
    return NULL;
}

static const struct rmv_error *add_columns(const struct rmv_strings *texts, struct rmv_value *list)
{
    const struct rmv_error *err = NULL;
    rmv_value_set_list(list);
    for (size_t i = 0; !err && i < texts->count; i++)
        err = add_column(texts->items[i], list);
    return err;
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value definition = {0};
    if (argc != 1 || !option_version || option_keys.count == 0 || option_features.count == 0)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "a group has a name, a version, keys and features"),
            "recomart features register user_features --version v3 --key user_id:VARCHAR "
            "--feature age:INT");
    RMV_CLEANUP(rmv_str_free)
    char *table = option_table ? rmv_str_copy(option_table)
                               : rmv_str_format("%s_%s", argv[0], option_version);
    rmv_value_set_text(rmv_value_add(&definition, "name"), argv[0]);
    rmv_value_set_text(rmv_value_add(&definition, "version"), option_version);
    rmv_value_set_text(rmv_value_add(&definition, "table"), table);
    rmv_value_set_text(rmv_value_add(&definition, "description"), option_description);
    rmv_value_set_text(rmv_value_add(&definition, "owner"), option_owner);
    const struct rmv_error *err = add_columns(&option_keys, rmv_value_add(&definition, "keys"));
    if (!err)
        err = add_columns(&option_features, rmv_value_add(&definition, "features"));
    if (!err)
        err = rmv_registry_add(option_registry, &definition);
    if (err)
        return err;
    if (!cli_quiet)
        printf("Registered %s %s\n", argv[0], option_version);
    return NULL;
}

const struct cli_command recomart_features_register = {
    .name = "features register",
    .arguments = "GROUP",
    .summary = "add a version of a group of features to the registry",
    .help =
        "Adds the group to the end of data/config/feature_store.yaml; the rest of the file stays\n"
        "as it is. A version is never redefined: what was trained on it must stay readable.",
    .examples = "recomart features register user_features --version v3 --key user_id:VARCHAR "
                "--feature age:INT:'in years'",
    .options = options,
    .run = run,
};
