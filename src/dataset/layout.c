#include "dataset/layout.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"

#define VERSION_BYTES_MAX ((size_t)64)
#define LAYOUT_VERSION 1

static const char config_text[] = "# Settings of this project, for everybody: `rmv help config`.\n";
static const char gitignore_text[] = "/*\n!/.gitignore\n!/config\n";
static const char version_text[] = "1\n";

static bool is_link(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0 && S_ISLNK(status.st_mode);
}

static bool is_folder(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool rmv_layout_is_root(const char *folder)
{
    RMV_CLEANUP(rmv_str_free) char *inside = rmv_path_join(folder, RMV_WORKSPACE_FOLDER);
    return is_folder(inside);
}

static const struct rmv_error *create_file(const char *folder, const char *name, const char *text)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, name);

    if (rmv_fs_exists(path))
        return NULL;
    return rmv_fs_write_atomic(path, text, strlen(text));
}

const struct rmv_error *rmv_layout_create(const char *root)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_join(root, RMV_WORKSPACE_FOLDER);
    RMV_CLEANUP(rmv_str_free) char *objects = rmv_path_join(folder, "objects");

    const struct rmv_error *err = rmv_fs_mkdir_p(folder);
    if (!err)
        err = rmv_layout_check(folder);
    if (!err)
        err = create_file(folder, ".gitignore", gitignore_text);
    if (!err)
        err = create_file(folder, "config", config_text);
    if (!err)
        err = create_file(folder, "version", version_text);
    if (!err)
        err = rmv_fs_mkdir_p(objects);
    if (!err)
        err = rmv_fs_sync_folder(folder);
    if (!err)
        err = rmv_fs_sync_folder(root);
    return err;
}

/* A fresh clone has no version file: it has nothing yet that could be of another version. */
const struct rmv_error *rmv_layout_check(const char *folder)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, "version");
    struct stat status;
    char *end = NULL;

    /* It may come with a clone, and lead to settings that nobody here has made. */
    if (lstat(folder, &status) == 0 && S_ISLNK(status.st_mode))
        return rmv_error_hint(
            rmv_error(RMV_ERR_DENIED, "'%s' is a symbolic link; it must be a folder", folder),
            "objects may lie elsewhere: `rmv help config`, cache.dir");
    const struct rmv_error *err = rmv_fs_read(path, VERSION_BYTES_MAX, &text);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return NULL;
    if (err)
        return err;
    const char *start = rmv_buf_string(&text);
    const long version = strtol(start, &end, 10);
    if (end == start || strcmp(end, "\n") != 0 || version < 1)
        return rmv_error_hint(rmv_error(RMV_ERR_CORRUPT, "'%s' does not hold a version", path),
                              "it should be a line with the number %d", LAYOUT_VERSION);
    if (version > LAYOUT_VERSION)
        return rmv_error_hint(rmv_error(RMV_ERR_UNSUPPORTED,
                                        "'%s' has layout version %ld; this rmv knows up to %d",
                                        folder, version, LAYOUT_VERSION),
                              "install a newer rmv");
    return NULL;
}

/* The folder in the main worktree that corresponds to ours, if that is a workspace too. */
static char *find_main_objects(const struct rmv_workspace *workspace)
{
    const char *main_root = workspace->vcs ? rmv_vcs_main_root(workspace->vcs) : NULL;

    if (!main_root)
        return NULL;
    RMV_CLEANUP(rmv_str_free) char *root = rmv_path_join(main_root, workspace->vcs_prefix);
    RMV_CLEANUP(rmv_str_free) char *normal = rmv_path_normalize(root);
    if (!rmv_layout_is_root(normal))
        return NULL;
    return rmv_path_join(normal, RMV_WORKSPACE_FOLDER "/objects");
}

/* Tells whoever looks after the store that this workspace uses it. Who may not write there cannot
 * store anything either. */
static void register_user(const struct rmv_workspace *workspace, const char *objects)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    const struct rmv_object_id id = rmv_object_id_of(workspace->root, strlen(workspace->root));
    rmv_object_id_to_hex(&id, hex);
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_format("%s/" RMV_WORKSPACE_USERS_FOLDER "/%s", objects, hex);
    RMV_CLEANUP(rmv_str_free) char *text = rmv_str_format("%s\n", workspace->root);

    if (rmv_fs_exists(path))
        return;
    const struct rmv_error *err = rmv_fs_write_atomic(path, text, strlen(text));
    if (err)
        rmv_log_write(workspace->log, RMV_LOG_DEBUG, "%s", err->message);
}

const struct rmv_error *rmv_layout_find_objects(const struct rmv_workspace *workspace,
                                                char **objects)
{
    RMV_CLEANUP(rmv_str_free)
    char *own = rmv_path_join(workspace->root, RMV_WORKSPACE_FOLDER "/objects");
    const char *elsewhere = rmv_config_get(workspace->config, "cache.dir");
    RMV_CLEANUP(rmv_str_free) char *found = NULL;

    if (elsewhere)
        found = rmv_path_join(workspace->root, elsewhere);
    else if (!is_folder(own))
        found = find_main_objects(workspace);
    if (!found)
        found = rmv_str_copy(own);

    if (!is_folder(found)) {
        const struct rmv_error *err = rmv_fs_mkdir_p(found);
        if (err)
            return err;
    }
    if (elsewhere || is_link(own))
        register_user(workspace, found);
    *objects = found;
    found = NULL;
    return NULL;
}
