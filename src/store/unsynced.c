#include "store/unsynced.h"

#include <fcntl.h>

#include "rmv/base/mem.h"
#include "store/loose.h"
#include "store/packs.h"
#include "store/segment_build.h"

static char *mark_path(const char *root)
{
    return rmv_str_format("%s/unsynced", root);
}

const struct rmv_error *rmv_unsynced_mark(const struct rmv_vfs *vfs, const char *root)
{
    RMV_CLEANUP(rmv_str_free) char *path = mark_path(root);
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    return rmv_vfs_open(vfs, path, O_RDWR | O_CREAT, &file);
}

static const struct rmv_error *sync_file(const struct rmv_vfs *vfs, const char *path)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    const struct rmv_error *err = rmv_vfs_open(vfs, path, O_RDONLY, &file);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return NULL; /* merged away meanwhile */
    return err ? err : rmv_vfs_sync(&file);
}

static const struct rmv_error *sync_files(const struct rmv_vfs *vfs, const char *root,
                                          const char *name)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("%s/%s", root, name);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = rmv_vfs_list(vfs, folder, &names);
    for (size_t i = 0; i < names.count && !err; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", folder, names.items[i]);
        err = sync_file(vfs, path);
    }
    return err ? err : rmv_vfs_sync_folder(vfs, folder);
}

static const struct rmv_error *sync_loose(const struct rmv_vfs *vfs, const char *root)
{
    RMV_CLEANUP(rmv_str_free) char *area = rmv_str_format("%s/" RMV_LOOSE_FOLDER, root);
    struct rmv_vfs_stat stat;
    return vfs->lstat(vfs->state, area, &stat) < 0 ? NULL : rmv_vfs_sync_all(vfs, root);
}

const struct rmv_error *rmv_unsynced_settle(const struct rmv_vfs *vfs, const char *root)
{
    RMV_CLEANUP(rmv_str_free) char *path = mark_path(root);
    struct rmv_vfs_stat stat;
    if (vfs->stat(vfs->state, path, &stat) < 0)
        return NULL;
    const struct rmv_error *err = sync_files(vfs, root, RMV_PACK_FOLDER);
    if (!err)
        err = sync_files(vfs, root, RMV_SEGMENT_FOLDER);
    if (!err)
        err = rmv_vfs_sync_folder(vfs, root);
    if (!err)
        err = sync_loose(vfs, root);
    if (!err)
        vfs->unlink(vfs->state, path);
    return err;
}
