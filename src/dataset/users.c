#include "rmv/dataset/users.h"

#include <string.h>

#include "dataset/layout.h"
#include "rmv/base/fs.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "rmv/base/vfs.h"

#define ENTRY_BYTES_MAX ((size_t)8192)
#define OWN_OBJECTS "/" RMV_WORKSPACE_FOLDER "/objects"

/* The real path of the store. */
static char *folder_of(const struct rmv_workspace *workspace)
{
    RMV_CLEANUP(rmv_str_free) char *area = rmv_store_loose_area(workspace->store);
    return rmv_path_parent(area);
}

char *rmv_users_entry(const struct rmv_workspace *workspace, const char *root)
{
    RMV_CLEANUP(rmv_str_free) char *folder = folder_of(workspace);
    const struct rmv_object_id id = rmv_object_id_of(root, strlen(root));
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(&id, hex);
    return rmv_str_format("%s/" RMV_WORKSPACE_USERS_FOLDER "/%s", folder, hex);
}

bool rmv_users_share(const struct rmv_workspace *a, const struct rmv_workspace *b)
{
    RMV_CLEANUP(rmv_str_free) char *folder = folder_of(a);
    RMV_CLEANUP(rmv_str_free) char *other = folder_of(b);
    return strcmp(folder, other) == 0;
}

static void add_root(const struct rmv_workspace *workspace, const char *root,
                     struct rmv_strings *roots)
{
    if (strcmp(root, workspace->root) != 0 && !rmv_strings_has(roots, root))
        rmv_strings_add(roots, root);
}

/* A path and a newline. Something else may name a workspace that nobody can look at. */
static const struct rmv_error *read_entry(const char *path, char **root)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf text = {0};
    const struct rmv_error *err = rmv_fs_read(path, ENTRY_BYTES_MAX, &text);
    if (err)
        return err;
    const bool is_path = text.size > 1 && text.data[0] == '/' && text.data[text.size - 1] == '\n' &&
                         !memchr(text.data, '\0', text.size);
    if (!is_path)
        return rmv_error_hint(
            rmv_error(RMV_ERR_CORRUPT, "'%s' does not name a workspace that uses the store", path),
            "remove it if no other workspace does");
    *root = rmv_str_copy_n(text.data, text.size - 1);
    return NULL;
}

const struct rmv_error *rmv_users_list(const struct rmv_workspace *workspace,
                                       struct rmv_strings *roots)
{
    RMV_CLEANUP(rmv_str_free) char *folder = folder_of(workspace);
    RMV_CLEANUP(rmv_str_free) char *users = rmv_path_join(folder, RMV_WORKSPACE_USERS_FOLDER);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};

    if (rmv_path_has_suffix(folder, OWN_OBJECTS)) {
        RMV_CLEANUP(rmv_str_free)
        char *owner = rmv_str_copy_n(folder, strlen(folder) - strlen(OWN_OBJECTS));
        add_root(workspace, owner, roots);
    }
    const struct rmv_error *err = rmv_vfs_list(rmv_vfs_default(), users, &names);
    for (size_t i = 0; !err && i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(users, names.items[i]);
        RMV_CLEANUP(rmv_str_free) char *root = NULL;
        err = read_entry(path, &root);
        if (!err && root)
            add_root(workspace, root, roots);
    }
    return err;
}
