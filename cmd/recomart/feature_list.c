#include <stdio.h>
#include <string.h>

#include "recomart/commands.h"
#include "recomart/model_stage.h"
#include "rmv/base/json.h"
#include "rmv/base/mem.h"
#include "rmv/recomart/feature_files.h"
#include "rmv/recomart/registry.h"

static struct recomart_options option;
static const char *option_registry;
static bool option_json;

static const struct cli_option options[] = {
    {.name = "json",
     .flag = &option_json,
     .help = "print JSON, with everything that is registered"},
    RECOMART_OPTIONS(option),
    RECOMART_REGISTRY_OPTION(option_registry),
    {0},
};

static const struct rmv_feature_file *built_as(const struct rmv_feature_files *files,
                                               const struct rmv_registry_group *group)
{
    for (size_t i = 0; i < files->count; i++)
        if (strcmp(files->files[i].version, group->version) == 0 &&
            strcmp(files->files[i].table.name, group->table.name) == 0)
            return &files->files[i];
    return NULL;
}

static void print_group(const struct rmv_registry_group *group, const struct rmv_feature_file *file)
{
    printf("%s %s: %s\n", group->name, group->version, group->description);
    printf("  table %s, ", group->table.name);
    if (file)
        printf("%zu rows\n", file->rows);
    else
        printf("not built\n");
    for (size_t i = 0; i < group->table.columns_count; i++) {
        const struct rmv_feature_column *column = &group->table.columns[i];
        const struct rmv_value *definition =
            i < group->table.keys_count ? NULL
                                        : &group->features->list.items[i - group->table.keys_count];
        const char *description =
            definition ? rmv_value_find_text(definition, "description") : "key";
        printf("  %-24s %-8s %s\n", column->name, rmv_feature_type_name(column->type),
               description ? description : "");
    }
}

static void print_json(const struct rmv_registry *registry, const struct rmv_feature_files *files)
{
    RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    rmv_value_copy(&document, &registry->document);
    struct rmv_value *groups = rmv_value_find(&document, "groups");
    for (size_t i = 0; groups && i < registry->count; i++) {
        const struct rmv_feature_file *file = built_as(files, &registry->groups[i]);
        if (file)
            rmv_value_set_int(rmv_value_add(&groups->list.items[i], "rows"), (int64_t)file->rows);
    }
    if (files->count > 0)
        rmv_value_set_text(rmv_value_add(&document, "features_sha256"), files->id_hex);
    rmv_json_format(&document, true, &text);
    fputs(rmv_buf_string(&text), stdout);
}

static const struct rmv_error *run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_registry_free) struct rmv_registry registry = {.path = NULL};
    RMV_CLEANUP(rmv_settings_free) struct rmv_settings settings = {.raw = NULL};
    RMV_CLEANUP(rmv_feature_files_free) struct rmv_feature_files files = {.count = 0};
    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "'features list' takes no argument '%s'", argv[0]);
    const struct rmv_error *err = rmv_settings_read(option.config, option.params, &settings);
    if (!err)
        err = rmv_registry_read(option_registry, &registry);
    if (!err) {
        err = rmv_feature_files_open(settings.features, &files);
        if (err && err->code == RMV_ERR_NOT_FOUND)
            err = NULL; /* nothing built yet: that is what the list says then */
    }
    if (err)
        return err;
    if (option_json) {
        print_json(&registry, &files);
        return NULL;
    }
    for (size_t i = 0; i < registry.count; i++) {
        printf("%s", i ? "\n" : "");
        print_group(&registry.groups[i], built_as(&files, &registry.groups[i]));
    }
    return NULL;
}

const struct cli_command recomart_features_list = {
    .name = "features list",
    .arguments = "",
    .summary = "list the registered features",
    .help = "Prints every group of features in every version: its table, what each feature means, "
            "and\nwhether it has been built.",
    .examples = "recomart features list\nrecomart features list --json",
    .options = options,
    .run = run,
};
