#include "store/fsck_loose.h"

#include "rmv/base/mem.h"
#include "store/loose.h"
#include "store/store_internal.h"

static const struct rmv_error *hash_object(struct rmv_store *store,
                                           const struct rmv_loose_object *object,
                                           struct rmv_progress *progress,
                                           struct rmv_object_id *actual, uint64_t *size)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    const struct rmv_error *err = rmv_loose_open(store, object, &file);
    return err ? err : rmv_loose_hash(&file, progress, actual, size);
}

static void check_file(struct rmv_store *store, const char *name, struct rmv_progress *progress,
                       const struct rmv_fsck_loose_visitor *visitor)
{
    RMV_CLEANUP(rmv_str_free) char *shown = rmv_str_format(RMV_LOOSE_FOLDER "/%s", name);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", store->root, shown);
    struct rmv_loose_object object = {.path = path};
    struct rmv_object_id actual;
    uint64_t size = 0;

    if (!rmv_loose_parse(name, &object.id, &object.is_executable)) {
        visitor->damaged(visitor->context, shown, NULL, "this is not the name of an object");
        return;
    }
    const struct rmv_error *err = hash_object(store, &object, progress, &actual, &size);
    if (err && err->code == RMV_ERR_NOT_FOUND)
        return; /* removed since the folder was listed */
    if (err)
        visitor->damaged(visitor->context, shown, &object.id, err->message);
    else if (!rmv_object_id_equal(&actual, &object.id))
        visitor->damaged(visitor->context, shown, &object.id,
                         "the file's bytes do not match its id: it was written to, through a link "
                         "perhaps");
    else
        visitor->sound(visitor->context, size);
}

const struct rmv_error *rmv_fsck_loose(struct rmv_store *store, unsigned folder,
                                       struct rmv_progress *progress,
                                       const struct rmv_fsck_loose_visitor *visitor)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = rmv_loose_list(store, folder, &names);
    for (size_t i = 0; !err && i < names.count; i++)
        check_file(store, names.items[i], progress, visitor);
    return err;
}
