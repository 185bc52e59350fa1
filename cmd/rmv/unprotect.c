#include "rmv/dataset/links.h"

#include <inttypes.h>
#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/commands.h"
#include "rmv/shared.h"

static bool option_force;
static bool option_json;

static const struct cli_option options[] = {
    {.name = "force",
     .letter = 'f',
     .flag = &option_force,
     .help = "keep what is there where a link was written through"},
    {.name = "json", .flag = &option_json, .help = "print a JSON document"},
    {0},
};

static void print(const struct rmv_unprotected *unprotected)
{
    if (option_json) {
        RMV_CLEANUP(rmv_value_free) struct rmv_value document = {0};
        cli_set_int(&document, "version", 1);
        cli_set_int(&document, "files", unprotected->files_count);
        cli_print_json(&document);
    } else if (!cli_quiet && !unprotected->files_count) {
        puts("All files could be written to already.");
    } else if (!cli_quiet) {
        printf("%" PRIu64 " file%s can be written to now\n", unprotected->files_count,
               unprotected->files_count == 1 ? "" : "s");
    }
}

static const struct rmv_error *unprotect(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    const struct rmv_unprotect_options chosen = {.force = option_force};
    struct rmv_unprotected unprotected = {0};

    if (argc == 0)
        return rmv_error(RMV_ERR_USAGE, "which files or folders are to be written to?");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = cli_paths(workspace, argc, argv, &paths);
    if (err)
        return err;
    err = rmv_unprotect(workspace, &paths, &chosen, &unprotected);
    if (!err || unprotected.files_count > 0)
        print(&unprotected);
    return err;
}

const struct cli_command rmv_command_unprotect = {
    .name = "unprotect",
    .arguments = "PATH...",
    .summary = "make links into the store files of their own, to be written to",
    .help =
        "Where cache.type is hardlink or symlink, files of the workspace are links to read-only\n"
        "files in the store, and writing through one would damage every version that has the\n"
        "file. This replaces each link at and below PATH by a copy that can be written to. The\n"
        "copy is hashed before it takes the link's place, at once; other hard links become files\n"
        "of their own too. `rmv add` of what was edited makes it a link again, and `rmv checkout\n"
        "--relink` does without an edit.\n"
        "\n"
        "A link that leads to something else than what was stored, since somebody made it\n"
        "writable and wrote through it, is left as it is and named, and the exit status is 5:\n"
        "--force makes a file of what is there now, `rmv checkout -f` of what was stored, if the\n"
        "store has it elsewhere.",
    .examples = "rmv unprotect data/raw/users.csv  # before editing it\n"
                "rmv unprotect data/raw  # a whole folder\n",
    .options = options,
    .run = unprotect,
};
