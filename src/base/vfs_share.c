#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/vfs.h"

mode_t rmv_vfs_shared_mode(mode_t mode, mode_t bits)
{
    mode_t added = mode & S_IWUSR ? bits : bits & 0444;
    if (S_ISDIR(mode) || (mode & S_IXUSR))
        added |= (bits & 0444) >> 2;
    return (mode & 07777) | added | (S_ISDIR(mode) ? S_ISGID : 0);
}

static mode_t bits_of(const void *state)
{
    return (mode_t)(uintptr_t)state;
}

/* Only the owner can, and a filesystem without modes is no reason to fail. */
static void widen(int fd, mode_t bits)
{
    struct stat status;
    if (fstat(fd, &status) < 0 || status.st_uid != geteuid())
        return;
    const mode_t mode = rmv_vfs_shared_mode(status.st_mode, bits);
    if (mode != (status.st_mode & 07777))
        (void)fchmod(fd, mode);
}

static int shared_open(void *state, const char *path, int flags, mode_t mode)
{
    const int fd = open(path, flags, mode);
    if (fd >= 0 && (flags & O_CREAT))
        widen(fd, bits_of(state));
    return fd;
}

static int shared_fchmod(void *state, int fd, mode_t mode)
{
    return fchmod(fd, rmv_vfs_shared_mode(S_IFREG | mode, bits_of(state)));
}

static int shared_mkdir(void *state, const char *path, mode_t mode)
{
    const int result = mkdir(path, mode);
    const int number = errno;
    if (result == 0) {
        const int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd >= 0) {
            widen(fd, bits_of(state));
            close(fd);
        }
    }
    errno = number;
    return result;
}

void rmv_vfs_share(mode_t bits, struct rmv_vfs *vfs)
{
    *vfs = *rmv_vfs_default();
    vfs->state = (void *)(uintptr_t)bits;
    vfs->open = shared_open;
    vfs->fchmod = shared_fchmod;
    vfs->mkdir = shared_mkdir;
}
