#include "rmv/revisions.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/shared.h"

void cli_revisions_free(struct cli_revisions *revisions)
{
    rmv_strings_free(&revisions->paths);
    *revisions = (struct cli_revisions){0};
}

static const struct rmv_error *is_revision(struct rmv_workspace *workspace, const char *argument,
                                           bool *is)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    *is = false;
    if (!workspace->vcs)
        return NULL;
    const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, argument, &commit);
    *is = !err;
    return err && err->code != RMV_ERR_NOT_FOUND ? err : NULL;
}

/* Is it there, or tracked, or was it? */
static const struct rmv_error *is_path(struct rmv_workspace *workspace, const char *argument,
                                       bool *is)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};
    char *path = NULL;

    *is = faccessat(AT_FDCWD, argument, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (*is || rmv_workspace_path(workspace, argument, &path))
        return NULL;
    const struct rmv_error *err = rmv_tracked_read(workspace, NULL, &tracked);
    for (size_t i = 0; !err && i < tracked.outputs.count; i++)
        *is = *is || rmv_path_is_in(tracked.outputs.items[i].path, path);
    *is = *is || (!err && rmv_tracked_find(&tracked, path));
    rmv_str_free(&path);
    return err;
}

/* Sets `*revision` if the argument is one; paths follow otherwise. */
static const struct rmv_error *classify(struct rmv_workspace *workspace, const char *argument,
                                        bool *revision)
{
    bool path = false;
    const struct rmv_error *err = is_revision(workspace, argument, revision);
    if (!err)
        err = is_path(workspace, argument, &path);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(argument);
    if (*revision && path)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' is both a revision and a path", quoted),
            "put '--' behind revisions and before paths");
    if (!*revision && !path)
        return rmv_error_hint(
            rmv_error(RMV_ERR_NOT_FOUND,
                      "'%s' is neither a revision nor a path that exists or is tracked", quoted),
            strstr(argument, "..")
                ? "two revisions are two arguments: REV REV"
                : "put '--' before a path that is tracked only in another revision");
    return NULL;
}

static const struct rmv_error *parse_separated(struct rmv_workspace *workspace, int argc,
                                               char **argv, size_t max,
                                               struct cli_revisions *revisions)
{
    for (int i = 0; i < argc; i++) {
        RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
        if ((size_t)i == max)
            return rmv_error(RMV_ERR_USAGE, "'%s' is one revision too many", argv[i]);
        if (!workspace->vcs)
            return rmv_error(RMV_ERR_USAGE, "'%s': the workspace is not in a Git repository",
                             argv[i]);
        const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, argv[i], &commit);
        if (err)
            return err;
    }
    revisions->count = (size_t)argc;
    return NULL;
}

static int find_dashes(int argc, char **argv)
{
    int i = 0;
    while (i < argc && strcmp(argv[i], "--") != 0)
        i++;
    return i;
}

const struct rmv_error *cli_revisions_parse(struct rmv_workspace *workspace, int argc, char **argv,
                                            size_t max, struct cli_revisions *revisions)
{
    const int dashes = find_dashes(argc, argv);
    const struct rmv_error *err = NULL;

    revisions->items = argv;
    if (dashes < argc) {
        err = parse_separated(workspace, dashes, argv, max, revisions);
        return err ? err
                   : cli_paths(workspace, argc - dashes - 1, argv + dashes + 1, &revisions->paths);
    }
    bool is_one = true;
    int i = 0;
    while (i < argc && is_one) {
        if ((size_t)i < max)
            err = classify(workspace, argv[i], &is_one);
        else
            is_one = false;
        if (err)
            return err;
        i += is_one;
    }
    revisions->count = (size_t)i;
    return cli_paths(workspace, argc - i, argv + i, &revisions->paths);
}
