/* Finding the symbolic links of a workspace that lead into its store. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "dataset/links_internal.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

struct visiting {
    struct rmv_workspace *workspace;
    void (*visit)(void *context, const struct rmv_object_id *id);
    void *context;
};

static bool is_folder(int folder_fd, const struct dirent *entry)
{
    struct stat status;
    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(folder_fd, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(status.st_mode);
}

/* `.git` and `.rmstore`, `.` and `..` are not looked into. */
static const struct rmv_error *visit_folder(const struct visiting *visiting, int folder_fd,
                                            const char *name, const char *path)
{
    const int fd = openat(folder_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    const struct rmv_error *err = NULL;

    if (!folder) {
        err = rmv_error_errno("cannot look for links in '%s'", path);
        if (fd >= 0)
            close(fd);
        return err;
    }
    for (const struct dirent *entry; !err && (entry = readdir(folder));) {
        RMV_CLEANUP(rmv_link_free) struct rmv_link link = {0};
        if (rmv_path_check_name(entry->d_name, strlen(entry->d_name)))
            continue;
        if (is_folder(dirfd(folder), entry)) {
            RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(path, entry->d_name);
            err = visit_folder(visiting, dirfd(folder), entry->d_name, inside);
        } else if (entry->d_type != DT_REG &&
                   rmv_links_find(visiting->workspace, dirfd(folder), entry->d_name, &link) !=
                       RMV_LINK_NONE) {
            visiting->visit(visiting->context, &link.id);
        }
    }
    closedir(folder);
    return err;
}

const struct rmv_error *
rmv_links_visit(struct rmv_workspace *workspace,
                void (*visit)(void *context, const struct rmv_object_id *id), void *context)
{
    const struct visiting visiting = {workspace, visit, context};
    if (!rmv_fs_exists(rmv_links_of(workspace)->area))
        return NULL;
    return visit_folder(&visiting, workspace->root_fd, ".", workspace->root);
}
