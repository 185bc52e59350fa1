#include "rmv/base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/time.h"

#define READ_STEP_BYTES ((size_t)64 * 1024)

void rmv_fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

bool rmv_fs_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

const struct rmv_error *rmv_fs_read(const char *path, size_t max_bytes, struct rmv_buf *out)
{
    /* Opening a FIFO must not wait for somebody to write into it. */
    RMV_CLEANUP(rmv_fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat status;
    if (fd < 0 || fstat(fd, &status) < 0)
        return rmv_error_errno("cannot open '%s'", path);
    if (S_ISFIFO(status.st_mode))
        return rmv_error(RMV_ERR_CORRUPT, "'%s' is a FIFO, not a file", path);
    return rmv_fd_read(fd, path, max_bytes, out);
}

/* How much to ask for at once: the rest of the file and one byte more, to meet its end. */
static size_t step_of(int fd)
{
    struct stat status;
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size <= 0)
        return READ_STEP_BYTES;
    const size_t size = (size_t)status.st_size + 1;
    return size < READ_STEP_BYTES * 16 ? size : READ_STEP_BYTES * 16;
}

const struct rmv_error *rmv_fd_read(int fd, const char *path, size_t max_bytes, struct rmv_buf *out)
{
    const size_t size_before = out->size;
    const size_t step = step_of(fd);
    for (;;) {
        char *room = rmv_buf_reserve(out, step);
        const ssize_t n = read(fd, room, step);
        if (n == 0)
            return NULL;
        if (n < 0 && errno == EINTR)
            continue;
        if (n > 0)
            out->size += (size_t)n;
        if (n > 0 && out->size - size_before <= max_bytes)
            continue;

        out->size = size_before;
        if (n < 0)
            return rmv_error_errno("cannot read '%s'", path);
        return rmv_error(RMV_ERR_LIMIT, "'%s' is longer than %zu bytes", path, max_bytes);
    }
}

const struct rmv_error *rmv_fd_write(int fd, const char *path, const void *bytes, size_t size)
{
    const char *rest = bytes;
    while (size > 0) {
        const ssize_t n = write(fd, rest, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rmv_error_errno("cannot write '%s'", path);
        rest += n;
        size -= (size_t)n;
    }
    return NULL;
}

const struct rmv_error *rmv_fs_sync_folder(const char *folder)
{
    RMV_CLEANUP(rmv_fd_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return rmv_error_errno("cannot sync folder '%s'", folder);
    return NULL;
}

const struct rmv_error *rmv_fs_mkdir_p(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0) {
        errno = ENOTDIR;
        return S_ISDIR(status.st_mode) ? NULL : rmv_error_errno("cannot create folder '%s'", path);
    }

    RMV_CLEANUP(rmv_str_free) char *parent = rmv_path_parent(path);
    const struct rmv_error *err = rmv_fs_mkdir_p(parent);
    if (err)
        return err;
    if (mkdir(path, 0777) < 0 && errno != EEXIST)
        return rmv_error_errno("cannot create folder '%s'", path);
    return rmv_fs_sync_folder(parent);
}

/* Process, time and a counter are in it. */
char *rmv_fs_temporary_of(const char *path)
{
    static atomic_uint counter;
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    RMV_CLEANUP(rmv_str_free)
    char *name =
        rmv_str_format(".rmv-tmp-%ld-%llx-%u", (long)getpid(),
                       (unsigned long long)rmv_time_now_ns(), atomic_fetch_add(&counter, 1));
    return rmv_path_join(folder, name);
}

static const struct rmv_error *write_temporary(int fd, const char *path, const void *bytes,
                                               size_t size)
{
    const struct rmv_error *err = rmv_fd_write(fd, path, bytes, size);
    if (!err && fsync(fd) < 0)
        err = rmv_error_errno("cannot sync '%s'", path);
    return err;
}

static const struct rmv_error *sync_parent(int dir_fd, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    RMV_CLEANUP(rmv_fd_close) int fd = openat(dir_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return rmv_error_errno("cannot sync folder '%s'", folder);
    return NULL;
}

const struct rmv_error *rmv_fs_write_atomic_at(int dir_fd, const char *path, const void *bytes,
                                               size_t size, mode_t mode)
{
    RMV_CLEANUP(rmv_str_free) char *temporary = rmv_fs_temporary_of(path);
    RMV_CLEANUP(rmv_fd_close)
    int fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0)
        return rmv_error_errno("cannot create '%s'", path);

    struct stat old;
    const struct rmv_error *err = write_temporary(fd, path, bytes, size);
    if (!err && fstatat(dir_fd, path, &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(old.st_mode) &&
        fchmod(fd, old.st_mode & 07777) < 0)
        err = rmv_error_errno("cannot set the mode of '%s'", path);
    if (!err && renameat(dir_fd, temporary, dir_fd, path) < 0)
        err = rmv_error_errno("cannot replace '%s'", path);
    if (err) {
        unlinkat(dir_fd, temporary, 0);
        return err;
    }
    return sync_parent(dir_fd, path);
}

const struct rmv_error *rmv_fs_write_atomic(const char *path, const void *bytes, size_t size)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);

    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (err)
        return err;
    return rmv_fs_write_atomic_at(AT_FDCWD, path, bytes, size, 0666);
}
