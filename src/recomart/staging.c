#include "recomart/staging.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define OPEN_FOLDERS_MAX 16

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *place)
{
    (void)status;
    (void)type;
    (void)place;
    return remove(path);
}

/* Removes a folder and all in it, without following links; one that is missing is fine. */
static const struct rmv_error *remove_folder(const char *path)
{
    if (nftw(path, remove_entry, OPEN_FOLDERS_MAX, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
        return rmv_error_errno("cannot remove '%s'", path);
    return NULL;
}

const struct rmv_error *rmv_staging_open(const char *target, struct rmv_staging *staging)
{
    RMV_CLEANUP(rmv_str_free) char *above = rmv_path_parent(target);
    const struct rmv_error *err = rmv_fs_mkdir_p(above);
    if (err)
        return err;
    staging->lock_fd = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (staging->lock_fd < 0)
        return rmv_error_errno("cannot open folder '%s'", above);
    if (flock(staging->lock_fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        return rmv_error(RMV_ERR_LOCKED, "another process is replacing '%s'", target);

    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_format("%s/.%s.part", above, rmv_path_name(target));
    err = remove_folder(path);
    if (!err)
        err = rmv_fs_mkdir_p(path);
    if (err)
        return err;
    rmv_str_set(&staging->target, target);
    rmv_str_set(&staging->path, path);
    return NULL;
}

/* Puts `from` where `to` is. What was there ends up at `from`, or nowhere. */
static const struct rmv_error *exchange(const char *from, const char *to)
{
    int failed = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE);
    if (failed && errno == ENOENT)
        failed = rename(from, to);
    if (failed && (errno == EINVAL || errno == ENOSYS)) {
        /* A filesystem that cannot exchange: there is a moment without either. */
        const struct rmv_error *err = remove_folder(to);
        if (err)
            return err;
        failed = rename(from, to);
    }
    return failed ? rmv_error_errno("cannot replace '%s'", to) : NULL;
}

const struct rmv_error *rmv_staging_publish(struct rmv_staging *staging)
{
    if (syncfs(staging->lock_fd) < 0)
        return rmv_error_errno("cannot sync '%s'", staging->path);
    const struct rmv_error *err = exchange(staging->path, staging->target);
    if (!err && fsync(staging->lock_fd) < 0)
        err = rmv_error_errno("cannot sync the folder of '%s'", staging->target);
    return err;
}

const struct rmv_error *rmv_staging_publish_part(struct rmv_staging *staging, const char *name)
{
    RMV_CLEANUP(rmv_str_free) char *from = rmv_path_join(staging->path, name);
    RMV_CLEANUP(rmv_str_free) char *to = rmv_path_join(staging->target, name);
    if (!rmv_fs_exists(from))
        return remove_folder(to);
    const struct rmv_error *err = rmv_fs_mkdir_p(staging->target);
    return err ? err : exchange(from, to);
}

void rmv_staging_close(struct rmv_staging *staging)
{
    if (staging->path) {
        /* A folder that stays is removed by the next run. */
        RMV_CLEANUP(rmv_error_free) struct rmv_error *before = rmv_error_take(rmv_error_last());
        (void)!remove_folder(staging->path);
        (void)!rmv_error_raise(&before);
    }
    rmv_str_free(&staging->path);
    rmv_str_free(&staging->target);
    rmv_fd_close(&staging->lock_fd);
}
