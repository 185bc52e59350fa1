#include "store/index.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "store/doomed.h"
#include "store/segment_build.h"

/* A new segment takes in the older ones below so many times its size. */
#define MERGE_RATIO 4
/* Footers read before a segment is built from them. */
#define COVER_RECORDS_MAX ((size_t)1 << 20)
/* A folder changed so shortly before it was listed may change again with the same time. */
#define RACY_NS ((int64_t)50 * 1000000)

void rmv_index_init(struct rmv_index *index, const struct rmv_vfs *vfs, const char *root)
{
    *index = (struct rmv_index){.vfs = vfs, .root = rmv_str_copy(root), .packs_mtime_ns = -1};
    pthread_rwlock_init(&index->lock, NULL);
    rmv_packs_init(&index->packs, vfs, root);
}

void rmv_index_free(struct rmv_index *index)
{
    for (size_t i = 0; i < index->segments_count; i++)
        rmv_segment_close(&index->segments[i]);
    free(index->segments);
    rmv_packs_free(&index->packs);
    rmv_str_free(&index->root);
    pthread_rwlock_destroy(&index->lock);
}

/* Connects the segment with the packs and marks those as covered. */
static void resolve_packs(struct rmv_index *index, struct rmv_segment *segment)
{
    for (size_t i = 0; i < segment->packs_count; i++) {
        struct rmv_pack *pack = rmv_packs_find(&index->packs, &segment->pack_names[i]);
        segment->packs[i] = pack && pack->is_present ? pack : NULL;
        if (segment->packs[i])
            segment->packs[i]->is_covered = true;
    }
}

static void add_segment(struct rmv_index *index, struct rmv_segment *segment)
{
    index->segments = rmv_grow(index->segments, index->segments_count, &index->segments_capacity,
                               sizeof(struct rmv_segment *));
    index->segments[index->segments_count++] = segment;
    resolve_packs(index, segment);
}

static void remove_segment(struct rmv_index *index, size_t at, bool unlink)
{
    if (unlink && index->segments[at]->path)
        index->vfs->unlink(index->vfs->state, index->segments[at]->path);
    rmv_segment_close(&index->segments[at]);
    index->segments[at] = index->segments[--index->segments_count];
}

static void resolve_all(struct rmv_index *index)
{
    for (size_t i = 0; i < index->packs.count; i++)
        index->packs.items[i]->is_covered = false;
    for (size_t i = 0; i < index->segments_count; i++)
        resolve_packs(index, index->segments[i]);
}

/* ---- Adding and merging ---------------------------------------------------------------------- */

static int by_size_descending(const void *a, const void *b)
{
    const struct rmv_segment *const *left = a;
    const struct rmv_segment *const *right = b;
    return ((*left)->entries_count < (*right)->entries_count) -
           ((*left)->entries_count > (*right)->entries_count);
}

/* How many of the smallest segments, which stand last, join a new one of `entries_count`. */
static size_t count_to_merge(const struct rmv_index *index, uint64_t entries_count)
{
    size_t kept = index->segments_count;
    while (kept > 0 && (kept + 1 > RMV_INDEX_SEGMENTS_MAX ||
                        index->segments[kept - 1]->entries_count < MERGE_RATIO * entries_count)) {
        kept--;
        entries_count += index->segments[kept]->entries_count;
    }
    return index->segments_count - kept;
}

static const struct rmv_error *build(struct rmv_index *index,
                                     const struct rmv_segment_sources *sources,
                                     struct rmv_segment **segment)
{
    const struct rmv_error *err =
        rmv_segment_build(index->vfs, index->root, index->sync, sources, segment);
    if (!err)
        return NULL;
    /* Without a file the index still works for this process. */
    rmv_log_write(index->log, RMV_LOG_WARNING, "the pack index is not saved: %s", err->message);
    return rmv_segment_build(index->vfs, NULL, false, sources, segment);
}

static bool has_path(const struct rmv_segment *segment, const struct rmv_segment *other)
{
    return segment->path && other->path && strcmp(segment->path, other->path) == 0;
}

/* Covers the packs of these footers by a new segment that takes in older ones. A damaged one is
 * dropped instead: the packs it covered are then uncovered. */
static const struct rmv_error *add_footers(struct rmv_index *index,
                                           const struct rmv_pack_footer *footers, size_t count)
{
    uint64_t entries_count = 0;
    for (size_t i = 0; i < count; i++)
        entries_count += footers[i].records_count;
    if (index->segments_count > 1)
        qsort(index->segments, index->segments_count, sizeof(struct rmv_segment *),
              by_size_descending);
    size_t first = index->segments_count - count_to_merge(index, entries_count);
    for (size_t i = index->segments_count; i-- > first;)
        if (!rmv_segment_is_intact(index->segments[i]))
            remove_segment(index, i, true);

    const struct rmv_segment_sources sources = {
        .footers = footers,
        .footers_count = count,
        .segments = index->segments + first,
        .segments_count = index->segments_count - first,
    };
    struct rmv_segment *segment = NULL;
    const struct rmv_error *err = build(index, &sources, &segment);
    if (err)
        return err;
    while (index->segments_count > first) {
        const size_t last = index->segments_count - 1;
        remove_segment(index, last, !has_path(index->segments[last], segment));
    }
    add_segment(index, segment);
    resolve_all(index);
    return NULL;
}

/* ---- Covering what the segments leave out ---------------------------------------------------- */

/* Reads the footer of a pack into `*footer`, which stays empty for a pack that is gone or damaged.
 */
static const struct rmv_error *read_footer(struct rmv_index *index, struct rmv_pack *pack,
                                           struct rmv_pack_footer *footer)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    const struct rmv_error *err = rmv_vfs_open(index->vfs, pack->path, O_RDONLY, &file);
    if (!err)
        err = rmv_pack_read_footer(&file, footer);
    if (!err && rmv_object_id_equal(&footer->name, &pack->name))
        return NULL;

    rmv_pack_footer_free(footer);
    if (err && err->code == RMV_ERR_NOT_FOUND) {
        pack->is_present = false;
        return NULL;
    }
    if (err && err->code != RMV_ERR_CORRUPT)
        return err;
    pack->is_damaged = true;
    rmv_log_write(
        index->log, RMV_LOG_WARNING, "%s; its objects are missing, see rmv fsck",
        err ? err->message
            : rmv_error(RMV_ERR_CORRUPT, "pack '%s' has another pack's name", pack->path)->message);
    return NULL;
}

struct footers {
    struct rmv_pack_footer *items;
    size_t count;
    size_t capacity;
    size_t records_count;
};

static void footers_free(struct footers *footers)
{
    for (size_t i = 0; i < footers->count; i++)
        rmv_pack_footer_free(&footers->items[i]);
    free(footers->items);
    *footers = (struct footers){0};
}

static bool is_uncovered(const struct rmv_pack *pack)
{
    return pack->is_present && !pack->is_covered && !pack->is_damaged;
}

/* Reads footers of packs that no segment covers, as many as fit in memory at once. */
static const struct rmv_error *read_uncovered(struct rmv_index *index, struct footers *footers)
{
    for (size_t i = 0; i < index->packs.count; i++) {
        struct rmv_pack *pack = index->packs.items[i];
        if (!is_uncovered(pack))
            continue;
        struct rmv_pack_footer footer = {0};
        const struct rmv_error *err = read_footer(index, pack, &footer);
        if (err)
            return err;
        if (!footer.frame_offsets)
            continue;
        footers->items =
            rmv_grow(footers->items, footers->count, &footers->capacity, sizeof(*footers->items));
        footers->items[footers->count++] = footer;
        footers->records_count += footer.records_count;
        if (footers->records_count >= COVER_RECORDS_MAX)
            return NULL;
    }
    return NULL;
}

static const struct rmv_error *cover_packs(struct rmv_index *index)
{
    for (;;) {
        RMV_CLEANUP(footers_free) struct footers footers = {0};
        const struct rmv_error *err = read_uncovered(index, &footers);
        if (err || footers.count == 0)
            return err;
        err = add_footers(index, footers.items, footers.count);
        if (err)
            return err;
    }
}

/* ---- Following the folders ------------------------------------------------------------------- */

static const struct rmv_error *list_packs(struct rmv_index *index)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    const struct rmv_error *err = rmv_doomed_list(index->vfs, index->packs.folder, &names);
    if (err)
        return err;
    for (size_t i = 0; i < index->packs.count; i++)
        index->packs.items[i]->is_present = false;
    for (size_t i = 0; i < names.count; i++) {
        struct rmv_object_id name;
        if (rmv_pack_is_file_name(names.items[i], &name))
            rmv_packs_add(&index->packs, &name)->is_present = true;
    }
    return NULL;
}

static bool is_loaded(const struct rmv_index *index, const char *path)
{
    for (size_t i = 0; i < index->segments_count; i++)
        if (index->segments[i]->path && strcmp(index->segments[i]->path, path) == 0)
            return true;
    return false;
}

static void load_segment(struct rmv_index *index, const char *path)
{
    struct rmv_segment *segment = NULL;
    const struct rmv_error *err = rmv_segment_open(index->vfs, path, &segment);
    if (!err) {
        add_segment(index, segment);
        return;
    }
    if (err->code != RMV_ERR_CORRUPT)
        return; /* merged away meanwhile, or of a newer rmv that can look after it */
    rmv_log_write(index->log, RMV_LOG_WARNING, "%s; it is made again from the packs", err->message);
    index->vfs->unlink(index->vfs->state, path);
}

/* Loads new segment files and drops those that were merged into others. */
static const struct rmv_error *list_segments(struct rmv_index *index)
{
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_str_format("%s/" RMV_SEGMENT_FOLDER, index->root);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings paths = {0};
    const struct rmv_error *err = rmv_vfs_list(index->vfs, folder, &names);
    if (err)
        return err;

    for (size_t i = 0; i < names.count; i++) {
        const char *suffix = strrchr(names.items[i], '.');
        if (suffix && strcmp(suffix, RMV_SEGMENT_SUFFIX) == 0)
            rmv_strings_take(&paths, rmv_str_format("%s/%s", folder, names.items[i]));
    }
    for (size_t i = index->segments_count; i-- > 0;)
        if (index->segments[i]->path && !rmv_strings_has(&paths, index->segments[i]->path))
            remove_segment(index, i, false);
    for (size_t i = 0; i < paths.count; i++)
        if (!is_loaded(index, paths.items[i]))
            load_segment(index, paths.items[i]);
    resolve_all(index);
    return NULL;
}

static bool is_current(const struct rmv_index *index, int64_t mtime_ns)
{
    return index->packs_mtime_ns == mtime_ns && index->listed_at_ns - mtime_ns > RACY_NS;
}

static const struct rmv_error *refresh_locked(struct rmv_index *index, int64_t mtime_ns)
{
    const int64_t now = rmv_time_now_ns();
    const struct rmv_error *err = list_packs(index);
    if (!err)
        err = list_segments(index);
    if (!err)
        err = cover_packs(index);
    if (err)
        return err;
    index->packs_mtime_ns = mtime_ns;
    index->listed_at_ns = now;
    return NULL;
}

const struct rmv_error *rmv_index_refresh(struct rmv_index *index)
{
    struct rmv_vfs_stat stat = {0};
    const struct rmv_error *err = rmv_vfs_stat(index->vfs, index->packs.folder, &stat);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err; /* nothing was ever stored */

    pthread_rwlock_rdlock(&index->lock);
    const bool current = is_current(index, stat.mtime_ns);
    pthread_rwlock_unlock(&index->lock);
    if (current)
        return NULL;

    pthread_rwlock_wrlock(&index->lock);
    err = is_current(index, stat.mtime_ns) ? NULL : refresh_locked(index, stat.mtime_ns);
    pthread_rwlock_unlock(&index->lock);
    return err;
}

const struct rmv_error *rmv_index_add(struct rmv_index *index,
                                      const struct rmv_pack_footer *footers, size_t count)
{
    pthread_rwlock_wrlock(&index->lock);
    for (size_t i = 0; i < count; i++)
        rmv_packs_add(&index->packs, &footers[i].name)->is_present = true;
    const struct rmv_error *err = add_footers(index, footers, count);
    if (!err)
        err = cover_packs(index);
    pthread_rwlock_unlock(&index->lock);
    return err;
}

/* All segments become one; nothing is left of packs that are gone. */
static const struct rmv_error *merge_all(struct rmv_index *index)
{
    const struct rmv_segment_sources sources = {.segments = index->segments,
                                                .segments_count = index->segments_count};
    struct rmv_segment *merged = NULL;
    if (index->segments_count == 0)
        return NULL;
    const struct rmv_error *err = build(index, &sources, &merged);
    if (err)
        return err;
    while (index->segments_count > 0) {
        const size_t last = index->segments_count - 1;
        remove_segment(index, last, !has_path(index->segments[last], merged));
    }
    add_segment(index, merged);
    resolve_all(index);
    return NULL;
}

const struct rmv_error *rmv_index_compact(struct rmv_index *index)
{
    size_t damaged_count = 0;
    pthread_rwlock_wrlock(&index->lock);
    const struct rmv_error *err = refresh_locked(index, -1);
    pthread_rwlock_unlock(&index->lock);
    if (!err)
        err = rmv_index_repair(index, &damaged_count);
    if (err)
        return err;
    pthread_rwlock_wrlock(&index->lock);
    err = merge_all(index);
    pthread_rwlock_unlock(&index->lock);
    return err;
}

const struct rmv_error *rmv_index_rebuild(struct rmv_index *index)
{
    pthread_rwlock_wrlock(&index->lock);
    while (index->segments_count > 0)
        remove_segment(index, index->segments_count - 1, true);
    for (size_t i = 0; i < index->packs.count; i++)
        index->packs.items[i]->is_damaged = false;
    const struct rmv_error *err = refresh_locked(index, -1);
    pthread_rwlock_unlock(&index->lock);
    return err;
}

const struct rmv_error *rmv_index_repair(struct rmv_index *index, size_t *damaged_count)
{
    size_t count = 0;
    pthread_rwlock_wrlock(&index->lock);
    for (size_t i = index->segments_count; i-- > 0;)
        if (!rmv_segment_is_intact(index->segments[i])) {
            remove_segment(index, i, true);
            count++;
        }
    resolve_all(index);
    const struct rmv_error *err = cover_packs(index);
    pthread_rwlock_unlock(&index->lock);
    *damaged_count = count;
    return err;
}
