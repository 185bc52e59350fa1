#include "rmv/base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
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
#define REPLACE_RETRIES_MAX 100

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

/* ---- Replacing files ------------------------------------------------------------------------ */

/* A name that nobody else uses: process, time and a counter are in it. */
static char *temporary_name(void)
{
    static atomic_uint counter;
    return rmv_str_format(RMV_FS_TEMPORARY_HEAD "%ld-%llx-%u", (long)getpid(),
                          (unsigned long long)rmv_time_now_ns(), atomic_fetch_add(&counter, 1));
}

char *rmv_fs_temporary_of(const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    RMV_CLEANUP(rmv_str_free) char *name = temporary_name();
    return rmv_path_join(folder, name);
}

/* What is to be replaced, and by what. */
struct replacement {
    int dir_fd;
    const char *path; /* from there */
    const void *bytes;
    size_t size;
    mode_t mode;
    bool sync;
};

static const struct rmv_error *write_temporary(int fd, const struct replacement *replacement)
{
    struct stat old;
    const struct rmv_error *err =
        rmv_fd_write(fd, replacement->path, replacement->bytes, replacement->size);
    if (!err && fstatat(replacement->dir_fd, replacement->path, &old, AT_SYMLINK_NOFOLLOW) == 0 &&
        S_ISREG(old.st_mode) && fchmod(fd, old.st_mode & 07777) < 0)
        err = rmv_error_errno("cannot set the mode of '%s'", replacement->path);
    if (!err && replacement->sync && fsync(fd) < 0)
        err = rmv_error_errno("cannot sync '%s'", replacement->path);
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

/* Takes the lock that says that somebody is still working on the file. Where files cannot be
 * locked, nobody clears up either. False if the file has lost its name. */
static bool is_ours(int fd, int folder_fd, const char *name)
{
    struct flock lock = {.l_type = F_WRLCK};
    struct stat opened;
    struct stat named;
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0 && (errno == EAGAIN || errno == EACCES))
        return false;
    return fstat(fd, &opened) == 0 && fstatat(folder_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
           opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

/* Replaces by way of the file `temporary` in the folder `via_fd`. `*is_other_disk` says that
 * nothing was done because it cannot be renamed from there. */
static const struct rmv_error *replace_via(int via_fd, const char *temporary,
                                           const struct replacement *replacement,
                                           bool *is_other_disk)
{
    const char *path = replacement->path;
    RMV_CLEANUP(rmv_fd_close)
    int fd = openat(via_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                    replacement->mode);
    *is_other_disk = false;
    if (fd < 0)
        return rmv_error_errno("cannot create '%s'", path);
    if (!is_ours(fd, via_fd, temporary))
        return rmv_error(RMV_ERR_LOCKED, "'%s' was cleared away while it was written", path);
    const struct rmv_error *err = write_temporary(fd, replacement);
    if (!err && renameat(via_fd, temporary, replacement->dir_fd, path) < 0) {
        *is_other_disk = errno == EXDEV;
        err = rmv_error_errno("cannot replace '%s'", path);
    }
    if (err) {
        unlinkat(via_fd, temporary, 0);
        return err;
    }
    return replacement->sync ? sync_parent(replacement->dir_fd, path) : NULL;
}

/* The temporary file is beside `path` if `via_fd` is -1. */
static const struct rmv_error *replace_once(int via_fd, const struct replacement *replacement)
{
    bool is_other_disk = false;
    if (via_fd >= 0) {
        RMV_CLEANUP(rmv_str_free) char *name = temporary_name();
        const struct rmv_error *err = replace_via(via_fd, name, replacement, &is_other_disk);
        if (!err || !is_other_disk)
            return err;
    }
    RMV_CLEANUP(rmv_str_free) char *temporary = rmv_fs_temporary_of(replacement->path);
    return replace_via(replacement->dir_fd, temporary, replacement, &is_other_disk);
}

/* Who clears up may come between the making of the file and its lock: then with another one. */
static const struct rmv_error *replace(int via_fd, const struct replacement *replacement)
{
    const struct rmv_error *err = replace_once(via_fd, replacement);
    for (int i = 0; i < REPLACE_RETRIES_MAX && err && err->code == RMV_ERR_LOCKED; i++)
        err = replace_once(via_fd, replacement);
    return err;
}

const struct rmv_error *rmv_fs_write_atomic_at(int dir_fd, const char *path, const void *bytes,
                                               size_t size, mode_t mode)
{
    const struct replacement replacement = {dir_fd, path, bytes, size, mode, .sync = true};
    return replace(-1, &replacement);
}

const struct rmv_error *rmv_fs_write_unsynced_at(int dir_fd, const char *path, const void *bytes,
                                                 size_t size, mode_t mode)
{
    const struct replacement replacement = {dir_fd, path, bytes, size, mode, .sync = false};
    return replace(-1, &replacement);
}

const struct rmv_error *rmv_fs_sync_at(int dir_fd, const char *path)
{
    RMV_CLEANUP(rmv_fd_close)
    int fd = openat(dir_fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0)
        return rmv_error_errno("cannot sync '%s'", path);
    return sync_parent(dir_fd, path);
}

const struct rmv_error *rmv_fs_write_atomic_via(int via_fd, int dir_fd, const char *path,
                                                const void *bytes, size_t size)
{
    const struct replacement replacement = {dir_fd, path, bytes, size, 0666, .sync = true};
    return replace(via_fd, &replacement);
}

bool rmv_fs_is_temporary(const char *name)
{
    const size_t head_size = sizeof(RMV_FS_TEMPORARY_HEAD) - 1;
    return strncmp(name, RMV_FS_TEMPORARY_HEAD, head_size) == 0 && name[head_size] >= '1' &&
           name[head_size] <= '9' &&
           name[head_size + strspn(name + head_size, "-0123456789abcdef")] == '\0';
}

void rmv_fs_clear_leftover(int folder_fd, const char *name)
{
    const long owner = strtol(name + sizeof(RMV_FS_TEMPORARY_HEAD) - 1, NULL, 10);
    if (owner > 0 && owner <= INT_MAX && kill((pid_t)owner, 0) < 0 && errno == ESRCH)
        (void)unlinkat(folder_fd, name, 0);
}

static void clear_temporary(int folder_fd, const char *name)
{
    RMV_CLEANUP(rmv_fd_close)
    int fd = openat(folder_fd, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    struct flock lock = {.l_type = F_WRLCK};
    struct stat opened;
    struct stat named;
    if (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) == 0 && fstat(fd, &opened) == 0 &&
        S_ISREG(opened.st_mode) && fstatat(folder_fd, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
        opened.st_ino == named.st_ino && opened.st_dev == named.st_dev)
        (void)unlinkat(folder_fd, name, 0);
}

void rmv_fs_clear_temporaries(int folder_fd)
{
    const int fd = openat(folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (!folder) {
        if (fd >= 0)
            close(fd);
        return;
    }
    for (const struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        if (strncmp(entry->d_name, RMV_FS_TEMPORARY_HEAD, strlen(RMV_FS_TEMPORARY_HEAD)) == 0)
            clear_temporary(folder_fd, entry->d_name);
    closedir(folder);
}

const struct rmv_error *rmv_fs_write_atomic(const char *path, const void *bytes, size_t size)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);

    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (err)
        return err;
    return rmv_fs_write_atomic_at(AT_FDCWD, path, bytes, size, 0666);
}
