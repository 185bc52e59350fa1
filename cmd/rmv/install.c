#include <stdio.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/git_setup.h"
#include "rmv/shared.h"

static bool option_uninstall;

static const struct cli_option options[] = {
    {.name = "uninstall", .flag = &option_uninstall, .help = "take all of it away again"},
    {0},
};

static const struct rmv_error *install(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings hooks = {0};
    (void)argv;

    if (argc > 0)
        return rmv_error(RMV_ERR_USAGE, "install takes no arguments");
    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = option_uninstall ? rmv_git_setup_uninstall(workspace, &hooks)
                               : rmv_git_setup_install(workspace, &hooks);
    if (err)
        return err;
    for (size_t i = 0; i < hooks.count && !cli_quiet; i++) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(hooks.items[i]);
        printf("%s  %s\n", option_uninstall ? "removed" : "installed", quoted);
    }
    return NULL;
}

const struct cli_command rmv_command_install = {
    .name = "install",
    .arguments = "",
    .summary = "make Git check out, show and merge tracked data",
    .help =
        "Sets up this clone of the repository, and nothing that is committed:\n"
        "\n"
        "The hook post-checkout runs `rmv checkout` after `git checkout` or `git switch` of a\n"
        "branch; pre-commit says if data differs from what the pointers say, and stops nothing. A\n"
        "hook that is there already is kept as NAME.before-rmv and called first; if it fails, "
        "ours\n"
        "does not run.\n"
        "\n"
        "`git diff`, `git log -p` and the like show what is in a folder that a pointer (*.rmv)\n"
        "names, not only its id. `git merge` merges two versions of such a folder file by file;\n"
        "where both changed the same file, the pointer is left with both sides in it, the files\n"
        "are named, and the data stays as it was.\n"
        "\n"
        "Doing it again changes nothing; --uninstall undoes it.",
    .examples = "rmv install\n"
                "rmv install --uninstall\n",
    .options = options,
    .run = install,
};
