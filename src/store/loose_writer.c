#include "store/loose_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "store/batch.h"
#include "store/loose.h"
#include "store/temporary.h"
#include "store/unsynced.h"

#define MARK_KIND "loose"
#define PROBE_PLACES ((size_t)4)
#define PROBE_BYTES ((size_t)1 << 10)
#define COPY_STEP_BYTES ((size_t)1 << 20)
#define SYNCED_FOLDERS_MAX 8 /* with more, one syncfs is cheaper */

/* A file in tmp/ that is to become an object. */
struct rmv_loose_staged {
    struct rmv_object_id id;
    bool is_executable;
    bool is_linked; /* the user's own file, which he can write to as long as he likes */
    unsigned number;
    struct rmv_vfs_stat stat; /* when it was staged */
};

void rmv_loose_writer_init(struct rmv_loose_writer *writer, struct rmv_store *store)
{
    *writer = (struct rmv_loose_writer){.store = store, .mark = RMV_VFS_FILE_EMPTY};
    pthread_mutex_init(&writer->lock, NULL);
}

/* ---- Staging --------------------------------------------------------------------------------- */

static char *staged_path(const struct rmv_loose_writer *writer, unsigned number)
{
    return rmv_str_format("%s.%u", writer->mark.path, number);
}

bool rmv_loose_is_staged(const char *path)
{
    const char *name = rmv_path_name(path);
    return strncmp(name, RMV_LOOSE_STAGED, strlen(RMV_LOOSE_STAGED)) == 0 && strchr(name, '.');
}

bool rmv_loose_is_abandoned(const struct rmv_vfs *vfs, const char *path)
{
    RMV_CLEANUP(rmv_str_free) char *mark = rmv_str_copy_n(path, strlen(path));
    struct rmv_vfs_stat stat;
    char *dot = strrchr(mark, '.');
    if (dot)
        *dot = '\0';
    return vfs->lstat(vfs->state, mark, &stat) < 0;
}

static void drop(struct rmv_loose_writer *writer, unsigned number)
{
    RMV_CLEANUP(rmv_str_free) char *path = staged_path(writer, number);
    writer->store->vfs->unlink(writer->store->vfs->state, path);
}

void rmv_loose_writer_free(struct rmv_loose_writer *writer)
{
    for (size_t i = 0; i < writer->count; i++)
        drop(writer, writer->items[i].number);
    free(writer->items);
    rmv_id_set_free(&writer->known);
    rmv_temporary_discard(&writer->mark);
    pthread_mutex_destroy(&writer->lock);
}

/* A number for a file, and the first time the file that marks all of them as in use. */
static const struct rmv_error *take_number(struct rmv_loose_writer *writer, unsigned *number)
{
    const struct rmv_error *err = NULL;
    pthread_mutex_lock(&writer->lock);
    if (writer->mark.fd < 0)
        err =
            rmv_temporary_create(writer->store->vfs, writer->store->root, MARK_KIND, &writer->mark);
    *number = writer->number++;
    pthread_mutex_unlock(&writer->lock);
    return err;
}

/* Is the object staged already? */
static bool is_staged(struct rmv_loose_writer *writer, const struct rmv_object_id *id,
                      bool is_executable)
{
    pthread_mutex_lock(&writer->lock);
    const bool is_known = rmv_id_set_has(&writer->known, id, is_executable);
    pthread_mutex_unlock(&writer->lock);
    return is_known;
}

/* False if another thread was faster. */
static bool add_item(struct rmv_loose_writer *writer, const struct rmv_loose_staged *item)
{
    pthread_mutex_lock(&writer->lock);
    const bool is_new = !rmv_id_set_has(&writer->known, &item->id, item->is_executable);
    if (is_new) {
        writer->items =
            rmv_grow(writer->items, writer->count, &writer->capacity, sizeof(*writer->items));
        writer->items[writer->count++] = *item;
        rmv_id_set_add(&writer->known, &item->id, item->is_executable);
    }
    pthread_mutex_unlock(&writer->lock);
    if (!is_new)
        drop(writer, item->number);
    return is_new;
}

static const struct rmv_error *create_staged(struct rmv_loose_writer *writer, unsigned *number,
                                             struct rmv_vfs_file *file)
{
    const struct rmv_error *err = take_number(writer, number);
    if (err)
        return err;
    RMV_CLEANUP(rmv_str_free) char *path = staged_path(writer, *number);
    return rmv_vfs_open(writer->store->vfs, path, O_RDWR | O_CREAT | O_EXCL, file);
}

/* Adds what was written to `file`. */
static const struct rmv_error *add_written(struct rmv_loose_writer *writer,
                                           const struct rmv_vfs_file *file,
                                           struct rmv_loose_staged *item)
{
    const struct rmv_error *err = rmv_vfs_stat_file(file, &item->stat);
    if (err)
        drop(writer, item->number);
    else
        (void)add_item(writer, item);
    return err;
}

/* ---- Ways to get a file ---------------------------------------------------------------------- */

/* What `fd` is, as a file of a table, for those who only read. */
static struct rmv_vfs_file borrow(const struct rmv_store_source *source)
{
    return (struct rmv_vfs_file){
        .vfs = rmv_vfs_default(), .path = (char *)(uintptr_t)source->path, .fd = source->fd};
}

/* Errors of this kind are the same for every file. */
static bool is_for_good(int number)
{
    return number == EOPNOTSUPP || number == ENOTTY || number == ENOSYS || number == EXDEV ||
           number == EPERM;
}

/* What compresses is better off in a pack. Looks at a few places of the file. */
static bool is_compressible(const struct rmv_store_source *source)
{
    const struct rmv_vfs *real = rmv_vfs_default();
    char samples[PROBE_PLACES * PROBE_BYTES];
    struct rmv_vfs_stat stat;

    if (real->fstat(real->state, source->fd, &stat) < 0 || stat.size < RMV_STORE_CLONE_MIN)
        return true;
    for (size_t i = 0; i < PROBE_PLACES; i++)
        if (real->pread(real->state, source->fd, samples + i * PROBE_BYTES, PROBE_BYTES,
                        stat.size / PROBE_PLACES * i) != PROBE_BYTES)
            return true;
    return rmv_frame_is_compressible(samples, sizeof(samples));
}

const struct rmv_error *rmv_store_batch_clone_file(struct rmv_store_batch *batch,
                                                   const struct rmv_store_source *source,
                                                   struct rmv_store_file *file, bool *is_cloned)
{
    struct rmv_loose_writer *writer = &batch->loose;
    const struct rmv_vfs *vfs = writer->store->vfs;
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file staged = RMV_VFS_FILE_EMPTY;
    struct rmv_loose_staged item = {0};

    *is_cloned = false;
    if (atomic_load(&writer->cannot_clone) || is_compressible(source))
        return NULL;
    const struct rmv_error *err = create_staged(writer, &item.number, &staged);
    if (err)
        return rmv_error_context(err, "cannot store '%s'", source->path);
    if (vfs->clone(vfs->state, staged.fd, source->fd) < 0) {
        if (is_for_good(errno))
            atomic_store(&writer->cannot_clone, true);
        drop(writer, item.number);
        return NULL;
    }
    err = rmv_loose_hash(&staged, source->progress, &item.id, &file->size);
    if (err) {
        drop(writer, item.number);
        return rmv_error_context(err, "cannot store '%s'", source->path);
    }
    file->id = item.id;
    file->was_stored =
        rmv_store_is_saved(writer->store, &item.id) || is_staged(writer, &item.id, false);
    *is_cloned = true;
    if (!file->was_stored)
        return add_written(writer, &staged, &item);
    drop(writer, item.number);
    return NULL;
}

/* The user's own file becomes the object, if nothing else leads to it and it still is what it was
 * before it was hashed, which item->stat tells. */
static bool link_staged(struct rmv_loose_writer *writer, int fd, struct rmv_loose_staged *item)
{
    const struct rmv_vfs *vfs = writer->store->vfs;
    RMV_CLEANUP(rmv_str_free) char *path = staged_path(writer, item->number);
    struct rmv_vfs_stat stat;

    if (atomic_load(&writer->cannot_link) || item->stat.links_count != 1)
        return false;
    /* Not through the table: the file is the user's, and not in the store. */
    const struct rmv_vfs *real = rmv_vfs_default();
    if (vfs->link_file(vfs->state, fd, path) < 0) {
        if (errno == EXDEV)
            atomic_store(&writer->cannot_link, true);
        return false;
    }
    if (real->fstat(real->state, fd, &stat) < 0 || stat.links_count != 2 ||
        stat.size != item->stat.size || stat.mtime_ns != item->stat.mtime_ns) {
        drop(writer, item->number);
        return false;
    }
    item->is_linked = true;
    return true;
}

static const struct rmv_error *copy_bytes(const struct rmv_vfs_file *from,
                                          const struct rmv_vfs_file *to, struct rmv_object_id *id)
{
    RMV_CLEANUP(rmv_buf_free) struct rmv_buf buf = {0};
    char *bytes = rmv_buf_reserve(&buf, COPY_STEP_BYTES);
    struct rmv_sha256_state state;

    rmv_sha256_start(&state);
    for (;;) {
        const ssize_t n =
            from->vfs->pread(from->vfs->state, from->fd, bytes, COPY_STEP_BYTES, state.size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rmv_error_errno("cannot read '%s'", from->path);
        if (n == 0)
            break;
        const struct rmv_error *err = rmv_vfs_write(to, state.size, bytes, (size_t)n);
        if (err)
            return err;
        rmv_sha256_update(&state, bytes, (size_t)n);
    }
    rmv_sha256_finish(&state, id->sha256);
    return NULL;
}

static const struct rmv_error *fill_staged(struct rmv_loose_writer *writer,
                                           const struct rmv_store_source *source,
                                           const struct rmv_vfs_file *staged,
                                           struct rmv_object_id *id)
{
    const struct rmv_vfs *vfs = writer->store->vfs;
    const struct rmv_vfs_file from = borrow(source);
    uint64_t size;

    if (!atomic_load(&writer->cannot_clone)) {
        if (vfs->clone(vfs->state, staged->fd, source->fd) == 0)
            return rmv_loose_hash(staged, NULL, id, &size);
        if (is_for_good(errno))
            atomic_store(&writer->cannot_clone, true);
    }
    return copy_bytes(&from, staged, id);
}

/* A file of the store's own with what is in the user's. */
static const struct rmv_error *copy_staged(struct rmv_loose_writer *writer,
                                           const struct rmv_store_source *source,
                                           struct rmv_loose_staged *item)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file staged = RMV_VFS_FILE_EMPTY;
    struct rmv_object_id id;

    const struct rmv_error *err = create_staged(writer, &item->number, &staged);
    if (err)
        return err;
    err = fill_staged(writer, source, &staged, &id);
    if (!err && !rmv_object_id_equal(&id, &item->id))
        err = rmv_error(RMV_ERR_CONFLICT, "it was written to while it was read");
    if (err) {
        drop(writer, item->number);
        return err;
    }
    return add_written(writer, &staged, item);
}

const struct rmv_error *rmv_store_batch_link_file(struct rmv_store_batch *batch,
                                                  const struct rmv_store_source *source,
                                                  bool is_executable, struct rmv_store_file *file)
{
    struct rmv_loose_writer *writer = &batch->loose;
    RMV_CLEANUP(rmv_loose_object_free) struct rmv_loose_object object = {0};
    struct rmv_loose_staged item = {.is_executable = is_executable};
    const struct rmv_vfs_file from = borrow(source);

    const struct rmv_error *err = rmv_vfs_stat_file(&from, &item.stat);
    if (!err)
        err = rmv_loose_hash(&from, source->progress, &file->id, &file->size);
    if (err)
        return rmv_error_context(err, "cannot store '%s'", source->path);
    item.id = file->id;
    file->was_stored = is_staged(writer, &item.id, is_executable) ||
                       (!rmv_store_is_damaged(writer->store, &rmv_loose_pack, &item.id) &&
                        rmv_loose_find_variant(writer->store, &item.id, is_executable, &object) &&
                        !rmv_store_check_loose(writer->store, &item.id, is_executable));
    if (file->was_stored)
        return NULL;
    err = take_number(writer, &item.number);
    if (!err && !source->is_shared && link_staged(writer, source->fd, &item))
        (void)add_item(writer, &item);
    else if (!err)
        err = copy_staged(writer, source, &item);
    return err ? rmv_error_context(err, "cannot store '%s'", source->path) : NULL;
}

const struct rmv_error *rmv_store_batch_put_loose(struct rmv_store_batch *batch,
                                                  const struct rmv_object_id *id,
                                                  bool is_executable)
{
    struct rmv_loose_writer *writer = &batch->loose;
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file staged = RMV_VFS_FILE_EMPTY;
    struct rmv_loose_staged item = {.id = *id, .is_executable = is_executable};
    bool is_cloned = false;

    if (is_staged(writer, id, is_executable))
        return NULL;
    const struct rmv_error *err = create_staged(writer, &item.number, &staged);
    if (err)
        return err;
    err = rmv_store_clone_to(writer->store, id, staged.fd, staged.path, &is_cloned);
    if (!err && !is_cloned)
        err = rmv_store_write_to(writer->store, id, staged.fd, staged.path);
    if (err) {
        drop(writer, item.number);
        return err;
    }
    return add_written(writer, &staged, &item);
}

/* ---- Publishing ------------------------------------------------------------------------------ */

/* Takes away what would let somebody write, and gives exec bits to who may read. */
static mode_t object_mode(const struct rmv_loose_staged *item)
{
    const mode_t may_read = (item->stat.mode & 0444) | 0400;
    return item->is_executable ? may_read | (may_read >> 2) : may_read;
}

static const struct rmv_error *seal(const struct rmv_loose_writer *writer,
                                    const struct rmv_loose_staged *item)
{
    RMV_CLEANUP(rmv_str_free) char *path = staged_path(writer, item->number);
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    const struct rmv_vfs *vfs = writer->store->vfs;
    struct rmv_vfs_stat now;

    const struct rmv_error *err = rmv_vfs_open(vfs, path, O_RDONLY | O_NOFOLLOW, &file);
    if (!err)
        err = rmv_vfs_stat_file(&file, &now);
    if (err)
        return err;
    if (item->is_linked && (now.size != item->stat.size || now.mtime_ns != item->stat.mtime_ns))
        return rmv_error_hint(
            rmv_error(RMV_ERR_CONFLICT, "a file was written to while it was stored"),
            "run the command again when nothing writes there any more");
    /* A filesystem without modes is no reason to fail. */
    (void)vfs->fchmod(vfs->state, file.fd, object_mode(item));
    return NULL;
}

static const struct rmv_error *seal_all(struct rmv_loose_writer *writer)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < writer->count; i++)
        err = seal(writer, &writer->items[i]);
    return err || !writer->store->sync ? err
                                       : rmv_vfs_sync_all(writer->store->vfs, writer->store->root);
}

static const struct rmv_error *make_folders(const struct rmv_loose_writer *writer,
                                            bool needed[RMV_LOOSE_FOLDERS_COUNT])
{
    const struct rmv_store *store = writer->store;
    RMV_CLEANUP(rmv_str_free) char *area = rmv_str_format("%s/" RMV_LOOSE_FOLDER, store->root);
    const struct rmv_error *err = rmv_vfs_mkdir(store->vfs, area);

    for (size_t i = 0; i < writer->count; i++)
        needed[writer->items[i].id.sha256[0]] = true;
    for (size_t i = 0; !err && i < RMV_LOOSE_FOLDERS_COUNT; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%02zx", area, i);
        if (needed[i])
            err = rmv_vfs_mkdir(store->vfs, path);
    }
    return err;
}

static const struct rmv_error *sync_names(const struct rmv_store *store,
                                          const bool needed[RMV_LOOSE_FOLDERS_COUNT])
{
    RMV_CLEANUP(rmv_str_free) char *area = rmv_str_format("%s/" RMV_LOOSE_FOLDER, store->root);
    size_t count = 0;
    for (size_t i = 0; i < RMV_LOOSE_FOLDERS_COUNT; i++)
        count += needed[i];
    if (count > SYNCED_FOLDERS_MAX)
        return rmv_vfs_sync_all(store->vfs, store->root);

    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < RMV_LOOSE_FOLDERS_COUNT; i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%02zx", area, i);
        if (needed[i])
            err = rmv_vfs_sync_folder(store->vfs, path);
    }
    if (!err)
        err = rmv_vfs_sync_folder(store->vfs, area);
    return err ? err : rmv_vfs_sync_folder(store->vfs, store->root);
}

static const struct rmv_error *publish(const struct rmv_loose_writer *writer,
                                       const struct rmv_loose_staged *item)
{
    RMV_CLEANUP(rmv_str_free) char *from = staged_path(writer, item->number);
    RMV_CLEANUP(rmv_str_free)
    char *to = rmv_loose_path(writer->store->root, &item->id, item->is_executable);
    return rmv_vfs_rename(writer->store->vfs, from, to);
}

static const struct rmv_error *publish_all(struct rmv_loose_writer *writer)
{
    const struct rmv_store *store = writer->store;
    bool needed[RMV_LOOSE_FOLDERS_COUNT] = {false};

    const struct rmv_error *err = make_folders(writer, needed);
    if (!err && !store->sync)
        err = rmv_unsynced_mark(store->vfs, store->root);
    for (size_t i = 0; !err && i < writer->count; i++)
        err = publish(writer, &writer->items[i]);
    return err || !store->sync ? err : sync_names(store, needed);
}

/* What was damaged is mended, which the list of damage has to say too. */
static void mend(struct rmv_loose_writer *writer)
{
    struct rmv_store *store = writer->store;
    RMV_CLEANUP(rmv_damage_free) struct rmv_damage latest = {0};
    bool is_any = false;

    for (size_t i = 0; i < writer->count; i++)
        is_any = is_any || rmv_store_is_damaged(store, &rmv_loose_pack, &writer->items[i].id);
    if (!is_any)
        return;
    rmv_damage_read(store->vfs, store->root, &latest);
    for (size_t i = 0; i < writer->count; i++)
        rmv_damage_remove(&latest, &rmv_loose_pack, &writer->items[i].id);
    if (rmv_damage_write(store->vfs, store->root, store->sync, &latest))
        rmv_log_write(store->log, RMV_LOG_DEBUG, "what is damaged could not be written down");
}

const struct rmv_error *rmv_loose_writer_commit(struct rmv_loose_writer *writer)
{
    if (writer->count == 0)
        return NULL;
    const struct rmv_error *err = seal_all(writer);
    if (!err)
        err = publish_all(writer);
    if (err)
        return err;
    mend(writer);
    writer->count = 0;
    rmv_id_set_free(&writer->known);
    return NULL;
}
