#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/commands.h"
#include "rmv/dataset/config.h"
#include "rmv/dataset/workspace.h"
#include "rmv/shared.h"

static bool option_local, option_user, option_project;
static bool option_list, option_unset;

static const struct cli_option options[] = {
    {.name = "project", .flag = &option_project, .help = "the settings that Git tracks (default)"},
    {.name = "local", .flag = &option_local, .help = "this workspace's own settings"},
    {.name = "user", .flag = &option_user, .help = "the user's, for all workspaces"},
    {.name = "list",
     .letter = 'l',
     .flag = &option_list,
     .help = "print every setting that counts"},
    {.name = "unset", .flag = &option_unset, .help = "remove a setting"},
    {0},
};

static const struct rmv_error *chosen_level(enum rmv_config_level *level)
{
    if (option_local + option_user + option_project > 1)
        return rmv_error(RMV_ERR_USAGE, "--project, --local and --user exclude each other");
    *level = option_local     ? RMV_CONFIG_LOCAL
             : option_user    ? RMV_CONFIG_USER
             : option_project ? RMV_CONFIG_COMMITTED
                              : RMV_CONFIG_ANY;
    return NULL;
}

/* Exactly as it is for programs; a person's terminal must not obey what a clone's file says. */
static void print(const char *text)
{
    if (isatty(STDOUT_FILENO))
        cli_print("%s\n", text);
    else
        puts(text);
}

static void list(const struct rmv_config *config, enum rmv_config_level level)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings settings = {0};
    rmv_config_list(config, level, &settings);
    for (size_t i = 0; i < settings.count; i++)
        print(settings.items[i]);
}

static const struct rmv_error *get(const struct rmv_config *config, enum rmv_config_level level,
                                   const char *key)
{
    const struct rmv_error *err = rmv_config_check_key(key);
    if (err)
        return err;
    const char *value = rmv_config_get_at(config, level, key);
    if (!value)
        return rmv_error(RMV_ERR_FAILED, "'%s' is not set", key);
    print(value);
    return NULL;
}

static const struct rmv_error *run(struct rmv_config *config, int argc, char **argv)
{
    enum rmv_config_level level = RMV_CONFIG_ANY;

    const struct rmv_error *err = chosen_level(&level);
    if (err)
        return err;
    if (option_list && (argc > 0 || option_unset))
        return rmv_error(RMV_ERR_USAGE, "--list stands alone");
    if (option_list) {
        list(config, level);
        return NULL;
    }
    const enum rmv_config_level written = level == RMV_CONFIG_ANY ? RMV_CONFIG_COMMITTED : level;
    if (option_unset && argc == 1)
        return rmv_config_set(config, written, argv[0], NULL);
    if (!option_unset && argc == 1)
        return get(config, level, argv[0]);
    if (!option_unset && argc == 2)
        return rmv_config_set(config, written, argv[0], argv[1]);
    return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "config needs a KEY, and a VALUE to set it to"),
                          "`rmv config --list` prints what is set");
}

static const struct rmv_error *config_run(int argc, char **argv)
{
    RMV_CLEANUP(rmv_config_close) struct rmv_config *config = NULL;
    RMV_CLEANUP(rmv_str_free) char *root = rmv_workspace_find(".");
    RMV_CLEANUP(rmv_str_free)
    char *folder = root ? rmv_path_join(root, RMV_WORKSPACE_FOLDER) : NULL;

    if (!root && (option_local || option_project))
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "this is not in an rmv workspace"),
                              "`rmv init` makes one; --user works anywhere");
    const struct rmv_error *err = rmv_config_open(folder, &config);
    if (err)
        return err;
    const struct rmv_strings *warnings = rmv_config_warnings(config);
    for (size_t i = 0; i < warnings->count; i++)
        rmv_log_write(cli_log(), RMV_LOG_WARNING, "%s", warnings->items[i]);
    return run(config, argc, argv);
}

const struct cli_command rmv_command_config = {
    .name = "config",
    .arguments = "[KEY [VALUE]]",
    .summary = "print or change settings",
    .help =
        "With a KEY, prints its value, or exits 1 if it is not set. With a VALUE too, changes it "
        "in\n"
        "one file, atomically; comments and order in it survive. Files are in the syntax of git\n"
        "config, and later ones win:\n\n"
        "  /etc/rmv/config          the machine's\n"
        "  ~/.config/rmv/config     the user's (--user)\n"
        "  .rmstore/config          the project's, tracked by Git (--project, the default)\n"
        "  .rmstore/config.local    this workspace's own (--local)\n\n"
        "The project's file comes with a clone, from somebody else, so only settings that can do "
        "no\n"
        "harm count in it. Files that include others are refused.\n\n"
        "  cache.dir         folder of the objects, instead of .rmstore/objects (not in "
        "--project)\n"
        "  cache.type        how data is in the workspace and the store without being there "
        "twice:\n"
        "                    reflink (shares blocks: XFS, Btrfs), hardlink or symlink (read-only\n"
        "                    links to a file in the store; `rmv unprotect`), copy; or several, "
        "tried\n"
        "                    in order; default reflink,copy\n"
        "  core.compression  level of zstd, 1 to 19; default 1\n"
        "  core.fsync        off trades safety in a power cut for speed (not in --project)\n"
        "  core.shared       group, all or a mode like 0660: permissions of the store's files, "
        "whatever\n"
        "                    the umask; default Git's core.sharedRepository (not in --project)\n"
        "  core.threads      threads at work; default 0, one for each processor\n"
        "  parsing.bool      store_true or boolean_optional: options from ${MAP} in a command\n"
        "  parsing.list      nargs or append: the same for lists\n"
        "\n"
        "What `rmv plots show` and `rmv plots diff` do where no option says otherwise; paths are\n"
        "relative to the top of the workspace, and inside it in --project (DVC's names, with _, "
        "do, "
        "too):\n\n"
        "  plots.auto-open      as --open: true opens the page in a browser (not in --project)\n"
        "  plots.html-template  as --html-template: a page of HTML with a place for the plots\n"
        "  plots.out-dir        as --out: where the page goes; default rmv_plots, where you are",
    .examples = "rmv config core.threads 4           # for everybody\n"
                "rmv config --local cache.dir /srv/store\n"
                "rmv config --list",
    .options = options,
    .run = config_run,
};
