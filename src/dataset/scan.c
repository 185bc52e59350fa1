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

bool rmv_scan_is_source(const char *path)
{
    const char *name = rmv_path_name(path);
    return strcmp(name, RMV_LOCK_FILE_NAME) == 0 ||
           (rmv_path_has_suffix(name, RMV_POINTER_SUFFIX) &&
            strlen(name) > strlen(RMV_POINTER_SUFFIX));
}

static bool is_visited(const char *path)
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

static unsigned char type_of(int dir_fd, const struct dirent *entry)
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
    if (type == DT_REG && is_visited(name))
        rmv_strings_take(&contents->sources, rmv_path_join(folder, name));
    else if (type == DT_LNK && is_visited(name))
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

static const struct rmv_error *read_folder(const struct rmv_workspace *workspace,
                                           const char *folder, struct contents *contents)
{
    int fd = -1;
    struct dirent *entry = NULL;

    const struct rmv_error *err =
        strcmp(folder, ".") == 0
            ? (fd = fcntl(workspace->root_fd, F_DUPFD_CLOEXEC, 0), NULL)
            : rmv_beneath_open(workspace->root_fd, folder, O_RDONLY | O_DIRECTORY, 0, &fd);
    if (err)
        return err;
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (!stream) {
        err = rmv_error_errno("cannot read folder '%s'", folder);
        rmv_fd_close(&fd);
        return err;
    }
    /* A duplicate shares its place with the original, which may have been read before. */
    rewinddir(stream);
    while (errno = 0, (entry = readdir(stream)) != NULL) {
        const char *name = entry->d_name;
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        if (is_reserved(name))
            contents->is_foreign = strcmp(folder, ".") != 0;
        else
            sort_entry(workspace, folder, type_of(fd, entry), name, contents);
    }
    if (errno != 0)
        err = rmv_error_errno("cannot read folder '%s'", folder);
    closedir(stream);
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
           (is_visited(relative) && !rmv_path_check(relative));
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
        if (is_visited(path) && !is_in_inner_workspace(path, &inner))
            err = visitor->found(visitor->context, path);
    }
    return err;
}
