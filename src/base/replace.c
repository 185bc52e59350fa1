#include "rmv/base/replace.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/strings.h"

#define SYNCED_MAX 8 /* with more, one syncfs is cheaper than many fsyncs */

void rmv_replacements_free(struct rmv_replacements *replacements)
{
    for (size_t i = 0; i < replacements->count; i++) {
        struct rmv_replacement *item = &replacements->items[i];
        RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
        const char *name;
        if (item->temporary && !rmv_beneath_open_parent(replacements->root_fd, item->temporary,
                                                        false, &folder_fd, &name))
            unlinkat(folder_fd, name, 0);
        rmv_str_free(&item->path);
        rmv_str_free(&item->temporary);
    }
    free(replacements->items);
    *replacements =
        (struct rmv_replacements){.root_fd = replacements->root_fd, .via = replacements->via};
}

/* ---- Writing beside ------------------------------------------------------------------------- */

static const struct rmv_error *keep_mode(int folder_fd, const char *name, int fd, const char *path)
{
    struct stat old;
    if (fstatat(folder_fd, name, &old, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(old.st_mode) &&
        fchmod(fd, old.st_mode & 07777) < 0)
        return rmv_error_errno("cannot set the mode of '%s'", path);
    return NULL;
}

/* The folder for temporary files if files can be renamed from there into `folder_fd`, or -1. */
static int open_via(const struct rmv_replacements *replacements, int folder_fd)
{
    struct stat via_status;
    struct stat status;
    int fd = -1;
    if (!replacements->via ||
        rmv_beneath_open(replacements->root_fd, replacements->via, O_RDONLY | O_DIRECTORY, 0, &fd))
        return -1;
    if (fstat(fd, &via_status) < 0 || fstat(folder_fd, &status) < 0 ||
        via_status.st_dev != status.st_dev)
        rmv_fd_close(&fd);
    return fd;
}

const struct rmv_error *rmv_replacements_add(struct rmv_replacements *replacements,
                                             const char *path, const void *bytes, size_t size)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    RMV_CLEANUP(rmv_fd_close) int via_fd = -1;
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    RMV_CLEANUP(rmv_str_free) char *temporary = rmv_fs_temporary_of(path);
    struct stat status;
    const char *name;

    const struct rmv_error *err =
        rmv_beneath_open_parent(replacements->root_fd, path, false, &folder_fd, &name);
    if (err)
        return err;
    via_fd = open_via(replacements, folder_fd);
    if (via_fd >= 0) {
        char *moved = rmv_path_join(replacements->via, rmv_path_name(temporary));
        rmv_str_free(&temporary);
        temporary = moved;
    }
    fd = openat(via_fd >= 0 ? via_fd : folder_fd, rmv_path_name(temporary),
                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666);
    if (fd < 0)
        return rmv_error_errno("cannot create '%s'", path);

    replacements->items = rmv_grow(replacements->items, replacements->count,
                                   &replacements->capacity, sizeof(*replacements->items));
    struct rmv_replacement *item = &replacements->items[replacements->count++];
    *item = (struct rmv_replacement){.path = rmv_str_copy(path), .temporary = temporary};
    temporary = NULL;
    err = rmv_fd_write(fd, path, bytes, size);
    if (!err)
        err = keep_mode(folder_fd, name, fd, path);
    if (!err && fstat(fd, &status) < 0)
        err = rmv_error_errno("cannot stat '%s'", path);
    if (!err)
        item->device = status.st_dev;
    return err;
}

/* ---- Making durable ------------------------------------------------------------------------- */

/* Is this the first item on its device? */
static bool is_first(const struct rmv_replacements *replacements, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (replacements->items[i].device == replacements->items[index].device)
            return false;
    return true;
}

static const struct rmv_error *sync_one(int root_fd, const char *path, int flags, bool whole)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const struct rmv_error *err = rmv_beneath_open(root_fd, path, O_RDONLY | flags, 0, &fd);
    if (!err && (whole ? syncfs(fd) : fsync(fd)) < 0)
        err = rmv_error_errno("cannot sync '%s'", path);
    return err;
}

static const struct rmv_error *sync_devices(const struct rmv_replacements *replacements)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < replacements->count; i++) {
        RMV_CLEANUP(rmv_str_free)
        char *folder = rmv_path_parent(replacements->items[i].path);
        if (is_first(replacements, i))
            err = sync_one(replacements->root_fd, folder, O_DIRECTORY, true);
    }
    return err;
}

static const struct rmv_error *sync_contents(const struct rmv_replacements *replacements)
{
    const struct rmv_error *err = NULL;
    if (replacements->count > SYNCED_MAX)
        return sync_devices(replacements);
    for (size_t i = 0; !err && i < replacements->count; i++)
        err = sync_one(replacements->root_fd, replacements->items[i].temporary, 0, false);
    return err;
}

static const struct rmv_error *sync_names(const struct rmv_replacements *replacements)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings folders = {0};
    const struct rmv_error *err = NULL;

    if (replacements->count > SYNCED_MAX)
        return sync_devices(replacements);
    for (size_t i = 0; i < replacements->count; i++)
        rmv_strings_take(&folders, rmv_path_parent(replacements->items[i].path));
    rmv_strings_sort(&folders);
    for (size_t i = 0; !err && i < folders.count; i++)
        if (i == 0 || strcmp(folders.items[i - 1], folders.items[i]) != 0)
            err = sync_one(replacements->root_fd, folders.items[i], O_DIRECTORY, false);
    return err;
}

static const struct rmv_error *replace(int root_fd, struct rmv_replacement *item)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = -1;
    RMV_CLEANUP(rmv_fd_close) int from_fd = -1;
    const char *name;
    const char *from_name;

    const struct rmv_error *err =
        rmv_beneath_open_parent(root_fd, item->path, false, &folder_fd, &name);
    if (!err)
        err = rmv_beneath_open_parent(root_fd, item->temporary, false, &from_fd, &from_name);
    if (err)
        return err;
    if (renameat(from_fd, from_name, folder_fd, name) < 0)
        return rmv_error_errno("cannot replace '%s'", item->path);
    rmv_str_free(&item->temporary);
    return NULL;
}

const struct rmv_error *rmv_replacements_finish(struct rmv_replacements *replacements)
{
    const struct rmv_error *err = sync_contents(replacements);
    for (size_t i = 0; !err && i < replacements->count; i++)
        err = replace(replacements->root_fd, &replacements->items[i]);
    return err ? err : sync_names(replacements);
}
