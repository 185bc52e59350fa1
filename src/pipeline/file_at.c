#include "pipeline/file_at.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/dataset.h"

#define GIT_SIZE_MAX ((size_t)256 * 1024 * 1024)

/* ---- Reading -------------------------------------------------------------------------------- */

static const struct rmv_error *read_now(struct rmv_workspace *workspace, const char *path,
                                        size_t size_max, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    const struct rmv_error *err =
        rmv_beneath_open(workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &fd);
    return err ? err : rmv_fd_read(fd, path, size_max, text);
}

/* What was stored at `path`, a part of an output perhaps. Errors: NOT_FOUND. */
static const struct rmv_error *find_stored(const struct rmv_file_place *place, const char *path,
                                           struct rmv_output *found)
{
    RMV_CLEANUP(rmv_tracked_free) struct rmv_tracked tracked = {0};

    const struct rmv_error *err = rmv_tracked_read(place->workspace, place->revision, &tracked);
    if (err)
        return err;
    const struct rmv_output *output = rmv_tracked_find(&tracked, path);
    if (!output)
        return rmv_error(RMV_ERR_NOT_FOUND, "'%s' is not in revision '%s'", path, place->revision);
    return rmv_dataset_find(place->workspace, output, path, found);
}

/* The same of a file. */
static const struct rmv_error *find_stored_file(const struct rmv_file_place *place,
                                                const char *path, struct rmv_output *found)
{
    const struct rmv_error *err = find_stored(place, path, found);
    if (!err && found->kind != RMV_OUTPUT_BLOB)
        err =
            rmv_error(RMV_ERR_NOT_FOUND, "'%s' is no file in revision '%s'", path, place->revision);
    return err;
}

static const struct rmv_error *read_stored(const struct rmv_file_place *place, const char *path,
                                           size_t size_max, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_output_free) struct rmv_output found = {0};
    const struct rmv_error *err = find_stored_file(place, path, &found);
    return err ? err : rmv_store_get(place->workspace->store, &found.id, size_max, text);
}

static const struct rmv_error *resolve(const struct rmv_file_place *place,
                                       struct rmv_vcs_commit *commit)
{
    if (!place->workspace->vcs)
        return rmv_error(RMV_ERR_USAGE, "there are no revisions: this is no Git repository");
    return rmv_vcs_resolve(place->workspace->vcs, place->revision, commit);
}

static const struct rmv_error *read_git(const struct rmv_file_place *place, const char *path,
                                        size_t size_max, struct rmv_buf *text)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    const struct rmv_workspace *workspace = place->workspace;

    const struct rmv_error *err = resolve(place, &commit);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *below_top = rmv_path_join(workspace->vcs_prefix, path);
    return rmv_vcs_read(workspace->vcs, commit.id, below_top, size_max, text);
}

const struct rmv_error *rmv_file_at_read(const struct rmv_file_place *place, const char *path,
                                         size_t size_max, struct rmv_buf *text)
{
    if (!place->revision)
        return read_now(place->workspace, path, size_max, text);
    const struct rmv_error *err = read_git(place, path, size_max, text);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return read_stored(place, path, size_max, text);
    return err;
}

/* ---- Opening -------------------------------------------------------------------------------- */

/* On disk if there is a place for it, otherwise in memory. */
static const struct rmv_error *open_nameless(const struct rmv_workspace *workspace, int *fd)
{
    RMV_CLEANUP(rmv_fd_close) int folder_fd = rmv_workspace_open_temporary(workspace);
    if (folder_fd >= 0)
        *fd = openat(folder_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (*fd < 0)
        *fd = memfd_create("rmv", MFD_CLOEXEC);
    return *fd < 0 ? rmv_error_errno("cannot create a temporary file") : NULL;
}

static const struct rmv_error *bring(const struct rmv_file_place *place, const char *path, int fd)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output found = {0};

    const struct rmv_error *err = read_git(place, path, GIT_SIZE_MAX, &text);
    if (!err)
        return rmv_fd_write(fd, path, text.data, text.size);
    if (err->code == RMV_ERR_NOT_FOUND)
        err = find_stored_file(place, path, &found);
    return err ? err : rmv_store_write_to(place->workspace->store, &found.id, fd, path);
}

const struct rmv_error *rmv_file_at_open(const struct rmv_file_place *place, const char *path,
                                         int *fd)
{
    RMV_CLEANUP(rmv_fd_close) int opened = -1;
    const struct rmv_error *err = NULL;

    if (!place->revision)
        return rmv_beneath_open(place->workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, fd);
    err = open_nameless(place->workspace, &opened);
    if (!err)
        err = bring(place, path, opened);
    if (!err && lseek(opened, 0, SEEK_SET) < 0)
        err = rmv_error_errno("cannot read '%s' again", path);
    if (err)
        return err;
    *fd = opened;
    opened = -1;
    return NULL;
}

/* ---- Listing -------------------------------------------------------------------------------- */

static const struct rmv_error *list_folder(int fd, const char *path, struct rmv_strings *folders,
                                           struct rmv_strings *files)
{
    DIR *folder = fdopendir(fd);
    if (!folder) {
        rmv_fd_close(&fd);
        return rmv_error_errno("cannot list '%s'", path);
    }
    for (const struct dirent *entry; (entry = readdir(folder));) {
        struct stat status;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 ||
            fstatat(dirfd(folder), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISDIR(status.st_mode))
            rmv_strings_take(folders, rmv_path_join(path, entry->d_name));
        else if (S_ISREG(status.st_mode))
            rmv_strings_take(files, rmv_path_join(path, entry->d_name));
    }
    closedir(folder);
    return NULL;
}

static const struct rmv_error *list_now(struct rmv_workspace *workspace, const char *path,
                                        struct rmv_strings *files)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings folders = {0};
    rmv_strings_add(&folders, path);
    for (size_t i = 0; i < folders.count; i++) {
        int fd = -1;
        const char *folder = folders.items[i];
        const struct rmv_error *err = rmv_beneath_open(workspace->root_fd, folder,
                                                       O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0, &fd);
        if (err && i > 0)
            return err;
        if (err) { /* a file, or nothing */
            RMV_CLEANUP(rmv_fd_close) int file_fd = -1;
            if (!rmv_beneath_open(workspace->root_fd, path, O_RDONLY | O_NONBLOCK, 0, &file_fd))
                rmv_strings_add(files, path);
            return NULL;
        }
        err = list_folder(fd, folder, &folders, files);
        if (err)
            return err;
    }
    return NULL;
}

struct walk {
    const char *path;
    struct rmv_strings *files;
};

static const struct rmv_error *add_item(void *context, const struct rmv_tree_item *item)
{
    const struct walk *walk = context;
    if (item->type == 'f' || item->type == 'x')
        rmv_strings_take(walk->files, *item->path ? rmv_path_join(walk->path, item->path)
                                                  : rmv_str_copy(walk->path));
    return NULL;
}

static bool is_below(void *context, const char *path)
{
    return rmv_path_is_in(path, context);
}

static const struct rmv_error *list_git(const struct rmv_file_place *place, const char *path,
                                        struct rmv_strings *files)
{
    RMV_CLEANUP(rmv_vcs_commit_free) struct rmv_vcs_commit commit = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings found = {0};
    const char *prefix = place->workspace->vcs_prefix;

    const struct rmv_error *err = resolve(place, &commit);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *below_top = rmv_path_join(prefix, path);
    err = rmv_vcs_list(place->workspace->vcs, commit.id, is_below, below_top, &found);
    for (size_t i = 0; !err && i < found.count; i++)
        rmv_strings_take(files, strcmp(prefix, ".") == 0
                                    ? rmv_str_copy(found.items[i])
                                    : rmv_str_copy(found.items[i] + strlen(prefix) + 1));
    return err;
}

const struct rmv_error *rmv_file_at_list(const struct rmv_file_place *place, const char *path,
                                         struct rmv_strings *paths)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings files = {0};
    RMV_CLEANUP(rmv_output_free) struct rmv_output found = {0};
    struct walk walk = {.path = path, .files = &files};

    const struct rmv_error *err =
        place->revision ? list_git(place, path, &files) : list_now(place->workspace, path, &files);
    if (!err && place->revision && !files.count) {
        err = find_stored(place, path, &found);
        if (err && err->code == RMV_ERR_NOT_FOUND)
            return NULL;
        if (!err)
            err = rmv_dataset_walk(place->workspace, &found, add_item, &walk);
    }
    rmv_strings_sort(&files);
    for (size_t i = 0; !err && i < files.count; i++)
        rmv_strings_add(paths, files.items[i]);
    return err;
}
