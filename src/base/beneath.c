#include "rmv/base/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

static bool is_unsafe(const char *path)
{
    for (const char *rest = path;;) {
        const size_t size = strcspn(rest, "/");
        if (size == 0 || (size == 2 && memcmp(rest, "..", 2) == 0))
            return true;
        if (rest[size] == '\0')
            return false;
        rest += size + 1;
    }
}

/* openat(2), of one component. Asked for a folder, the kernel says of a link only that it is none.
 */
static int open_name(int folder, const char *name, int flags, mode_t mode)
{
    struct stat status;
    const int fd = openat(folder, name, flags, mode);
    const int number = errno;
    const bool is_link = fd < 0 && number == ENOTDIR &&
                         fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                         S_ISLNK(status.st_mode);
    errno = is_link ? ELOOP : number;
    return fd;
}

/* Where openat2 is missing: one openat per component, none of which follows a link. */
static int walk(int root_fd, const char *path, int flags, mode_t mode)
{
    RMV_CLEANUP(rmv_fd_close) int folder = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
    while (folder >= 0) {
        const size_t size = strcspn(path, "/");
        if (path[size] == '\0')
            return open_name(folder, path, flags, mode);
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(path, size);
        const int next = open_name(folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
        rmv_fd_close(&folder);
        folder = next;
        path += size + 1;
    }
    return -1;
}

/* openat2 wants a mode of 0 where nothing is created. It refuses links by itself, and says so even
 * of folders, unless O_NOFOLLOW is there, which O_PATH needs in order to open the link itself. */
static int open_beneath(int root_fd, const char *path, int flags, mode_t mode)
{
    static bool is_missing; /* set once, and always to the same value */

    struct open_how how = {
        .flags = (unsigned)(flags & O_PATH ? flags : flags & ~O_NOFOLLOW),
        .mode = flags & O_CREAT ? mode : 0,
        .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
    };
    if (!__atomic_load_n(&is_missing, __ATOMIC_RELAXED)) {
        int fd;
        do {
            fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
        } while (fd < 0 && (errno == EINTR || errno == EAGAIN));
        if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
            return fd;
        if (errno == ENOSYS)
            __atomic_store_n(&is_missing, true, __ATOMIC_RELAXED);
    }
    return walk(root_fd, path, flags, mode);
}

static const struct rmv_error *leaves(const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    return rmv_error(RMV_ERR_DENIED, "'%s' leaves the workspace", quoted);
}

/* What errno says of an attempt to open `path`. */
static const struct rmv_error *cannot_open(const char *path)
{
    const int number = errno;
    RMV_CLEANUP(rmv_str_free) char *quoted = rmv_path_quote(path);
    if (number == ELOOP || number == EXDEV)
        return rmv_error(RMV_ERR_DENIED, "'%s' is or goes through a symbolic link", quoted);
    errno = number;
    return rmv_error_errno("cannot open '%s'", quoted);
}

const struct rmv_error *rmv_beneath_open(int root_fd, const char *path, int flags, mode_t mode,
                                         int *fd)
{
    if (strcmp(path, ".") != 0 && is_unsafe(path))
        return leaves(path);
    const int opened = open_beneath(root_fd, path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
    if (opened < 0)
        return cannot_open(path);
    *fd = opened;
    return NULL;
}

/* Opens the folder `name` inside `folder`, making it first where it is missing. */
static const struct rmv_error *enter(int folder, const char *name, const char *path, int *next)
{
    if (mkdirat(folder, name, 0777) < 0 && errno != EEXIST)
        return rmv_error_errno("cannot create folder '%s'", path);
    return rmv_beneath_open(folder, name, O_RDONLY | O_DIRECTORY, 0, next);
}

static const struct rmv_error *create_folders(int root_fd, const char *path, int *dir_fd)
{
    RMV_CLEANUP(rmv_fd_close) int folder = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
    if (folder < 0)
        return rmv_error_errno("cannot duplicate a descriptor");

    for (const char *rest = path; *rest;) {
        const size_t size = strcspn(rest, "/");
        RMV_CLEANUP(rmv_str_free) char *name = rmv_str_copy_n(rest, size);
        int next = -1;
        const struct rmv_error *err = enter(folder, name, path, &next);
        if (err)
            return err;
        rmv_fd_close(&folder);
        folder = next;
        rest += size + (rest[size] == '/');
    }
    *dir_fd = folder;
    folder = -1;
    return NULL;
}

const struct rmv_error *rmv_beneath_open_parent(int root_fd, const char *path, bool create,
                                                int *dir_fd, const char **name)
{
    RMV_CLEANUP(rmv_str_free) char *parent = rmv_path_parent(path);
    if (is_unsafe(path) || strcmp(rmv_path_name(path), ".") == 0)
        return leaves(path);

    *name = rmv_path_name(path);
    const struct rmv_error *err =
        rmv_beneath_open(root_fd, parent, O_RDONLY | O_DIRECTORY, 0, dir_fd);
    if (err && create && err->code == RMV_ERR_NOT_FOUND)
        err = create_folders(root_fd, parent, dir_fd);
    return err;
}

const struct rmv_error *rmv_beneath_find(int root_fd, const char *path, int *dir_fd,
                                         const char **name, mode_t *mode)
{
    struct stat status;

    *mode = 0;
    const struct rmv_error *err = rmv_beneath_open_parent(root_fd, path, false, dir_fd, name);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    if (fstatat(*dir_fd, *name, &status, AT_SYMLINK_NOFOLLOW) == 0)
        *mode = status.st_mode;
    else if (errno != ENOENT)
        return rmv_error_errno("cannot stat '%s'", path);
    return NULL;
}
