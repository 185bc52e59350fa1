#include "store/temporary.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"

#define ATTEMPTS_MAX 100
#define PUBLISHED_MODE 0444

static char *make_path(const char *root, const char *kind)
{
    uint64_t random = 0;
    if (getrandom(&random, sizeof(random), 0) != sizeof(random))
        random = (uint64_t)rmv_time_monotonic_ns() ^ (uint64_t)getpid() << 40;
    return rmv_str_format("%s/" RMV_TEMPORARY_FOLDER "/%s-%ld-%016llx", root, kind, (long)getpid(),
                          (unsigned long long)random);
}

/* Locks the file, and makes sure that it still has its name: between opening and locking, its owner
 * may have published it, or somebody who clears up may have removed it. */
static const struct rmv_error *lock_named(struct rmv_vfs_file *file)
{
    struct rmv_vfs_stat opened;
    struct rmv_vfs_stat named;
    const struct rmv_error *err = rmv_vfs_lock(file, true);
    if (!err)
        err = rmv_vfs_stat_file(file, &opened);
    if (err)
        return err;
    if (file->vfs->stat(file->vfs->state, file->path, &named) < 0 || named.inode != opened.inode)
        return rmv_error(RMV_ERR_LOCKED, "'%s' was taken by another process", file->path);
    return NULL;
}

const struct rmv_error *rmv_temporary_create(const struct rmv_vfs *vfs, const char *root,
                                             const char *kind, struct rmv_vfs_file *file)
{
    const struct rmv_error *err = NULL;
    for (int i = 0; i < ATTEMPTS_MAX; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = make_path(root, kind);
        RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file created = RMV_VFS_FILE_EMPTY;
        err = rmv_vfs_open(vfs, path, O_RDWR | O_CREAT | O_EXCL, &created);
        if (!err)
            err = lock_named(&created);
        if (!err) {
            *file = created;
            created = (struct rmv_vfs_file)RMV_VFS_FILE_EMPTY;
            return NULL;
        }
        if (err->code != RMV_ERR_CONFLICT && err->code != RMV_ERR_LOCKED)
            return err;
    }
    return err;
}

const struct rmv_error *rmv_temporary_adopt(const struct rmv_vfs *vfs, const char *path,
                                            struct rmv_vfs_file *file)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file opened = RMV_VFS_FILE_EMPTY;
    const struct rmv_error *err = rmv_vfs_open(vfs, path, O_RDWR | O_NOFOLLOW, &opened);
    if (!err)
        err = lock_named(&opened);
    if (err)
        return err;
    *file = opened;
    opened = (struct rmv_vfs_file)RMV_VFS_FILE_EMPTY;
    return NULL;
}

void rmv_temporary_discard(struct rmv_vfs_file *file)
{
    if (file->fd >= 0)
        file->vfs->unlink(file->vfs->state, file->path);
    rmv_vfs_close(file);
}

const struct rmv_error *rmv_temporary_publish(struct rmv_vfs_file *file, const char *path,
                                              bool sync)
{
    struct rmv_vfs_stat stat;
    const struct rmv_error *err = rmv_vfs_stat_file(file, &stat);
    if (!err && sync)
        err = rmv_vfs_sync(file);
    if (!err)
        err = rmv_vfs_rename(file->vfs, file->path, path);
    /* Not before: what a dead process left in tmp/ must be writable for whoever takes it up. A
     * filesystem without modes is no reason to fail. */
    if (!err)
        (void)file->vfs->fchmod(file->vfs->state, file->fd, stat.mode & PUBLISHED_MODE);
    if (err)
        rmv_temporary_discard(file);
    else
        rmv_vfs_close(file);
    return err;
}
