#include <stdio.h>

#include "rmv/base/version.h"
#include "rmv/commands.h"
#include "rmv/shared.h"
#include "rmv/store/store.h"
#include "rmv/vcs/vcs.h"

static bool option_json;

static const struct cli_option options[] = {
    {.name = "json", .flag = &option_json, .help = "print an object of JSON"},
    {0},
};

struct version {
    const char *name, *text;
};

static void print_json(const struct version *versions, size_t count)
{
    struct rmv_value document = {0};
    for (size_t i = 0; i < count; i++)
        cli_set_text(&document, versions[i].name, versions[i].text);
    cli_print_json(&document);
    rmv_value_free(&document);
}

static const struct rmv_error *version(int argc, char **argv)
{
    const struct version versions[] = {
        {"rmv", rmv_version()},
        {"libgit2", rmv_vcs_libgit2_version()},
        {"zstd", rmv_store_zstd_version()},
        {"libyaml", rmv_version_libyaml()},
        {"cJSON", rmv_version_cjson()},
    };
    const size_t count = sizeof(versions) / sizeof(versions[0]);

    (void)argv;
    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "version takes no arguments");
    if (option_json) {
        print_json(versions, count);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        printf("%s %s\n", versions[i].name, versions[i].text);
    return NULL;
}

const struct cli_command rmv_command_version = {
    .name = "version",
    .arguments = "",
    .summary = "print the versions of rmv and its libraries",
    .help =
        "Prints the version of rmv and of the libraries that this process runs with, one a line:\n"
        "what a report of a fault should begin with. Versions of libraries are those found when\n"
        "the program started, not those it was built with. `rmv --version` prints rmv's alone.",
    .examples = "rmv version --json | jq -r .libgit2",
    .options = options,
    .run = version,
};
