#include "store/loose.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "rmv/base/buf.h"
#include "rmv/base/mem.h"
#include "store/store_internal.h"

#define SUFFIX ".x"
#define HEX_SIZE ((size_t)RMV_OBJECT_ID_HEX_SIZE - 1)
#define READ_STEP_BYTES ((size_t)256 << 10)

const struct rmv_object_id rmv_loose_pack = {
    .sha256 = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
               0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

void rmv_loose_object_free(struct rmv_loose_object *object)
{
    rmv_str_free(&object->path);
}

/* ---- Names ----------------------------------------------------------------------------------- */

char *rmv_loose_path(const char *root, const struct rmv_object_id *id, bool is_executable)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_str_format("%s/" RMV_LOOSE_FOLDER "/%.2s/%s%s", root, hex, hex,
                          is_executable ? SUFFIX : "");
}

bool rmv_loose_parse(const char *name, struct rmv_object_id *id, bool *is_executable)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE] = "";
    const size_t size = strlen(name);
    const bool has_suffix = size == 3 + HEX_SIZE + strlen(SUFFIX);

    if (!has_suffix && size != 3 + HEX_SIZE)
        return false;
    if (has_suffix && strcmp(name + 3 + HEX_SIZE, SUFFIX) != 0)
        return false;
    memcpy(hex, name + 3, HEX_SIZE);
    *is_executable = has_suffix;
    return name[2] == '/' && memcmp(name, hex, 2) == 0 && !rmv_object_id_parse(hex, id);
}

/* ---- Finding --------------------------------------------------------------------------------- */

bool rmv_loose_find_variant(const struct rmv_store *store, const struct rmv_object_id *id,
                            bool is_executable, struct rmv_loose_object *object)
{
    struct rmv_vfs_stat stat;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_loose_path(store->root, id, is_executable);

    if (store->vfs->lstat(store->vfs->state, path, &stat) < 0 || !stat.is_file)
        return false;
    *object = (struct rmv_loose_object){
        .id = *id, .is_executable = is_executable, .path = path, .stat = stat};
    path = NULL;
    return true;
}

/* A store without the area answers fast. */
static bool has_area(const struct rmv_store *store)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/" RMV_LOOSE_FOLDER, store->root);
    struct rmv_vfs_stat stat;
    return store->vfs->lstat(store->vfs->state, path, &stat) == 0;
}

bool rmv_loose_find(const struct rmv_store *store, const struct rmv_object_id *id,
                    bool is_executable, struct rmv_loose_object *object)
{
    return has_area(store) && (rmv_loose_find_variant(store, id, is_executable, object) ||
                               rmv_loose_find_variant(store, id, !is_executable, object));
}

bool rmv_loose_is_there(const struct rmv_store *store, const struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_loose_object_free) struct rmv_loose_object object = {0};
    return rmv_loose_find(store, id, false, &object);
}

bool rmv_loose_is_sound(struct rmv_store *store, const struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_loose_object_free) struct rmv_loose_object object = {0};
    return !rmv_store_is_damaged(store, &rmv_loose_pack, id) &&
           rmv_loose_find(store, id, false, &object);
}

const struct rmv_error *rmv_loose_list(const struct rmv_store *store, unsigned folder,
                                       struct rmv_strings *names)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings found = {0};
    RMV_CLEANUP(rmv_str_free)
    char *path = rmv_str_format("%s/" RMV_LOOSE_FOLDER "/%02x", store->root, folder);
    const struct rmv_error *err = rmv_vfs_list(store->vfs, path, &found);
    for (size_t i = 0; !err && i < found.count; i++)
        rmv_strings_take(names, rmv_str_format("%02x/%s", folder, found.items[i]));
    return err;
}

static bool has_prefix(const struct rmv_object_id *id, const struct rmv_object_id *prefix,
                       size_t digits)
{
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    char wanted[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    rmv_object_id_to_hex(prefix, wanted);
    return memcmp(hex, wanted, digits) == 0;
}

size_t rmv_loose_find_prefix(const struct rmv_store *store, const struct rmv_object_id *prefix,
                             size_t digits, struct rmv_object_id *ids, size_t max)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    size_t count = 0;

    if (rmv_loose_list(store, prefix->sha256[0], &names))
        return 0;
    for (size_t i = 0; i < names.count && count < max; i++) {
        struct rmv_object_id id;
        bool is_executable;
        const bool is_one =
            rmv_loose_parse(names.items[i], &id, &is_executable) && has_prefix(&id, prefix, digits);
        if (is_one && (count == 0 || !rmv_object_id_equal(&ids[count - 1], &id)))
            ids[count++] = id;
    }
    return count;
}

/* ---- Reading --------------------------------------------------------------------------------- */

/* O_NONBLOCK: a FIFO that somebody has put there must not make us wait. */
const struct rmv_error *rmv_loose_open(const struct rmv_store *store,
                                       const struct rmv_loose_object *object,
                                       struct rmv_vfs_file *file)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file opened = RMV_VFS_FILE_EMPTY;
    struct rmv_vfs_stat stat;
    const struct rmv_error *err = rmv_vfs_open(
        store->vfs, object->path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY, &opened);
    if (!err)
        err = rmv_vfs_stat_file(&opened, &stat);
    if (!err && !stat.is_file)
        err = rmv_error(RMV_ERR_CORRUPT, "'%s' is no file, and no object", object->path);
    if (err)
        return err;
    *file = opened;
    opened = (struct rmv_vfs_file)RMV_VFS_FILE_EMPTY;
    return NULL;
}

/* Reads up to a step from `offset`; 0 bytes at the end. */
static const struct rmv_error *read_step(const struct rmv_vfs_file *file, uint64_t offset,
                                         void *bytes, size_t *size)
{
    ssize_t n;
    do
        n = file->vfs->pread(file->vfs->state, file->fd, bytes, READ_STEP_BYTES, offset);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return rmv_error_errno("cannot read '%s'", file->path);
    *size = (size_t)n;
    return NULL;
}

const struct rmv_error *rmv_loose_hash(const struct rmv_vfs_file *file,
                                       struct rmv_progress *progress, struct rmv_object_id *id,
                                       uint64_t *size)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf buf = {0};
    char *bytes = rmv_buf_reserve(&buf, READ_STEP_BYTES);
    struct rmv_sha256_state state;
    size_t n = 1;

    rmv_sha256_start(&state);
    while (n > 0) {
        const struct rmv_error *err = read_step(file, state.size, bytes, &n);
        if (err)
            return err;
        rmv_sha256_update(&state, bytes, n);
        rmv_progress_add(progress, 0, n);
    }
    *size = state.size;
    rmv_sha256_finish(&state, id->sha256);
    return NULL;
}

static const struct rmv_error *stream_file(const struct rmv_vfs_file *file,
                                           const struct rmv_store_sink *sink,
                                           struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf buf = {0};
    char *bytes = rmv_buf_reserve(&buf, READ_STEP_BYTES);
    struct rmv_sha256_state state;
    size_t n = 1;

    rmv_sha256_start(&state);
    while (n > 0) {
        const struct rmv_error *err = read_step(file, state.size, bytes, &n);
        if (!err && n > 0)
            err = sink->write(sink->context, bytes, n);
        if (err)
            return err;
        rmv_sha256_update(&state, bytes, n);
    }
    rmv_sha256_finish(&state, id->sha256);
    return NULL;
}

const struct rmv_error *rmv_loose_stream(struct rmv_store *store,
                                         const struct rmv_loose_object *object, uint64_t max_bytes,
                                         const struct rmv_store_sink *sink)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    struct rmv_vfs_stat stat;
    struct rmv_object_id actual;

    const struct rmv_error *err = rmv_loose_open(store, object, &file);
    if (!err)
        err = rmv_vfs_stat_file(&file, &stat);
    if (!err && stat.size > max_bytes)
        return rmv_error(RMV_ERR_LIMIT, "'%s' has %llu bytes, more than the %llu expected",
                         object->path, (unsigned long long)stat.size,
                         (unsigned long long)max_bytes);
    if (!err)
        err = stream_file(&file, sink, &actual);
    if (err || rmv_object_id_equal(&actual, &object->id))
        return err;
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(&object->id, hex);
    return rmv_error(RMV_ERR_CORRUPT, "object %s is damaged: the bytes of '%s' do not match it",
                     hex, object->path);
}
