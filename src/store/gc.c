/* Garbage collection. The footers say what there is, never the index: it could be damaged. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "store/delta_format.h"
#include "store/doomed.h"
#include "store/gc_loose.h"
#include "store/gc_packs.h"
#include "store/held.h"
#include "store/salvage.h"

#define LOCK_TIMEOUT_MS (60 * 1000)
#define REWRITE_BYTES_MIN ((uint64_t)1 << 20)

const struct rmv_error *rmv_store_gc_open(struct rmv_store *store,
                                          const struct rmv_store_gc_options *options,
                                          struct rmv_store_gc **gc)
{
    const struct rmv_error *err = rmv_index_refresh(&store->index);
    if (err)
        return err;
    *gc = rmv_calloc(1, sizeof(**gc));
    (*gc)->store = store;
    (*gc)->options = *options;
    (*gc)->lock = (struct rmv_lock)RMV_LOCK_EMPTY;
    rmv_store_read_lost(store, &(*gc)->lost);
    return NULL;
}

void rmv_store_gc_close(struct rmv_store_gc **gc)
{
    if (!*gc)
        return;
    rmv_lock_release(&(*gc)->lock);
    rmv_id_set_free(&(*gc)->seen);
    rmv_id_set_free(&(*gc)->live);
    rmv_id_set_free(&(*gc)->lost);
    free((*gc)->packs);
    free(*gc);
    *gc = NULL;
}

bool rmv_store_gc_keep(struct rmv_store_gc *gc, const struct rmv_object_id *id,
                       enum rmv_store_gc_kind kind)
{
    const size_t count = gc->seen.count;
    rmv_id_set_add(&gc->seen, id, (enum rmv_representation)kind);
    return gc->seen.count > count;
}

const struct rmv_error *rmv_store_gc_lock(struct rmv_store_gc *gc)
{
    struct rmv_store *store = gc->store;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/" RMV_STORE_LOCK_FILE, store->root);

    if (gc->options.dry_run || gc->lock.fd >= 0)
        return NULL;
    const struct rmv_error *err = rmv_lock_take(path, true, LOCK_TIMEOUT_MS, &gc->lock);
    if (!err && rmv_doomed_is_there(store->vfs, store->index.packs.folder))
        err = rmv_doomed_finish(store->vfs, store->index.packs.folder, store->sync);
    if (err)
        return err;
    rmv_store_refresh_damage(store);
    err = rmv_index_refresh(&store->index);
    /* What a process left that died, another gc perhaps: with everybody locked out, nobody lives
     * who writes there. */
    return err ? err : rmv_salvage(store);
}

/* ---- What is there --------------------------------------------------------------------------- */

static const struct rmv_error *add_pack(struct rmv_store_gc *gc, const struct rmv_object_id *name)
{
    struct rmv_store *store = gc->store;
    struct rmv_vfs_stat stat;

    pthread_rwlock_rdlock(&store->index.lock);
    struct rmv_pack *pack = rmv_packs_find(&store->index.packs, name);
    pthread_rwlock_unlock(&store->index.lock);
    if (!pack)
        return NULL; /* a dry run locks nobody out: it is newer than our look at the folder */
    const struct rmv_error *err = rmv_vfs_stat(store->vfs, pack->path, &stat);
    if (err)
        return err->code == RMV_ERR_NOT_FOUND ? NULL : err;
    gc->packs = rmv_grow(gc->packs, gc->count, &gc->capacity, sizeof(gc->packs[0]));
    gc->packs[gc->count++] = (struct rmv_gc_pack){
        .pack = pack,
        .size = stat.size,
        .is_young =
            gc->options.grace_ns > 0 && rmv_time_now_ns() - stat.mtime_ns < gc->options.grace_ns,
    };
    return NULL;
}

static const struct rmv_error *list_packs(struct rmv_store_gc *gc)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings names = {0};
    struct rmv_store *store = gc->store;

    const struct rmv_error *err = rmv_index_refresh(&store->index);
    if (!err)
        err = rmv_doomed_list(store->vfs, store->index.packs.folder, &names);
    for (size_t i = 0; !err && i < names.count; i++) {
        struct rmv_object_id name;
        if (rmv_pack_is_file_name(names.items[i], &name))
            err = add_pack(gc, &name);
    }
    return err;
}

/* ---- What is live ---------------------------------------------------------------------------- */

static void make_live(struct rmv_store_gc *gc, const struct rmv_object_id *id,
                      enum rmv_representation representation)
{
    const size_t count = gc->live.count;
    rmv_id_set_add(&gc->live, id, representation);
    gc->has_changed = gc->has_changed || gc->live.count > count;
}

static const struct rmv_error *keep_entries(struct rmv_store_gc *gc, const char *bytes, size_t size,
                                            struct rmv_chunk_list *list)
{
    const struct rmv_error *err = rmv_chunk_list_parse(bytes, size, list);
    for (size_t i = 0; !err && i < list->count; i++)
        make_live(gc, &list->entries[i].id, RMV_REPRESENTATION_WHOLE);
    return err;
}

/* Makes live what a chunk list is put together from. */
static const struct rmv_error *keep_chunks(struct rmv_store_gc *gc,
                                           const struct rmv_location *location)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};

    const struct rmv_error *err = rmv_object_reader_view(&gc->store->reader, location, &view);
    if (!err)
        err = keep_entries(gc, view.bytes, view.size, &list);
    for (size_t i = 0; !err && list.level > 0 && i < list.count; i++) {
        RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view part_view = {0};
        RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list part = {0};
        err = rmv_store_view(gc->store, &list.entries[i].id, RMV_REPRESENTATION_WHOLE, NULL,
                             &part_view);
        if (!err)
            err = keep_entries(gc, part_view.bytes, part_view.size, &part);
    }
    return err;
}

/* Makes live what a delta cannot be read without. */
static const struct rmv_error *keep_bases(struct rmv_store_gc *gc,
                                          const struct rmv_location *location)
{
    char head[RMV_DELTA_HEAD_MAX];
    struct rmv_delta_bases bases = {0};
    size_t end = 0;
    const size_t size = location->stored_size < sizeof(head) ? location->stored_size : sizeof(head);
    const struct rmv_error *err =
        rmv_packs_read(&gc->store->index.packs, location->pack, location->frame_offset, head, size);
    if (!err)
        err = rmv_delta_parse(head, size, &bases, &end);
    for (size_t i = 0; i < bases.count; i++)
        make_live(gc, &bases.items[i].id, RMV_REPRESENTATION_WHOLE);
    return err;
}

/* Is there a copy that can be read? */
static bool is_readable(struct rmv_store_gc *gc, const struct rmv_object_id *id,
                        enum rmv_representation representation)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    return !rmv_store_view(gc->store, id, representation, NULL, &view);
}

/* Has the user accepted that it is lost? */
static bool is_lost(const struct rmv_store_gc *gc, const struct rmv_object_id *id)
{
    return rmv_id_set_has(&gc->lost, id, RMV_REPRESENTATION_WHOLE);
}

/* Makes live what this copy of an object cannot be read without. Where that is not known, and the
 * object is in use, nothing may go: unless there is another copy, which is followed as well. */
static const struct rmv_error *follow_record(struct rmv_store_gc *gc,
                                             const struct rmv_object_id *id,
                                             const struct rmv_location *location)
{
    const enum rmv_representation representation = location->representation;
    const struct rmv_error *err =
        location->depth > 0 ? keep_bases(gc, location) : keep_chunks(gc, location);
    if (!err || err->code == RMV_ERR_IO)
        return err;
    struct rmv_error *cause = rmv_error_take(err);
    if (!rmv_id_set_has(&gc->live, id, representation) || is_lost(gc, id) ||
        is_readable(gc, id, representation)) {
        rmv_error_free(&cause);
        return NULL;
    }
    char hex[RMV_OBJECT_ID_HEX_SIZE];
    rmv_object_id_to_hex(id, hex);
    return rmv_error_hint(
        rmv_error_context(rmv_error_raise(&cause), "object %s, which is in use, is damaged", hex),
        "`rmv fsck --repair` mends it, or says what is lost");
}

/* Follows what a pack holds: lists and deltas that are in use, and, in a pack that stays as it is,
 * all. A list without its chunks, or a delta without its bases, would pass for a stored object. */
static const struct rmv_error *follow_held(struct rmv_store_gc *gc, const struct rmv_gc_pack *pack,
                                           const struct rmv_held_object *held)
{
    const struct rmv_location *location = &held->location;
    const bool needs_others =
        location->representation == RMV_REPRESENTATION_LIST || location->depth > 0;
    const bool is_wanted = pack->fate == RMV_FATE_KEEP ||
                           rmv_id_set_has(&gc->live, &held->id, location->representation);
    return needs_others && is_wanted ? follow_record(gc, &held->id, location) : NULL;
}

static const struct rmv_error *follow(struct rmv_store_gc *gc, const struct rmv_gc_pack *pack,
                                      const struct rmv_gc_opened *opened)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < opened->footer.records_count; i++) {
        const struct rmv_held_object held =
            rmv_held_object_of(pack->pack, &opened->footer, &opened->footer.records[i]);
        err = follow_held(gc, pack, &held);
    }
    return err;
}

static enum rmv_gc_fate fate_of(const struct rmv_store_gc *gc, const struct rmv_gc_pack *pack)
{
    if (pack->is_young || pack->is_damaged)
        return RMV_FATE_KEEP;
    if (pack->live_count == 0)
        return RMV_FATE_REMOVE;
    if (gc->options.repack)
        return pack->dead_bytes > 0 ? RMV_FATE_REWRITE : RMV_FATE_KEEP;
    const bool is_worth_it =
        pack->dead_bytes > REWRITE_BYTES_MIN && pack->dead_bytes > pack->size / 2;
    return is_worth_it ? RMV_FATE_REWRITE : RMV_FATE_KEEP;
}

/* Can the object be read in a pack that nothing is known to be wrong with? That pack stays or is
 * written anew, since the object is in use: two damaged packs must not rely on each other. Deltas
 * that need a copy of some depth are not served by a deeper one. */
static bool is_elsewhere(struct rmv_store_gc *gc, const struct rmv_held_object *held)
{
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&gc->store->index, &held->id, n, &location); n++) {
        RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
        if (location.pack != held->location.pack &&
            location.representation == held->location.representation &&
            location.depth <= held->location.depth &&
            !rmv_store_has_damage(gc->store, &location.pack->name) &&
            !rmv_store_view_at(gc->store, &held->id, &location, NULL, &view))
            return true;
    }
    return false;
}

/* Is it lost, and this copy of no use either? */
static bool is_lost_here(struct rmv_store_gc *gc, const struct rmv_held_object *held)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    if (!is_lost(gc, &held->id))
        return false;
    const struct rmv_error *err =
        rmv_store_view_at(gc->store, &held->id, &held->location, NULL, &view);
    return err && err->code == RMV_ERR_CORRUPT;
}

/* Would something in use be lost with a damaged pack that holds these? */
static bool is_needed(struct rmv_store_gc *gc, const struct rmv_held *held)
{
    for (size_t i = 0; i < held->count; i++) {
        const struct rmv_held_object *object = &held->items[i];
        if (rmv_id_set_has(&gc->live, &object->id, object->location.representation) &&
            !is_elsewhere(gc, object) && !is_lost_here(gc, object))
            return true;
    }
    return false;
}

/* A pack whose footer is damaged: what the index knows of it can still be read. It goes only after
 * a check has found it, when no other pack relies on it any more. */
static const struct rmv_error *examine_indexed(struct rmv_store_gc *gc, struct rmv_gc_pack *pack)
{
    RMV_CLEANUP(rmv_held_free) struct rmv_held held = {0};
    const bool is_known = rmv_held_add_indexed(&held, &gc->store->index, pack->pack) &&
                          rmv_store_has_damage(gc->store, &pack->pack->name);
    const struct rmv_error *err = NULL;
    pack->is_damaged = true;
    pack->fate =
        is_known && !pack->is_young && !is_needed(gc, &held) ? RMV_FATE_REMOVE : RMV_FATE_KEEP;
    for (size_t i = 0; !err && i < held.count; i++)
        err = follow_held(gc, pack, &held.items[i]);
    return err;
}

static const struct rmv_error *examine(struct rmv_store_gc *gc, struct rmv_gc_pack *pack)
{
    RMV_CLEANUP(rmv_gc_opened_free) struct rmv_gc_opened opened = {.file = RMV_VFS_FILE_EMPTY};
    RMV_CLEANUP(rmv_held_free) struct rmv_held held = {0};

    const struct rmv_error *err = rmv_gc_open_pack(gc, pack, &opened);
    if (err && err->code == RMV_ERR_CORRUPT)
        return examine_indexed(gc, pack);
    if (err)
        return err;
    rmv_gc_count_live(gc, pack, &opened);
    /* A damaged copy that moved would no longer be known as damaged, and putting it would not mend
     * it: such packs stay as they are. */
    pack->kind = opened.footer.kind;
    pack->is_damaged = rmv_store_has_damage(gc->store, &pack->pack->name);
    pack->fate = fate_of(gc, pack);
    if (pack->is_damaged)
        rmv_held_add_footer(&held, pack->pack, &opened.footer);
    if (pack->is_damaged && !pack->is_young && !is_needed(gc, &held))
        pack->fate = RMV_FATE_REMOVE;
    return follow(gc, pack, &opened);
}

/* Lists make chunks live and deltas their bases, which make packs stay, whose lists and deltas make
 * more live: until it settles. */
static const struct rmv_error *settle(struct rmv_store_gc *gc)
{
    const struct rmv_error *err = list_packs(gc);
    for (size_t i = 0; i < gc->seen.count; i++) {
        make_live(gc, &gc->seen.items[i].id, RMV_REPRESENTATION_WHOLE);
        make_live(gc, &gc->seen.items[i].id, RMV_REPRESENTATION_LIST);
    }
    gc->has_changed = true;
    while (!err && gc->has_changed) {
        gc->has_changed = false;
        for (size_t i = 0; !err && i < gc->count; i++)
            err = examine(gc, &gc->packs[i]);
    }
    return err;
}

/* ---- Removing -------------------------------------------------------------------------------- */

/* What was written anew may have the name of a pack that it was written from, if a gc that was
 * interrupted had come as far. */
static void doom(const struct rmv_store_gc *gc, const struct rmv_strings *written,
                 struct rmv_strings *doomed)
{
    for (size_t i = 0; i < gc->count; i++) {
        RMV_CLEANUP(rmv_str_free) char *name = rmv_pack_file_name(&gc->packs[i].pack->name);
        if (gc->packs[i].fate != RMV_FATE_KEEP && !rmv_strings_has(written, name))
            rmv_strings_add(doomed, name);
    }
}

static const struct rmv_error *sweep(struct rmv_store_gc *gc)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings written = {0};
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings doomed = {0};
    struct rmv_store *store = gc->store;

    const struct rmv_error *err = rmv_gc_rewrite(gc, &written);
    if (err)
        return err;
    doom(gc, &written, &doomed);
    if (doomed.count == 0)
        return NULL;
    err = rmv_doomed_write(store->vfs, store->root, store->sync, &doomed);
    if (!err)
        err = rmv_doomed_finish(store->vfs, store->index.packs.folder, store->sync);
    return err ? err : rmv_index_compact(&store->index);
}

static void sum_up(const struct rmv_store_gc *gc, struct rmv_store_gc_report *report)
{
    *report = (struct rmv_store_gc_report){0};
    for (size_t i = 0; i < gc->count; i++) {
        const struct rmv_gc_pack *pack = &gc->packs[i];
        const uint64_t freed = pack->fate == RMV_FATE_REMOVE ? pack->size
                               : pack->fate == RMV_FATE_KEEP ? 0
                                                             : pack->dead_bytes;
        report->packs_removed += pack->fate == RMV_FATE_REMOVE;
        report->packs_rewritten += pack->fate == RMV_FATE_REWRITE;
        report->packs_merged += pack->fate == RMV_FATE_MERGE;
        report->packs_kept += pack->fate == RMV_FATE_KEEP;
        report->packs_young += pack->is_young;
        report->objects_freed += pack->fate == RMV_FATE_KEEP ? 0 : pack->dead_count;
        report->objects_kept +=
            pack->live_count + (pack->fate == RMV_FATE_KEEP ? pack->dead_count : 0);
        report->bytes_freed += freed;
        report->bytes_kept += pack->size - freed;
    }
}

const struct rmv_error *rmv_store_gc_run(struct rmv_store_gc *gc,
                                         struct rmv_store_gc_report *report)
{
    struct rmv_store_gc_report found;
    size_t damaged_count = 0;
    const struct rmv_error *err = rmv_index_refresh(&gc->store->index);
    if (!err && !gc->options.dry_run)
        err = rmv_index_repair(&gc->store->index, &damaged_count);
    if (!err)
        err = settle(gc);
    if (!err)
        rmv_gc_choose_merges(gc);
    if (!err && !gc->options.dry_run)
        err = sweep(gc);
    if (!err) {
        sum_up(gc, &found);
        err = rmv_gc_loose(gc->store, &gc->live, &gc->options, &found);
    }
    if (err)
        return rmv_error_context(err, "cannot collect garbage in '%s'", gc->store->root);
    *report = found;
    return NULL;
}
