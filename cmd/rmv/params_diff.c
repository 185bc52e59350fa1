#include <stdio.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/shared.h"
#include "rmv/values.h"

static bool option_json, option_md, option_all, option_no_path, option_deps;
static struct rmv_strings option_targets;

static const struct cli_option options[] = {
    {.name = "targets",
     .list = &option_targets,
     .argument = "FILE",
     .help = "only this file, named by rmv.yaml or not; may be given several times"},
    {.name = "deps", .flag = &option_deps, .help = "only parameters that stages depend on"},
    {.name = "all", .flag = &option_all, .help = "print values that are equal too"},
    {.name = "no-path", .flag = &option_no_path, .help = "do not print which file it is"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {.name = "md", .flag = &option_md, .help = "print a Markdown table"},
    {0},
};

/* Is it `key`, or inside, or does it hold it? */
static bool is_key_of(const char *key, const char *wanted)
{
    const size_t size = strlen(wanted), key_size = strlen(key);
    const size_t shorter = size < key_size ? size : key_size;
    if (strncmp(key, wanted, shorter) != 0)
        return false;
    return size == key_size || (size < key_size ? key[size] : wanted[key_size]) == '.';
}

static bool is_depended_on(const struct rmv_pipeline *pipeline,
                           const struct rmv_params_difference *difference)
{
    for (size_t i = 0; i < pipeline->count; i++)
        for (size_t k = 0; k < pipeline->stages[i].params_count; k++) {
            const struct rmv_stage_params *params = &pipeline->stages[i].params[k];
            if (strcmp(params->file, difference->file) != 0)
                continue;
            if (!params->keys.count)
                return true;
            for (size_t n = 0; n < params->keys.count; n++)
                if (is_key_of(difference->key, params->keys.items[n]))
                    return true;
        }
    return false;
}

/* Keeps what a stage depends on now. */
static const struct rmv_error *keep_deps(struct rmv_workspace *workspace,
                                         struct rmv_params_differences *differences)
{
    RMV_CLEANUP(rmv_pipeline_free) struct rmv_pipeline pipeline = {0};
    RMV_CLEANUP(rmv_params_differences_free) struct rmv_params_differences all = *differences;

    *differences = (struct rmv_params_differences){0};
    const struct rmv_error *err = rmv_pipeline_read(workspace, &pipeline);
    for (size_t i = 0; !err && i < all.count; i++) {
        if (!is_depended_on(&pipeline, &all.items[i]))
            continue;
        differences->items = rmv_grow(differences->items, differences->count,
                                      &differences->capacity, sizeof(differences->items[0]));
        differences->items[differences->count++] = all.items[i];
        all.items[i] = (struct rmv_params_difference){0};
    }
    return err;
}

static const struct rmv_error *params_diff(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_params_differences_free) struct rmv_params_differences differences = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings targets = {0};
    const char *const revisions[2] = {argc > 0 ? argv[0] : "HEAD", argc > 1 ? argv[1] : NULL};
    const struct cli_differences_style style = {.before = revisions[0],
                                                .after = revisions[1] ? revisions[1] : "workspace",
                                                .name = "Param",
                                                .precision = -1,
                                                .as_markdown = option_md,
                                                .no_path = option_no_path};
    const struct cli_values_choice choice = {.kind = CLI_VALUES_PARAMS, .targets = &targets};

    if (argc > 2)
        return rmv_error(RMV_ERR_USAGE, "at most two revisions can be compared: '%s'", argv[2]);
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = cli_paths(workspace, (int)option_targets.count, option_targets.items, &targets);
    if (!err)
        err = cli_values_compare(workspace, revisions, &choice, option_all, &differences);
    if (!err && option_deps)
        err = keep_deps(workspace, &differences);
    if (err)
        return err;
    if (option_json)
        cli_differences_print_json(&differences, &style);
    else
        cli_differences_print(&differences, &style);
    return NULL;
}

const struct cli_command rmv_command_params_diff = {
    .name = "params diff",
    .arguments = "[REV [REV]]",
    .summary = "show which parameters changed",
    .help =
        "Compares the parameter files of two revisions, or of a revision (default HEAD) and the\n"
        "workspace, value by value: params.yaml and every file that rmv.yaml names under\n"
        "'params' or 'vars'. Values are shown under their dotted names; '-' stands for none. "
        "Nothing is\n"
        "printed if nothing differs. Formatting, comments and the order of keys do not count.\n"
        "With --deps only what stages depend on counts.",
    .examples = "rmv params diff                # what was changed since the last commit\n"
                "rmv params diff v1.0 v2.0      # between two revisions\n"
                "rmv params diff --all --md     # everything, for a report\n",
    .options = options,
    .run = params_diff,
};
