#include "store/salvage.h"

#include "rmv/base/mem.h"
#include "store/store_internal.h"
#include "store/temporary.h"

const struct rmv_error *rmv_salvage(struct rmv_store *store)
{
    RMV_CLEANUP(rmv_str_free)
    char *folder = rmv_str_format("%s/" RMV_TEMPORARY_FOLDER, store->root);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = rmv_vfs_list(store->vfs, folder, &names);
    if (err)
        return err;
    for (size_t i = 0; i < names.count; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", folder, names.items[i]);
        struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
        if (!rmv_temporary_adopt(store->vfs, path, &file))
            rmv_temporary_discard(&file);
    }
    return NULL;
}
