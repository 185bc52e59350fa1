#include "faulty_vfs.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Is it this call's turn to fail? */
static bool is_due(struct faulty_vfs *faulty)
{
    return atomic_fetch_add(&faulty->calls, 1) + 1 == faulty->fails_at;
}

static int go_wrong(struct faulty_vfs *faulty)
{
    if (faulty->dies)
        _exit(9);
    errno = ENOSPC;
    return -1;
}

static int faulty_open(void *state, const char *path, int flags, mode_t mode)
{
    struct faulty_vfs *faulty = state;
    if ((flags & O_CREAT) && is_due(faulty))
        return go_wrong(faulty);
    return faulty->real->open(NULL, path, flags, mode);
}

static int faulty_close(void *state, int fd)
{
    struct faulty_vfs *faulty = state;
    return faulty->real->close(NULL, fd);
}

static ssize_t faulty_pread(void *state, int fd, void *bytes, size_t size, uint64_t offset)
{
    struct faulty_vfs *faulty = state;
    return faulty->real->pread(NULL, fd, bytes, size, offset);
}

static ssize_t faulty_pwrite(void *state, int fd, const void *bytes, size_t size, uint64_t offset)
{
    struct faulty_vfs *faulty = state;
    if (is_due(faulty)) {
        if (faulty->real->pwrite(NULL, fd, bytes, size / 2, offset) < 0)
            return -1;
        return go_wrong(faulty);
    }
    return faulty->real->pwrite(NULL, fd, bytes, size, offset);
}

static int faulty_fsync(void *state, int fd)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->fsync(NULL, fd);
}

static int faulty_direct(void *state, int fd, bool on)
{
    struct faulty_vfs *faulty = state;
    return faulty->real->direct(NULL, fd, on);
}

static int faulty_ftruncate(void *state, int fd, uint64_t size)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->ftruncate(NULL, fd, size);
}

static int faulty_fchmod(void *state, int fd, mode_t mode)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->fchmod(NULL, fd, mode);
}

static int faulty_fstat(void *state, int fd, struct rmv_vfs_stat *stat)
{
    struct faulty_vfs *faulty = state;
    return faulty->real->fstat(NULL, fd, stat);
}

static int faulty_lock(void *state, int fd, bool exclusive)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->lock(NULL, fd, exclusive);
}

static void *faulty_map(void *state, int fd, size_t size)
{
    struct faulty_vfs *faulty = state;
    return faulty->real->map(NULL, fd, size);
}

static int faulty_unmap(void *state, void *bytes, size_t size)
{
    struct faulty_vfs *faulty = state;
    return faulty->real->unmap(NULL, bytes, size);
}

static int faulty_stat(void *state, const char *path, struct rmv_vfs_stat *stat)
{
    struct faulty_vfs *faulty = state;
    return faulty->real->stat(NULL, path, stat);
}

static int faulty_lstat(void *state, const char *path, struct rmv_vfs_stat *stat)
{
    struct faulty_vfs *faulty = state;
    return faulty->real->lstat(NULL, path, stat);
}

static int faulty_rename(void *state, const char *from, const char *to)
{
    struct faulty_vfs *faulty = state;
    if (is_due(faulty) || faulty->at_rename)
        return go_wrong(faulty);
    return faulty->real->rename(NULL, from, to);
}

static int faulty_link(void *state, const char *from, const char *to)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->link(NULL, from, to);
}

static int faulty_link_file(void *state, int fd, const char *to)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->link_file(NULL, fd, to);
}

static int faulty_clone(void *state, int fd, int from_fd)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->clone(NULL, fd, from_fd);
}

static int faulty_unlink(void *state, const char *path)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->unlink(NULL, path);
}

static int faulty_touch(void *state, const char *path)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->touch(NULL, path);
}

static int faulty_mkdir(void *state, const char *path, mode_t mode)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->mkdir(NULL, path, mode);
}

static int faulty_sync_folder(void *state, const char *path)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->sync_folder(NULL, path);
}

static int faulty_sync_all(void *state, const char *path)
{
    struct faulty_vfs *faulty = state;
    return is_due(faulty) ? go_wrong(faulty) : faulty->real->sync_all(NULL, path);
}

static int faulty_list(void *state, const char *path, struct rmv_strings *names)
{
    struct faulty_vfs *faulty = state;
    return faulty->real->list(NULL, path, names);
}

void faulty_vfs_init(struct faulty_vfs *faulty, int fails_at, bool dies)
{
    *faulty = (struct faulty_vfs){
        .vfs = {.state = faulty,
                .open = faulty_open,
                .close = faulty_close,
                .pread = faulty_pread,
                .pwrite = faulty_pwrite,
                .fsync = faulty_fsync,
                .direct = faulty_direct,
                .ftruncate = faulty_ftruncate,
                .fchmod = faulty_fchmod,
                .fstat = faulty_fstat,
                .lock = faulty_lock,
                .map = faulty_map,
                .unmap = faulty_unmap,
                .stat = faulty_stat,
                .lstat = faulty_lstat,
                .rename = faulty_rename,
                .link = faulty_link,
                .link_file = faulty_link_file,
                .clone = faulty_clone,
                .unlink = faulty_unlink,
                .touch = faulty_touch,
                .mkdir = faulty_mkdir,
                .sync_folder = faulty_sync_folder,
                .sync_all = faulty_sync_all,
                .list = faulty_list},
        .real = rmv_vfs_default(),
        .fails_at = fails_at,
        .dies = dies,
    };
}
