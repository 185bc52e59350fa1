#include "rmv/base/vfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/mem.h"

/* ---- The backend of real system calls -------------------------------------------------------- */

static int real_open(void *state, const char *path, int flags, mode_t mode)
{
    (void)state;
    return open(path, flags, mode);
}

static int real_close(void *state, int fd)
{
    (void)state;
    return close(fd);
}

static ssize_t real_pread(void *state, int fd, void *bytes, size_t size, uint64_t offset)
{
    (void)state;
    return pread(fd, bytes, size, (off_t)offset);
}

static ssize_t real_pwrite(void *state, int fd, const void *bytes, size_t size, uint64_t offset)
{
    (void)state;
    return pwrite(fd, bytes, size, (off_t)offset);
}

static int real_fsync(void *state, int fd)
{
    (void)state;
    return fsync(fd);
}

static int real_direct(void *state, int fd, bool on)
{
    (void)state;
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0)
        return -1;
    return fcntl(fd, F_SETFL, on ? flags | O_DIRECT : flags & ~O_DIRECT);
}

static int real_ftruncate(void *state, int fd, uint64_t size)
{
    (void)state;
    return ftruncate(fd, (off_t)size);
}

static int real_fchmod(void *state, int fd, mode_t mode)
{
    (void)state;
    return fchmod(fd, mode);
}

static int copy_stat(int result, const struct stat *from, struct rmv_vfs_stat *to)
{
    if (result == 0)
        *to = (struct rmv_vfs_stat){
            .size = (uint64_t)from->st_size,
            .inode = from->st_ino,
            .links_count = from->st_nlink,
            .mode = from->st_mode & 07777,
            .mtime_ns = (int64_t)from->st_mtim.tv_sec * 1000000000 + from->st_mtim.tv_nsec,
            .ctime_ns = (int64_t)from->st_ctim.tv_sec * 1000000000 + from->st_ctim.tv_nsec,
            .is_file = S_ISREG(from->st_mode),
            .is_link = S_ISLNK(from->st_mode),
        };
    return result;
}

static int real_fstat(void *state, int fd, struct rmv_vfs_stat *result)
{
    struct stat stat_buf = {0};
    (void)state;
    return copy_stat(fstat(fd, &stat_buf), &stat_buf, result);
}

static int real_lock(void *state, int fd, bool exclusive)
{
    struct flock lock = {.l_type = exclusive ? F_WRLCK : F_RDLCK, .l_whence = SEEK_SET};
    (void)state;
    return fcntl(fd, F_OFD_SETLK, &lock);
}

static void *real_map(void *state, int fd, size_t size)
{
    (void)state;
    return mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
}

static int real_unmap(void *state, void *bytes, size_t size)
{
    (void)state;
    return munmap(bytes, size);
}

static int real_stat(void *state, const char *path, struct rmv_vfs_stat *result)
{
    struct stat stat_buf = {0};
    (void)state;
    return copy_stat(stat(path, &stat_buf), &stat_buf, result);
}

static int real_lstat(void *state, const char *path, struct rmv_vfs_stat *result)
{
    struct stat stat_buf = {0};
    (void)state;
    return copy_stat(lstat(path, &stat_buf), &stat_buf, result);
}

static int real_rename(void *state, const char *from, const char *to)
{
    (void)state;
    return rename(from, to);
}

static int real_link(void *state, const char *from, const char *to)
{
    (void)state;
    return link(from, to);
}

/* By way of /proc: linking by descriptor alone needs a privilege. */
static int real_link_file(void *state, int fd, const char *to)
{
    char path[40];
    (void)state;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, AT_FDCWD, to, AT_SYMLINK_FOLLOW);
}

static int real_clone(void *state, int fd, int from_fd)
{
    (void)state;
    return ioctl(fd, FICLONE, from_fd);
}

static int real_touch(void *state, const char *path)
{
    (void)state;
    return utimensat(AT_FDCWD, path, NULL, 0);
}

static int real_unlink(void *state, const char *path)
{
    (void)state;
    return unlink(path);
}

static int real_mkdir(void *state, const char *path, mode_t mode)
{
    (void)state;
    return mkdir(path, mode);
}

static int real_sync_folder(void *state, const char *path)
{
    (void)state;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    const int result = fsync(fd);
    const int number = errno;
    close(fd);
    errno = number;
    return result;
}

static int real_sync_all(void *state, const char *path)
{
    (void)state;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    const int result = syncfs(fd);
    const int number = errno;
    close(fd);
    errno = number;
    return result;
}

static int real_list(void *state, const char *path, struct rmv_strings *names)
{
    (void)state;
    DIR *folder = opendir(path);
    if (!folder)
        return -1;
    int number;
    for (;;) {
        errno = 0;
        const struct dirent *entry = readdir(folder);
        number = errno;
        if (!entry)
            break;
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            rmv_strings_add(names, entry->d_name);
    }
    closedir(folder);
    errno = number;
    return number ? -1 : 0;
}

const struct rmv_vfs *rmv_vfs_default(void)
{
    static const struct rmv_vfs real = {
        .open = real_open,
        .close = real_close,
        .pread = real_pread,
        .pwrite = real_pwrite,
        .fsync = real_fsync,
        .direct = real_direct,
        .ftruncate = real_ftruncate,
        .fchmod = real_fchmod,
        .fstat = real_fstat,
        .lock = real_lock,
        .map = real_map,
        .unmap = real_unmap,
        .stat = real_stat,
        .lstat = real_lstat,
        .rename = real_rename,
        .link = real_link,
        .link_file = real_link_file,
        .clone = real_clone,
        .unlink = real_unlink,
        .touch = real_touch,
        .mkdir = real_mkdir,
        .sync_folder = real_sync_folder,
        .sync_all = real_sync_all,
        .list = real_list,
    };
    return &real;
}

/* ---- Loops and errors ------------------------------------------------------------------------ */

const struct rmv_error *rmv_vfs_open(const struct rmv_vfs *vfs, const char *path, int flags,
                                     struct rmv_vfs_file *file)
{
    int fd;
    do
        fd = vfs->open(vfs->state, path, flags | O_CLOEXEC, 0644);
    while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno == EEXIST)
        return rmv_error(RMV_ERR_CONFLICT, "'%s' exists already", path);
    if (fd < 0)
        return rmv_error_errno("cannot open '%s'", path);
    *file = (struct rmv_vfs_file){.vfs = vfs, .path = rmv_str_copy(path), .fd = fd};
    return NULL;
}

void rmv_vfs_close(struct rmv_vfs_file *file)
{
    if (file->fd >= 0 && file->vfs)
        file->vfs->close(file->vfs->state, file->fd);
    file->fd = -1;
    rmv_str_free(&file->path);
}

const struct rmv_error *rmv_vfs_read(const struct rmv_vfs_file *file, uint64_t offset, void *bytes,
                                     size_t size)
{
    char *to = bytes;
    while (size > 0) {
        const ssize_t n = file->vfs->pread(file->vfs->state, file->fd, to, size, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rmv_error_errno("cannot read '%s'", file->path);
        if (n == 0)
            return rmv_error(RMV_ERR_CORRUPT, "'%s' is cut short: it ends at byte %llu", file->path,
                             (unsigned long long)offset);
        to += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return NULL;
}

const struct rmv_error *rmv_vfs_write(const struct rmv_vfs_file *file, uint64_t offset,
                                      const void *bytes, size_t size)
{
    const char *from = bytes;
    while (size > 0) {
        const ssize_t n = file->vfs->pwrite(file->vfs->state, file->fd, from, size, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rmv_error_errno("cannot write '%s'", file->path);
        from += n;
        offset += (uint64_t)n;
        size -= (size_t)n;
    }
    return NULL;
}

/* Writes whole units of alignment and returns how many bytes that were: fewer where the filesystem
 * refuses, or stops in the middle of a unit. */
static ssize_t write_units(const struct rmv_vfs_file *file, uint64_t offset, const char *bytes,
                           size_t size)
{
    size_t done = 0;
    while (done < size && done % RMV_VFS_DIRECT_ALIGNMENT == 0) {
        const ssize_t n =
            file->vfs->pwrite(file->vfs->state, file->fd, bytes + done, size - done, offset + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EINVAL)
            break;
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    return (ssize_t)done;
}

const struct rmv_error *rmv_vfs_write_direct(const struct rmv_vfs_file *file, uint64_t offset,
                                             const void *bytes, size_t size)
{
    const struct rmv_vfs *vfs = file->vfs;
    const size_t units = size - size % RMV_VFS_DIRECT_ALIGNMENT;
    ssize_t done = 0;
    if (units > 0 && vfs->direct(vfs->state, file->fd, true) == 0) {
        done = write_units(file, offset, bytes, units);
        const struct rmv_error *err =
            done < 0 ? rmv_error_errno("cannot write '%s'", file->path) : NULL;
        if (vfs->direct(vfs->state, file->fd, false) < 0 && !err)
            err = rmv_error_errno("cannot write '%s'", file->path);
        if (err)
            return err;
    }
    return rmv_vfs_write(file, offset + (uint64_t)done, (const char *)bytes + done,
                         size - (size_t)done);
}

const struct rmv_error *rmv_vfs_sync(const struct rmv_vfs_file *file)
{
    if (file->vfs->fsync(file->vfs->state, file->fd) < 0)
        return rmv_error_errno("cannot make '%s' durable", file->path);
    return NULL;
}

const struct rmv_error *rmv_vfs_truncate(const struct rmv_vfs_file *file, uint64_t size)
{
    if (file->vfs->ftruncate(file->vfs->state, file->fd, size) < 0)
        return rmv_error_errno("cannot cut '%s'", file->path);
    return NULL;
}

const struct rmv_error *rmv_vfs_stat_file(const struct rmv_vfs_file *file,
                                          struct rmv_vfs_stat *stat)
{
    if (file->vfs->fstat(file->vfs->state, file->fd, stat) < 0)
        return rmv_error_errno("cannot stat '%s'", file->path);
    return NULL;
}

const struct rmv_error *rmv_vfs_stat(const struct rmv_vfs *vfs, const char *path,
                                     struct rmv_vfs_stat *stat)
{
    if (vfs->stat(vfs->state, path, stat) < 0)
        return rmv_error_errno("cannot stat '%s'", path);
    return NULL;
}

const struct rmv_error *rmv_vfs_lock(const struct rmv_vfs_file *file, bool exclusive)
{
    if (file->vfs->lock(file->vfs->state, file->fd, exclusive) == 0)
        return NULL;
    if (errno == EAGAIN || errno == EACCES)
        return rmv_error(RMV_ERR_LOCKED, "'%s' is in use by another process", file->path);
    return rmv_error_errno("cannot lock '%s'", file->path);
}

const struct rmv_error *rmv_vfs_map(const struct rmv_vfs_file *file, size_t size, void **bytes)
{
    void *mapped = file->vfs->map(file->vfs->state, file->fd, size);
    if (mapped == MAP_FAILED)
        return rmv_error_errno("cannot map '%s'", file->path);
    *bytes = mapped;
    return NULL;
}

const struct rmv_error *rmv_vfs_rename(const struct rmv_vfs *vfs, const char *from, const char *to)
{
    if (vfs->rename(vfs->state, from, to) < 0)
        return rmv_error_errno("cannot rename '%s' to '%s'", from, to);
    return NULL;
}

const struct rmv_error *rmv_vfs_mkdir(const struct rmv_vfs *vfs, const char *path)
{
    if (vfs->mkdir(vfs->state, path, 0777) < 0 && errno != EEXIST)
        return rmv_error_errno("cannot create folder '%s'", path);
    return NULL;
}

const struct rmv_error *rmv_vfs_sync_folder(const struct rmv_vfs *vfs, const char *path)
{
    if (vfs->sync_folder(vfs->state, path) < 0)
        return rmv_error_errno("cannot make folder '%s' durable", path);
    return NULL;
}

const struct rmv_error *rmv_vfs_sync_all(const struct rmv_vfs *vfs, const char *path)
{
    if (vfs->sync_all(vfs->state, path) < 0)
        return rmv_error_errno("cannot make the filesystem of '%s' durable", path);
    return NULL;
}

const struct rmv_error *rmv_vfs_list(const struct rmv_vfs *vfs, const char *path,
                                     struct rmv_strings *names)
{
    if (vfs->list(vfs->state, path, names) < 0 && errno != ENOENT)
        return rmv_error_errno("cannot list folder '%s'", path);
    rmv_strings_sort(names);
    return NULL;
}
