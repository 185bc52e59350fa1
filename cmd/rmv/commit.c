#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/add.h"
#include "rmv/shared.h"

/* Is there anything at the path? Links count, wherever they lead. */
static bool is_here(const struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *absolute = rmv_path_join(workspace->root, path);
    return faccessat(AT_FDCWD, absolute, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The tracked data that is here: all of it, or what was asked for. */
static const struct rmv_error *list_outputs(struct rmv_workspace *workspace,
                                            const struct rmv_strings *asked,
                                            struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    const struct rmv_error *err = rmv_tracked_read(workspace, NULL, &tracked);
    if (err)
        return err;
    for (size_t i = 0; i < asked->count; i++) {
        bool is_any = false;
        for (size_t k = 0; k < tracked.outputs.count && !is_any; k++)
            is_any = rmv_path_is_in(tracked.outputs.items[k].path, asked->items[i]) ||
                     rmv_path_is_in(asked->items[i], tracked.outputs.items[k].path);
        if (!is_any) {
            RMV_CLEANUP(rmv_str_free) char *shown = cli_shown_path(workspace, asked->items[i]);
            return rmv_error_hint(rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not tracked", shown),
                                  "`rmv add` starts tracking it");
        }
    }
    for (size_t i = 0; i < tracked.outputs.count; i++) {
        const char *path = tracked.outputs.items[i].path;
        const bool is_pointer = *tracked.stages.items[i] == '\0';
        if (is_pointer && cli_is_chosen(asked, path) && is_here(workspace, path))
            rmv_strings_add(paths, path);
    }
    return NULL;
}

static void print(const struct rmv_workspace *workspace, const struct rmv_added_list *added)
{
    for (size_t i = 0; i < added->count && !cli_quiet; i++) {
        if (!added->items[i].changed)
            continue;
        RMV_CLEANUP(rmv_str_free)
        char *path = cli_shown_path(workspace, added->items[i].output.path);
        char hex[RMV_OBJECT_ID_HEX_SIZE];
        rmv_object_id_to_hex(&added->items[i].output.id, hex);
        printf("%s  %s\n", hex, path);
    }
}

static const struct rmv_error *commit(int argc, char **argv)
{
    RMV_CLEANUP(rmv_workspace_close) struct rmv_workspace *workspace = NULL;
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings asked = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    RMV_CLEANUP(rmv_added_list_free) struct rmv_added_list added = {0};
    RMV_CLEANUP(rmv_progress_close) struct rmv_progress *progress = NULL;

    const struct rmv_error *err = cli_open_workspace(&workspace);
    if (!err)
        err = cli_paths(workspace, argc, argv, &asked);
    if (!err)
        err = list_outputs(workspace, &asked, &paths);
    if (err)
        return err;
    rmv_progress_open(cli_quiet ? -1 : STDERR_FILENO, "committing", &progress);
    const struct rmv_add_options options = {.progress = progress};
    err = rmv_add(workspace, &paths, &options, &added);
    rmv_progress_close(&progress);
    if (!err)
        print(workspace, &added);
    return err;
}

const struct cli_command rmv_command_commit = {
    .name = "commit",
    .arguments = "[PATH...]",
    .summary = "store what changed in tracked data",
    .help =
        "Stores the data of every pointer file, or of those at, in or around each PATH, as it is\n"
        "now, and updates the pointers: what `rmv add --no-commit` left to do, and whatever was\n"
        "modified since. Data that is not in the workspace is left alone. Each line of output is\n"
        "an id and a path whose pointer changed.\n"
        "\n"
        "This is about data; pointers are committed by `git commit`.",
    .examples = "rmv commit  # everything\n"
                "rmv commit data/raw\n",
    .run = commit,
};
