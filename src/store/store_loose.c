/* What the store offers of its loose objects. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "store/loose.h"
#include "store/store_internal.h"

char *rmv_store_loose_area(struct rmv_store *store)
{
    RMV_CLEANUP(rmv_str_free) char *root = realpath(store->root, NULL);
    return rmv_str_format("%s/" RMV_LOOSE_FOLDER, root ? root : store->root);
}

char *rmv_store_loose_path(struct rmv_store *store, const struct rmv_object_id *id,
                           bool is_executable)
{
    RMV_CLEANUP(rmv_loose_object_free) struct rmv_loose_object object = {0};
    if (!rmv_loose_find_variant(store, id, is_executable, &object))
        return NULL;
    return realpath(object.path, NULL);
}

bool rmv_store_parse_loose(const char *target, struct rmv_object_id *id, bool *is_executable)
{
    static const char area[] = "/" RMV_LOOSE_FOLDER "/";
    const char *at = NULL;
    for (const char *next = strstr(target, area); next; next = strstr(next + 1, area))
        at = next;
    return *target == '/' && at && rmv_loose_parse(at + strlen(area), id, is_executable);
}

const struct rmv_error *rmv_store_check_loose(struct rmv_store *store,
                                              const struct rmv_object_id *id, bool is_executable)
{
    RMV_CLEANUP(rmv_loose_object_free) struct rmv_loose_object object = {0};
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    struct rmv_object_id actual;
    uint64_t size;

    rmv_object_id_to_hex(id, hex);
    if (!rmv_loose_find_variant(store, id, is_executable, &object))
        return rmv_error(RMV_ERR_NOT_FOUND, "object %s is not loose in the store '%s'", hex,
                         store->root);
    const struct rmv_error *err = rmv_loose_open(store, &object, &file);
    if (!err)
        err = rmv_loose_hash(&file, NULL, &actual, &size);
    if (err || rmv_object_id_equal(&actual, id))
        return err;
    return rmv_error(RMV_ERR_CORRUPT, "object %s is damaged: the bytes of '%s' do not match it",
                     hex, object.path);
}

bool rmv_store_is_loose(struct rmv_store *store, const struct rmv_object_id *id)
{
    return !rmv_store_check_loose(store, id, false) || !rmv_store_check_loose(store, id, true);
}

/* Clones and hashes; false if what is in the file then is worth nothing. */
static bool clone_object(struct rmv_store *store, const struct rmv_loose_object *object, int fd)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file from = RMV_VFS_FILE_EMPTY;
    const struct rmv_vfs_file to = {.vfs = rmv_vfs_default(), .path = object->path, .fd = fd};
    struct rmv_object_id actual;
    uint64_t size;

    return !rmv_loose_open(store, object, &from) &&
           store->vfs->clone(store->vfs->state, fd, from.fd) == 0 &&
           !rmv_loose_hash(&to, NULL, &actual, &size) && rmv_object_id_equal(&actual, &object->id);
}

const struct rmv_error *rmv_store_clone_to(struct rmv_store *store, const struct rmv_object_id *id,
                                           int fd, const char *path, bool *is_cloned)
{
    RMV_CLEANUP(rmv_loose_object_free) struct rmv_loose_object object = {0};

    *is_cloned = rmv_loose_find(store, id, false, &object) && clone_object(store, &object, fd);
    if (!*is_cloned && object.path && ftruncate(fd, 0) < 0)
        return rmv_error_errno("cannot write '%s'", path);
    return NULL;
}
