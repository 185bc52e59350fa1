#include "dataset/scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rmv/base/beneath.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/dataset/pointer.h"

#define READ_BYTES 32768

bool rmv_scan_is_source(const char *path)
{
    const char *name = rmv_path_name(path);
    return strcmp(name, RMV_LOCK_FILE_NAME) == 0 ||
           (rmv_path_has_suffix(name, RMV_POINTER_SUFFIX) &&
            strlen(name) > strlen(RMV_POINTER_SUFFIX));
}

bool rmv_scan_is_visited(const char *path)
{
    return rmv_scan_is_source(path) || strcmp(rmv_path_name(path), RMV_SCAN_PIPELINE_NAME) == 0;
}

/* ---- The work tree -------------------------------------------------------------------------- */

/* What one folder holds that matters here. */
struct contents {
    struct rmv_strings sources, folders;
    bool is_foreign; /* a workspace or repository of its own */
};

static void contents_free(struct contents *contents)
{
    rmv_strings_free(&contents->sources);
    rmv_strings_free(&contents->folders);
}

static unsigned char type_of(int dir_fd, const struct dirent64 *entry)
{
    struct stat status;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type;
    if (fstatat(dir_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return DT_UNKNOWN;
    return IFTODT(status.st_mode);
}

static void sort_entry(const struct rmv_workspace *workspace, const char *folder,
                       unsigned char type, const char *name, struct contents *contents)
{
    if (type == DT_REG && rmv_scan_is_visited(name))
        rmv_strings_take(&contents->sources, rmv_path_join(folder, name));
    else if (type == DT_LNK && rmv_scan_is_visited(name))
        rmv_log_write(
            workspace->log, RMV_LOG_WARNING,
            "'%s/%s' is a symbolic link, so it does not count as a pointer, lock file or pipeline",
            folder, name);
    else if (type == DT_DIR)
        rmv_strings_take(&contents->folders, rmv_path_join(folder, name));
}

static bool is_reserved(const char *name)
{
    return strcmp(name, ".git") == 0 || strcmp(name, RMV_WORKSPACE_FOLDER) == 0;
}

static void read_entry(const struct rmv_workspace *workspace, const char *folder, int fd,
                       const struct dirent64 *entry, struct contents *contents)
{
    const char *name = entry->d_name;
    /* Most of what is found is data. */
    if (entry->d_type == DT_REG && !rmv_scan_is_visited(name) && !is_reserved(name))
        return;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return;
    if (is_reserved(name))
        contents->is_foreign = strcmp(folder, ".") != 0;
    else
        sort_entry(workspace, folder, type_of(fd, entry), name, contents);
}

/* getdents64(2) itself: opendir() would allocate and free its room for each of many folders. */
static const struct rmv_error *read_folder(const struct rmv_workspace *workspace,
                                           const char *folder, struct contents *contents)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    union {
        struct dirent64 entry;
        char bytes[READ_BYTES];
    } room;

    const struct rmv_error *err =
        rmv_beneath_open(workspace->root_fd, folder, O_RDONLY | O_DIRECTORY, 0, &fd);
    while (!err) {
        const ssize_t n = getdents64(fd, room.bytes, sizeof(room.bytes));
        if (n == 0)
            break;
        if (n < 0)
            err = rmv_error_errno("cannot read folder '%s'", folder);
        for (ssize_t at = 0; at < n;) {
            const struct dirent64 *entry = (const void *)(room.bytes + at);
            read_entry(workspace, folder, fd, entry, contents);
            at += entry->d_reclen;
        }
    }
    return err;
}

static const struct rmv_error *visit_folder(struct rmv_workspace *workspace, const char *folder,
                                            const struct rmv_scan_visitor *visitor,
                                            struct rmv_strings *pending)
{
    RMV_CLEANUP(contents_free) struct contents contents = {0};

    const struct rmv_error *err = read_folder(workspace, folder, &contents);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return NULL; /* it went away since its parent was read */
    if (err || contents.is_foreign)
        return err;
    for (size_t i = 0; !err && i < contents.sources.count; i++)
        err = visitor->found(visitor->context, contents.sources.items[i]);
    for (size_t i = 0; !err && i < contents.folders.count; i++)
        if (!visitor->is_output(visitor->context, contents.folders.items[i]))
            rmv_strings_add(pending, contents.folders.items[i]);
    return err;
}

/* Folders wait in a list, not on the stack, so however deep they are, one is open at a time. */
const struct rmv_error *rmv_scan_workspace(struct rmv_workspace *workspace,
                                           const struct rmv_scan_visitor *visitor)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings pending = {0};
    const struct rmv_error *err = NULL;

    rmv_strings_add(&pending, ".");
    while (!err && pending.count > 0) {
        RMV_CLEANUP(rmv_str_free) char *folder = pending.items[--pending.count];
        /* An output may have been found since the folder was put on the list. */
        if (!visitor->is_output(visitor->context, folder))
            err = visit_folder(workspace, folder, visitor, &pending);
    }
    return err;
}

static bool is_foreign(const struct rmv_workspace *workspace, const char *folder)
{
    RMV_CLEANUP(rmv_fd_close) int fd = -1;
    struct stat status;
    return !rmv_beneath_open(workspace->root_fd, folder, O_RDONLY | O_DIRECTORY, 0, &fd) &&
           (fstatat(fd, ".git", &status, AT_SYMLINK_NOFOLLOW) == 0 ||
            fstatat(fd, RMV_WORKSPACE_FOLDER, &status, AT_SYMLINK_NOFOLLOW) == 0);
}

char *rmv_scan_find_foreign(const struct rmv_workspace *workspace, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_parent(path);
    while (strcmp(folder, ".") != 0) {
        if (is_foreign(workspace, folder))
            return rmv_str_copy(folder);
        char *parent = rmv_path_parent(folder);
        rmv_str_free(&folder);
        folder = parent;
    }
    return NULL;
}

/* ---- A commit ------------------------------------------------------------------------------- */

struct commit_filter {
    const char *prefix; /* of the workspace in the repository */
};

static const char *below_prefix(const char *path, const char *prefix)
{
    if (strcmp(prefix, ".") == 0)
        return path;
    if (!rmv_path_is_in(path, prefix) || strcmp(path, prefix) == 0)
        return NULL;
    return path + strlen(prefix) + 1;
}

/* The config of a workspace, committed with it, tells where the workspaces inside this one are. */
static const char config_suffix[] = "/" RMV_WORKSPACE_FOLDER "/config";

static bool is_wanted(void *context, const char *path)
{
    const struct commit_filter *filter = context;
    const char *relative = below_prefix(path, filter->prefix);
    if (!relative)
        return false;
    return rmv_path_has_suffix(relative, config_suffix) ||
           (rmv_scan_is_visited(relative) && !rmv_path_check(relative));
}

static bool is_in_inner_workspace(const char *path, const struct rmv_strings *inner)
{
    for (size_t i = 0; i < inner->count; i++)
        if (rmv_path_is_in(path, inner->items[i]))
            return true;
    return false;
}

const struct rmv_error *rmv_scan_commit(struct rmv_workspace *workspace, const char *commit_id,
                                        const struct rmv_scan_visitor *visitor)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings inner = {0};
    struct commit_filter filter = {.prefix = workspace->vcs_prefix};

    const struct rmv_error *err =
        rmv_vcs_list(workspace->vcs, commit_id, is_wanted, &filter, &paths);
    for (size_t i = 0; !err && i < paths.count; i++) {
        const char *path = below_prefix(paths.items[i], filter.prefix);
        if (rmv_path_has_suffix(path, config_suffix))
            rmv_strings_take(&inner, rmv_str_copy_n(path, strlen(path) - strlen(config_suffix)));
    }
    for (size_t i = 0; !err && i < paths.count; i++) {
        const char *path = below_prefix(paths.items[i], filter.prefix);
        if (rmv_scan_is_visited(path) && !is_in_inner_workspace(path, &inner))
            err = visitor->found(visitor->context, path);
    }
    return err;
}
