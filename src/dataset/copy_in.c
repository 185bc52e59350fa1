#include "rmv/dataset/copy_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/process.h"

/* Runs it in the folder that is open as `folder_fd`, wherever that is by now. */
static const struct rmv_error *run_in(int folder_fd, const char *const *argv)
{
    RMV_CLEANUP(rmv_str_free)
    char *folder = rmv_str_format("/proc/%d/fd/%d", (int)getpid(), folder_fd);
    const struct rmv_process_options options = {.argv = argv, .folder = folder};
    pid_t pid;
    int status;

    const struct rmv_error *err = rmv_process_start(&options, &pid);
    if (!err)
        err = rmv_process_wait(pid, &status);
    if (err || status == 0)
        return err;
    RMV_CLEANUP(rmv_str_free) char *ended = rmv_process_describe(status);
    return rmv_error(RMV_ERR_IO, "%s: %s", argv[0], ended);
}

/* Removes what is there, if anything, and passes `err` on. */
static const struct rmv_error *remove_in(int folder_fd, const char *name,
                                         const struct rmv_error *err)
{
    RMV_CLEANUP(rmv_str_free) char *below = rmv_str_format("./%s", name);
    const char *const argv[] = {"rm", "-rf", below, NULL};

    struct rmv_error *before = err ? rmv_error_take(err) : NULL;
    err = run_in(folder_fd, argv);
    return before ? rmv_error_raise(&before) : err;
}

static const struct rmv_error *check_source(const struct rmv_workspace *workspace,
                                            const char *source, char **origin)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(source);
    RMV_CLEANUP(rmv_str_free) char *root = realpath(workspace->root, NULL);
    RMV_CLEANUP(rmv_str_free) char *real = realpath(source, NULL);

    if (!real)
        return rmv_error_errno("cannot find '%s'", quoted);
    if (!root)
        return rmv_error_errno("cannot find '%s'", workspace->root);
    if (rmv_path_is_in(real, root))
        return rmv_error_hint(rmv_error(RMV_ERR_USAGE, "'%s' is in the workspace already", quoted),
                              "`rmv add` tracks it where it is");
    if (rmv_path_is_in(root, real))
        return rmv_error(RMV_ERR_USAGE, "'%s' has the workspace in it", quoted);
    *origin = real;
    real = NULL;
    return NULL;
}

static const struct rmv_error *copy(int folder_fd, const char *origin, const char *name,
                                    const char *path)
{
    RMV_CLEANUP(rmv_str_free)
    char *part = rmv_str_format(RMV_FS_TEMPORARY_HEAD "%d", (int)getpid());
    const char *const argv[] = {"cp", "-RH", "--reflink=auto", "--", origin, part, NULL};
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);

    const struct rmv_error *err = remove_in(folder_fd, part, NULL);
    if (!err)
        err = run_in(folder_fd, argv);
    if (!err && renameat2(folder_fd, part, folder_fd, name, RENAME_NOREPLACE) < 0)
        err = rmv_error_errno("cannot rename the copy to '%s'", quoted);
    if (!err)
        return NULL;
    err = rmv_error_context(err, "cannot copy '%s' to '%s'", origin, quoted);
    return remove_in(folder_fd, part, err);
}

const struct rmv_error *rmv_copy_in(struct rmv_workspace *workspace, const char *source,
                                    const char *path, char **origin)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    RMV_CLEANUP(rmv_str_free) char *found = NULL;
    struct stat status;
    const char *name;

    const struct rmv_error *err = check_source(workspace, source, &found);
    if (!err)
        err = rmv_beneath_open_parent(workspace->root_fd, path, true, &folder_fd, &name);
    if (err)
        return err;
    if (fstatat(folder_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
        RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
        return rmv_error_hint(rmv_error(RMV_ERR_CONFLICT, "there is a '%s' already", quoted),
                              "remove it first, or name another place");
    }
    err = copy(folder_fd, found, name, path);
    if (err)
        return err;
    *origin = found;
    found = NULL;
    return NULL;
}

const struct rmv_error *rmv_copy_in_undo(struct rmv_workspace *workspace, const char *path,
                                         const struct rmv_error *err)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    const char *name;

    struct rmv_error *before = rmv_error_take(err);
    err = rmv_beneath_open_parent(workspace->root_fd, path, false, &folder_fd, &name);
    if (!err)
        err = remove_in(folder_fd, name, NULL);
    (void)err;
    return rmv_error_raise(&before);
}
