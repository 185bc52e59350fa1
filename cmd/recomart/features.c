#include <stdio.h>
#include <string.h>

#include "recomart/commands.h"
#include "recomart/model_stage.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/recomart/registry.h"
#include "rmv/recomart/training.h"

static struct recomart_options option;
static const char *option_database;
static const char *option_registry;

static const struct cli_option options[] = {
    RECOMART_OPTIONS(option),
    RECOMART_DATABASE_OPTION(option_database),
    RECOMART_REGISTRY_OPTION(option_registry),
    {0},
};

/* Section `features` of params.yaml: versions, a list of "v1" and "v2"; v1 is always built. */
static const struct rmv_error *read_versions(const struct rmv_settings *settings, bool *with_v2)
{
    static const char *const known[] = {"versions", NULL};
    const struct rmv_value *section = NULL;
    const struct rmv_error *err = rmv_settings_section(settings, "features", known, &section);
    const struct rmv_value *versions = section ? rmv_value_find(section, "versions") : NULL;
    if (err || !versions)
        return err;
    err = rmv_value_expect(settings->params_path, versions, RMV_VALUE_LIST, "versions");
    for (size_t i = 0; !err && i < versions->list.count; i++) {
        const struct rmv_value *version = &versions->list.items[i];
        const bool is_text = version->kind == RMV_VALUE_STRING;
        if (is_text && strcmp(version->text, "v2") == 0)
            *with_v2 = true;
        else if (!is_text || strcmp(version->text, "v1") != 0)
            err = rmv_value_error(settings->params_path, version, "a version is v1 or v2");
    }
    return err;
}

static const struct rmv_error *build(const struct recomart_stage *stage,
                                     const struct rmv_registry *registry,
                                     struct rmv_feature_source *source)
{
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files files = {0};
    RMV_CLEANUP(rmv_str_free)
    char *prepared = rmv_path_join(stage->settings.processed, RMV_PREPARED_FILE);
    bool with_v2 = false;
    const struct rmv_error *err = read_versions(&stage->settings, &with_v2);
    if (!err)
        err = rmv_feature_files_build(prepared, with_v2, stage->settings.features);
    if (!err)
        err = rmv_feature_files_open(stage->settings.features, &files);
    if (!err)
        err = rmv_registry_check(registry, &files);
    if (!err)
        err = rmv_feature_source_open(&stage->settings, option_database, stage->log, source);
    return err;
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(recomart_stage_close) struct recomart_stage stage = {0};
    RMV_CLEANUP(rmv_feature_source_close) struct rmv_feature_source source = {.store = NULL};
    RMV_CLEANUP(rmv_registry_free) struct rmv_registry registry = {.path = NULL};
    if (argc > 0)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'features' takes no argument '%s'", argv[0]),
            "'help' shows features get, list and register");
    const struct rmv_error *err = recomart_stage_open("features", &option, &stage);
    if (err)
        return err;
    err = rmv_registry_read(option_registry, &registry);
    if (!err)
        err = build(&stage, &registry, &source);
    if (err)
        return recomart_stage_failed(&stage, err);
    rmv_log_write(stage.log, RMV_LOG_INFO, "Features built, id %s", source.files.id_hex);
    for (size_t i = 0; i < source.files.count && !cli_quiet; i++)
        printf("%s  %-20s %6zu rows\n", source.files.files[i].version,
               source.files.files[i].table.name, source.files.files[i].rows);
    if (!cli_quiet)
        printf("Features stored in %s and the %s\n", stage.settings.features,
               rmv_feature_store_name(source.store));
    return NULL;
}

const struct cli_command recomart_features = {
    .name = "features",
    .arguments = "",
    .summary = "compute the features of users, products and their interactions",
    .help =
        "Reads processed/prepared_interactions.csv and writes the features as CSV files with a\n"
        "manifest into data/features, which rmv versions; then fills the tables user_features,\n"
        "item_features and user_item_features of the database that database.yaml names, SQLite or\n"
        "PostgreSQL, each version in one transaction. Running it again changes nothing.\n\n"
        "The tables carry the id of the files as a stamp. Whoever reads features compares it and\n"
        "fills them again if it is another, so after `rmv checkout` the tables follow the files.\n"
        "What is built must be described in the registry, data/config/feature_store.yaml.",
    .examples = "recomart features  # as the stage of rmv.yaml does\n"
                "recomart features get --user U1 --item 3",
    .options = options,
    .run = run,
};
