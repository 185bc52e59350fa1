#include "rmv/revisions.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/experiment/experiment.h"
#include "rmv/shared.h"

void cli_revisions_free(struct cli_revisions *revisions)
{
    rmv_strings_free(&revisions->paths);
    rmv_strings_free(&revisions->names);
    *revisions = (struct cli_revisions){0};
}

const struct rmv_error *cli_revision_find(struct rmv_workspace *workspace, const char *typed,
                                          char **revision)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    RMV_CLEANUP(rmv_experiment_free) struct rmv_experiment experiment = {0};

    if (!workspace->vcs)
        return rmv_error(RMV_ERR_USAGE, "there are no revisions: this is no Git repository");
    const struct rmv_error *err = rmv_vcs_resolve(workspace->vcs, typed, &commit);
    if (err && err->code == RMV_ERR_NOT_FOUND) {
        err = rmv_experiment_find(workspace, typed, &experiment);
        if (err && err->code == RMV_ERR_NOT_FOUND)
            err = rmv_vcs_resolve(workspace->vcs, typed, &commit);
    }
    if (!err)
        *revision = rmv_str_copy(experiment.name ? experiment.id : typed);
    return err;
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

static const struct rmv_error *neither_error(const char *argument)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(argument);
    return rmv_error_hint(
        rmv_error(RMV_ERR_NOT_FOUND,
                  "'%s' is neither a revision nor a path that exists or is tracked", quoted),
        strstr(argument, "..") ? "two revisions are two arguments: REV REV"
                               : "put '--' before a path that is tracked only in another revision");
}

/* Sets `*revision` if the argument is one, for the caller to free; paths follow otherwise. */
static const struct rmv_error *classify(struct rmv_workspace *workspace, const char *argument,
                                        char **revision)
{
    bool is_rev = false, path = false;
    const struct rmv_error *err = is_revision(workspace, argument, &is_rev);
    if (!err)
        err = is_path(workspace, argument, &path);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(argument);
    if (is_rev && path)
        return rmv_error_hint(
            rmv_error(RMV_ERR_USAGE, "'%s' is both a revision and a path", quoted),
            "put '--' behind revisions and before paths");
    if (path)
        return NULL;
    if (is_rev || workspace->vcs)
        err = cli_revision_find(workspace, argument, revision);
    if (err && err->code != RMV_ERR_NOT_FOUND)
        return err;
    return *revision ? NULL : neither_error(argument);
}

static const struct rmv_error *parse_separated(struct rmv_workspace *workspace, int argc,
                                               char **argv, size_t max,
                                               struct cli_revisions *revisions)
{
    for (int i = 0; i < argc; i++) {
        char *revision = NULL;
        if ((size_t)i == max)
            return rmv_error(RMV_ERR_USAGE, "'%s' is one revision too many", argv[i]);
        if (!workspace->vcs)
            return rmv_error(RMV_ERR_USAGE, "'%s': the workspace is not in a Git repository",
                             argv[i]);
        const struct rmv_error *err = cli_revision_find(workspace, argv[i], &revision);
        if (err)
            return err;
        rmv_strings_take(&revisions->names, revision);
    }
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

    if (dashes < argc) {
        err = parse_separated(workspace, dashes, argv, max, revisions);
        return err ? err
                   : cli_paths(workspace, argc - dashes - 1, argv + dashes + 1, &revisions->paths);
    }
    int i = 0;
    while (i < argc && (size_t)i < max) {
        char *revision = NULL;
        err = classify(workspace, argv[i], &revision);
        if (err)
            return err;
        if (!revision)
            break;
        rmv_strings_take(&revisions->names, revision);
        i++;
    }
    return cli_paths(workspace, argc - i, argv + i, &revisions->paths);
}
