#include "rmv/store/store.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rmv/base/mem.h"
#include "rmv/base/pool.h"
#include "rmv/base/vfs.h"
#include "store/loose.h"
#include "store/pack_writer.h"
#include "store/segment_build.h"
#include "store/store_internal.h"
#include "store/temporary.h"

/* Creates a folder of the store if it is missing. One that cannot be created is missing still: the
 * store can be read, and writing says what is wrong. A link could have come with a clone: what is
 * cleared away in the store must not be somebody's files elsewhere. */
static const struct rmv_error *create_folder(struct rmv_store *store, const char *name,
                                             bool is_optional)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/%s", store->root, name);
    struct rmv_vfs_stat stat;
    const bool is_there = store->vfs->lstat(store->vfs->state, path, &stat) == 0;
    if (!is_there && !is_optional)
        (void)store->vfs->mkdir(store->vfs->state, path, 0777);
    if (is_there && stat.is_link)
        return rmv_error_hint(
            rmv_error(RMV_ERR_DENIED, "'%s' is a symbolic link; it must be a folder", path),
            "remove the link; the whole store may lie elsewhere: `rmv help config`, cache.dir");
    return NULL;
}

/* Whoever takes the lock first would make a file that only they can write. */
static void create_lock(const struct rmv_store *store)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/" RMV_STORE_LOCK_FILE, store->root);
    const int fd = store->vfs->open(store->vfs->state, path,
                                    O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd >= 0)
        store->vfs->close(store->vfs->state, fd);
}

/* Their names become durable before the first pack is published; see rmv_store_batch_open(). */
static const struct rmv_error *create_folders(struct rmv_store *store)
{
    static const char *const names[] = {RMV_PACK_FOLDER, RMV_SEGMENT_FOLDER, RMV_TEMPORARY_FOLDER};
    struct rmv_vfs_stat stat;
    const struct rmv_error *err = rmv_vfs_stat(store->vfs, store->root, &stat);
    for (size_t i = 0; !err && i < sizeof(names) / sizeof(names[0]); i++)
        err = create_folder(store, names[i], false);
    if (!err && store->vfs == &store->shared_vfs)
        create_lock(store);
    return err ? err : create_folder(store, RMV_LOOSE_FOLDER, true);
}

const struct rmv_error *rmv_store_open(const char *root, const struct rmv_store_options *options,
                                       struct rmv_store **store)
{
    static const struct rmv_store_options defaults;
    RMV_CLEANUP(rmv_store_close) struct rmv_store *opened = rmv_calloc(1, sizeof(*opened));

    options = options ? options : &defaults;
    opened->vfs = options->vfs ? options->vfs : rmv_vfs_default();
    if (options->shared_bits && !options->vfs) {
        rmv_vfs_share(options->shared_bits, &opened->shared_vfs);
        opened->vfs = &opened->shared_vfs;
    }
    opened->root = rmv_str_copy(root);
    opened->sync = !options->no_fsync;
    opened->compression_level = options->compression_level;
    opened->threads = options->threads ? options->threads : (unsigned)rmv_pool_processors();
    opened->pack_size_max = RMV_PACK_SIZE_MAX;
    opened->stage_size = RMV_STAGING_SIZE;
    opened->log = options->log;
    pthread_rwlock_init(&opened->damage_lock, NULL);
    rmv_index_init(&opened->index, opened->vfs, root);
    opened->index.sync = opened->sync;
    opened->index.log = opened->log;
    rmv_object_reader_init(&opened->reader, &opened->index.packs);
    rmv_base_cache_init(&opened->bases);
    rmv_chunker_init(&opened->chunker);

    const struct rmv_error *err = create_folders(opened);
    if (!err)
        err = rmv_index_refresh(&opened->index);
    if (err)
        return rmv_error_context(err, "cannot open the store '%s'", root);
    rmv_store_refresh_damage(opened);
    *store = opened;
    opened = NULL;
    return NULL;
}

void rmv_store_close(struct rmv_store **store)
{
    if (!*store)
        return;
    rmv_object_reader_free(&(*store)->reader);
    rmv_base_cache_free(&(*store)->bases);
    rmv_index_free(&(*store)->index);
    rmv_damage_free(&(*store)->damage);
    pthread_rwlock_destroy(&(*store)->damage_lock);
    rmv_str_free(&(*store)->root);
    free(*store);
    *store = NULL;
}

/* ---- What is damaged ------------------------------------------------------------------------- */

bool rmv_store_is_sound(struct rmv_store *store, const struct rmv_object_id *id,
                        const struct rmv_location *location)
{
    return rmv_packs_is_whole(&store->index.packs, location->pack) &&
           !rmv_store_is_damaged(store, &location->pack->name, id);
}

bool rmv_store_is_damaged(struct rmv_store *store, const struct rmv_object_id *pack,
                          const struct rmv_object_id *id)
{
    pthread_rwlock_rdlock(&store->damage_lock);
    const bool is_damaged = rmv_damage_has(&store->damage, pack, id);
    pthread_rwlock_unlock(&store->damage_lock);
    return is_damaged;
}

bool rmv_store_has_damage(struct rmv_store *store, const struct rmv_object_id *pack)
{
    bool is_damaged = false;
    pthread_rwlock_rdlock(&store->damage_lock);
    for (size_t i = 0; i < store->damage.count && !is_damaged; i++)
        is_damaged = rmv_object_id_equal(&store->damage.items[i].pack, pack);
    pthread_rwlock_unlock(&store->damage_lock);
    return is_damaged;
}

static bool is_same_file(const struct rmv_vfs_stat *a, const struct rmv_vfs_stat *b)
{
    return a->inode == b->inode && a->mtime_ns == b->mtime_ns && a->size == b->size;
}

void rmv_store_refresh_damage(struct rmv_store *store)
{
    RMV_CLEANUP(rmv_str_free) char *path = rmv_damage_path(store->root);
    struct rmv_vfs_stat stat;

    if (store->vfs->stat(store->vfs->state, path, &stat) < 0)
        stat = (struct rmv_vfs_stat){0};
    pthread_rwlock_wrlock(&store->damage_lock);
    if (!is_same_file(&stat, &store->damage_stat))
        rmv_damage_read(store->vfs, store->root, &store->damage);
    store->damage_stat = stat;
    pthread_rwlock_unlock(&store->damage_lock);
}

void rmv_store_set_damage(struct rmv_store *store, struct rmv_damage *damage)
{
    pthread_rwlock_wrlock(&store->damage_lock);
    rmv_damage_free(&store->damage);
    store->damage = *damage;
    *damage = (struct rmv_damage){0};
    pthread_rwlock_unlock(&store->damage_lock);
}

bool rmv_store_has(struct rmv_store *store, const struct rmv_object_id *id)
{
    struct rmv_location location;
    if (rmv_index_find(&store->index, id, 0, &location))
        return true;
    return rmv_loose_is_there(store, id) ||
           (!rmv_index_refresh(&store->index) && rmv_index_find(&store->index, id, 0, &location));
}

bool rmv_store_has_all(struct rmv_store *store, const struct rmv_object_id *const *ids,
                       size_t count)
{
    if (rmv_index_has_all(&store->index, ids, count))
        return true;
    for (size_t i = 0; i < count; i++)
        if (!rmv_store_has(store, ids[i]))
            return false;
    return true;
}

void rmv_store_prefetch(struct rmv_store *store, const struct rmv_object_id *const *ids,
                        size_t count)
{
    rmv_index_prefetch(&store->index, ids, count);
}

static bool find_sound(struct rmv_store *store, const struct rmv_object_id *id)
{
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&store->index, id, n, &location); n++)
        if (rmv_store_is_sound(store, id, &location))
            return true;
    return false;
}

bool rmv_store_was_saved(struct rmv_store *store, const struct rmv_object_id *id)
{
    return find_sound(store, id) || rmv_loose_is_sound(store, id);
}

bool rmv_store_is_saved(struct rmv_store *store, const struct rmv_object_id *id)
{
    return rmv_store_was_saved(store, id) ||
           (!rmv_index_refresh(&store->index) && find_sound(store, id));
}

/* ---- Finding --------------------------------------------------------------------------------- */

static const struct rmv_error *parse_prefix(const char *prefix, struct rmv_object_id *id)
{
    char padded[RMV_OBJECT_ID_HEX_SIZE];
    const size_t digits = strnlen(prefix, sizeof(padded));
    if (digits < RMV_OBJECT_ID_PREFIX_MIN || digits >= sizeof(padded))
        return rmv_error(RMV_ERR_USAGE, "'%s' is not an object id: %d to %d hex digits expected",
                         prefix, RMV_OBJECT_ID_PREFIX_MIN, RMV_OBJECT_ID_HEX_SIZE - 1);

    memset(padded, '0', sizeof(padded));
    memcpy(padded, prefix, digits);
    padded[sizeof(padded) - 1] = '\0';
    const struct rmv_error *err = rmv_object_id_parse(padded, id);
    return err ? rmv_error(RMV_ERR_USAGE,
                           "'%s' is not an object id: only the digits 0-9 and a-f "
                           "are expected",
                           prefix)
               : NULL;
}

/* Up to two different ids. */
static size_t find_prefix(struct rmv_store *store, const struct rmv_object_id *prefix,
                          size_t digits, struct rmv_object_id found[2])
{
    struct rmv_object_id loose[2];
    size_t count = rmv_index_find_prefix(&store->index, prefix, digits, found, 2);
    const size_t loose_count = rmv_loose_find_prefix(store, prefix, digits, loose, 2);

    for (size_t i = 0; i < loose_count && count < 2; i++)
        if (count == 0 || !rmv_object_id_equal(&found[0], &loose[i]))
            found[count++] = loose[i];
    return count;
}

const struct rmv_error *rmv_store_find(struct rmv_store *store, const char *prefix,
                                       struct rmv_object_id *id)
{
    struct rmv_object_id first;
    struct rmv_object_id found[2];
    const struct rmv_error *err = parse_prefix(prefix, &first);
    if (err)
        return err;

    size_t count = find_prefix(store, &first, strlen(prefix), found);
    if (count == 0) {
        err = rmv_index_refresh(&store->index);
        if (err)
            return err;
        count = find_prefix(store, &first, strlen(prefix), found);
    }
    if (count == 0)
        return rmv_error(RMV_ERR_NOT_FOUND,
                         "no object in the store has an id that starts with '%s'", prefix);
    if (count > 1)
        return rmv_error_hint(
            rmv_error(RMV_ERR_CONFLICT, "several objects have ids that start with '%s'", prefix),
            "give more digits");
    *id = found[0];
    return NULL;
}
