/* Getting rid of damaged packs without giving up anything that is sound in them. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/lock.h"
#include "rmv/base/mem.h"
#include "rmv/base/path.h"
#include "store/batch.h"
#include "store/doomed.h"
#include "store/held.h"
#include "store/loose.h"
#include "store/store_internal.h"
#include "store/stored_list.h"
#include "store/temporary.h"
#include "store/unsynced.h"

#define TORN_FOLDER "torn"
#define LOCK_TIMEOUT_MS (60 * 1000)

struct damaged_pack {
    struct rmv_pack *pack;
    struct rmv_held held; /* in the order of frames */
    bool is_known;        /* the footer or the index says what is in it */
    bool has_footer;
};

struct repair {
    struct rmv_store *store;
    struct rmv_store_repair report;
    struct rmv_damage before;      /* what the check has found */
    struct rmv_id_set right_lists; /* hashes of what lead where it should */
    struct rmv_store_batch *batch;
    struct rmv_frame_encoder encoder;
};

static void repair_free(struct repair *repair)
{
    rmv_store_batch_close(&repair->batch);
    rmv_damage_free(&repair->before);
    rmv_id_set_free(&repair->right_lists);
    rmv_frame_encoder_free(&repair->encoder);
}

/* ---- What is in a damaged pack --------------------------------------------------------------- */

static bool hold_footer(struct repair *repair, struct damaged_pack *pack)
{
    RMV_CLEANUP(rmv_vfs_close) struct rmv_vfs_file file = RMV_VFS_FILE_EMPTY;
    RMV_CLEANUP(rmv_pack_footer_free) struct rmv_pack_footer footer = {0};
    if (rmv_vfs_open(repair->store->vfs, pack->pack->path, O_RDONLY, &file) ||
        rmv_pack_read_footer(&file, &footer))
        return false;
    rmv_held_add_footer(&pack->held, pack->pack, &footer);
    return true;
}

/* Neighbours share a frame, which is then read once; lists come after what they may name. */
static int by_place(const void *a, const void *b)
{
    const struct rmv_location *left = &((const struct rmv_held_object *)a)->location;
    const struct rmv_location *right = &((const struct rmv_held_object *)b)->location;
    if (left->representation != right->representation)
        return left->representation < right->representation ? -1 : 1;
    if (left->frame_offset != right->frame_offset)
        return left->frame_offset < right->frame_offset ? -1 : 1;
    return (left->offset > right->offset) - (left->offset < right->offset);
}

static void find_held(struct repair *repair, struct damaged_pack *pack)
{
    pack->has_footer = hold_footer(repair, pack);
    pack->is_known =
        pack->has_footer || rmv_held_add_indexed(&pack->held, &repair->store->index, pack->pack);
    if (pack->held.count > 1)
        qsort(pack->held.items, pack->held.count, sizeof(pack->held.items[0]), by_place);
}

/* ---- Moving what is sound -------------------------------------------------------------------- */

static struct rmv_object_id hash_list(const struct rmv_object_id *id,
                                      const struct rmv_object_view *view)
{
    struct rmv_sha256_state sum;
    struct rmv_object_id key;
    rmv_sha256_start(&sum);
    rmv_sha256_update(&sum, id->sha256, sizeof(id->sha256));
    rmv_sha256_update(&sum, view->bytes, view->size);
    rmv_sha256_finish(&sum, key.sha256);
    return key;
}

/* Does the chunk list at this place lead to the object? The check may have looked at a sample only.
 * All that a list leads to is read once, in however many packs it is. */
static bool is_right_list(struct repair *repair, const struct rmv_object_id *id,
                          const struct rmv_location *location)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    if (rmv_store_view_at(repair->store, id, location, NULL, &view))
        return false;
    const struct rmv_object_id key = hash_list(id, &view);
    if (rmv_id_set_has(&repair->right_lists, &key, RMV_REPRESENTATION_LIST))
        return true;
    if (!rmv_stored_list_is_right(repair->store, id, location))
        return false;
    rmv_id_set_add(&repair->right_lists, &key, RMV_REPRESENTATION_LIST);
    return true;
}

/* Is every piece of the list in a sound copy? */
static bool has_pieces(struct repair *repair, const struct rmv_object_view *view)
{
    RMV_CLEANUP(rmv_chunk_list_free) struct rmv_chunk_list list = {0};
    if (rmv_chunk_list_parse(view->bytes, view->size, &list))
        return false;
    for (size_t i = 0; i < list.count; i++)
        if (!rmv_batch_has(repair->batch, &list.entries[i].id))
            return false;
    return true;
}

static const struct rmv_error *move(struct repair *repair, const struct rmv_held_object *held)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    const struct rmv_location *location = &held->location;
    bool was_stored = false;
    const struct rmv_error *err =
        rmv_store_view_at(repair->store, &held->id, location, NULL, &view);
    if (err)
        return err->code == RMV_ERR_IO ? err : NULL;
    if (location->representation == RMV_REPRESENTATION_LIST &&
        (!has_pieces(repair, &view) || !is_right_list(repair, &held->id, location)))
        return NULL;
    const struct rmv_batch_item item = {
        .record = rmv_batch_record(&held->id, view.size, location->representation),
        .bytes = view.bytes,
    };
    struct rmv_frame_encoder *encoder = view.size > RMV_SMALL_OBJECT_MAX ? &repair->encoder : NULL;
    err = rmv_batch_put(repair->batch, &item, encoder, &was_stored);
    repair->report.objects_moved += !err && !was_stored;
    return err;
}

/* Nothing in the pack counts as stored any more, so that what is sound in it is stored again. */
static void distrust(struct repair *repair, const struct rmv_object_id *pack)
{
    const struct rmv_damage *known = &repair->store->damage;
    struct rmv_damage all = {0};
    for (size_t i = 0; i < known->count; i++)
        rmv_damage_add(&all, &known->items[i].pack, &known->items[i].id);
    rmv_damage_add(&all, pack, NULL);
    rmv_damage_sort(&all);
    rmv_store_set_damage(repair->store, &all);
}

static const struct rmv_error *salvage_pack(struct repair *repair, struct damaged_pack *pack)
{
    const struct rmv_error *err = NULL;
    distrust(repair, &pack->pack->name);
    find_held(repair, pack);
    for (size_t i = 0; !err && i < pack->held.count; i++)
        err = move(repair, &pack->held.items[i]);
    return err;
}

/* ---- Removing -------------------------------------------------------------------------------- */

/* Does this copy serve whatever the one that is held does? A delta may need a copy of a certain
 * depth, and is not served by a deeper one. */
static bool serves(const struct rmv_location *location, const struct rmv_location *held)
{
    if (held->representation == RMV_REPRESENTATION_LIST)
        return true;
    return location->representation == RMV_REPRESENTATION_WHOLE && location->depth <= held->depth;
}

static bool is_right(struct repair *repair, const struct rmv_object_id *id,
                     const struct rmv_location *location)
{
    RMV_CLEANUP(rmv_object_view_release) struct rmv_object_view view = {0};
    return location->representation == RMV_REPRESENTATION_LIST
               ? is_right_list(repair, id, location)
               : !rmv_store_view_at(repair->store, id, location, NULL, &view);
}

/* Is a sound copy in this representation, or of the whole bytes, in a pack that is not damaged? */
static bool is_elsewhere(struct repair *repair, const struct rmv_held_object *held)
{
    struct rmv_store *store = repair->store;
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&store->index, &held->id, n, &location); n++)
        if (serves(&location, &held->location) && location.pack != held->location.pack &&
            rmv_store_is_sound(store, &held->id, &location) &&
            is_right(repair, &held->id, &location))
            return true;
    return false;
}

static bool is_superfluous(struct repair *repair, const struct damaged_pack *pack)
{
    for (size_t i = 0; i < pack->held.count; i++)
        if (!is_elsewhere(repair, &pack->held.items[i]))
            return false;
    return true;
}

static const struct rmv_error *set_aside(struct repair *repair, const struct rmv_pack *pack)
{
    struct rmv_store *store = repair->store;
    RMV_CLEANUP(rmv_str_free) char *folder = rmv_path_join(store->root, TORN_FOLDER);
    RMV_CLEANUP(rmv_str_free) char *file_name = rmv_pack_file_name(&pack->name);
    RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(folder, file_name);
    const struct rmv_error *err = rmv_vfs_mkdir(store->vfs, folder);
    if (!err)
        err = rmv_vfs_sync_folder(store->vfs, store->root);
    if (!err)
        err = rmv_vfs_rename(store->vfs, pack->path, path);
    if (!err)
        err = rmv_vfs_sync_folder(store->vfs, folder);
    if (!err)
        err = rmv_vfs_sync_folder(store->vfs, store->index.packs.folder);
    repair->report.packs_set_aside += !err;
    return err;
}

/* ---- Loose objects --------------------------------------------------------------------------- */

static bool is_damaged_variant(struct rmv_store *store, const struct rmv_object_id *id,
                               bool is_executable)
{
    const struct rmv_error *err = rmv_store_check_loose(store, id, is_executable);
    return err && err->code != RMV_ERR_NOT_FOUND;
}

/* Makes a file anew of what is sound elsewhere. Links to its name lead to the new one; a hard link
 * keeps what was written through it. */
static const struct rmv_error *mend_variant(struct repair *repair, const struct rmv_object_id *id,
                                            bool is_executable)
{
    struct rmv_store *store = repair->store;
    if (!is_damaged_variant(store, id, is_executable) ||
        (!rmv_store_is_in_packs(store, id) && !rmv_store_is_loose(store, id)))
        return NULL;
    const struct rmv_error *err = rmv_store_batch_put_loose(repair->batch, id, is_executable);
    repair->report.loose_mended += !err;
    return err && err->code == RMV_ERR_IO ? err : NULL;
}

static const struct rmv_error *mend_loose(struct repair *repair)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < repair->before.count; i++) {
        const struct rmv_damage_item *item = &repair->before.items[i];
        if (!rmv_object_id_equal(&item->pack, &rmv_loose_pack))
            continue;
        err = mend_variant(repair, &item->id, false);
        if (!err)
            err = mend_variant(repair, &item->id, true);
    }
    return err;
}

static bool is_left(const struct repair *repair, const struct rmv_damage_item *item)
{
    struct rmv_store *store = repair->store;
    if (rmv_object_id_equal(&item->pack, &rmv_loose_pack))
        return is_damaged_variant(store, &item->id, false) ||
               is_damaged_variant(store, &item->id, true);
    const struct rmv_pack *pack = rmv_packs_find(&store->index.packs, &item->pack);
    return pack && pack->is_present;
}

/* What is still known to be damaged: nothing of packs that are gone. */
static const struct rmv_error *write_damage(struct repair *repair)
{
    struct rmv_store *store = repair->store;
    struct rmv_damage left = {0};
    const struct rmv_error *err = rmv_index_refresh(&store->index);
    for (size_t i = 0; !err && i < repair->before.count; i++) {
        const struct rmv_damage_item *item = &repair->before.items[i];
        if (is_left(repair, item))
            rmv_damage_add(&left, &item->pack, &item->id);
    }
    if (!err)
        err = rmv_damage_write(store->vfs, store->root, store->sync, &left);
    rmv_store_set_damage(store, &left);
    return err;
}

static const struct rmv_error *remove_packs(struct repair *repair, struct damaged_pack *packs,
                                            size_t count)
{
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings doomed = {0};
    struct rmv_store *store = repair->store;
    const char *folder = store->index.packs.folder;
    bool is_index_needed = false;
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < count; i++) {
        if (!packs[i].is_known) {
            err = set_aside(repair, packs[i].pack);
        } else if (is_superfluous(repair, &packs[i])) {
            rmv_strings_take(&doomed, rmv_pack_file_name(&packs[i].pack->name));
        } else {
            repair->report.packs_kept++;
            is_index_needed = is_index_needed || !packs[i].has_footer;
        }
    }
    repair->report.packs_removed = doomed.count;
    if (!err && doomed.count > 0)
        err = rmv_doomed_write(store->vfs, store->root, store->sync, &doomed);
    if (!err && doomed.count > 0)
        err = rmv_doomed_finish(store->vfs, folder, store->sync);
    if (!err)
        err = write_damage(repair);
    return err || is_index_needed ? err : rmv_index_rebuild(&store->index);
}

/* ---- All of it ------------------------------------------------------------------------------- */

static uint64_t count_leftovers(const struct rmv_store *store)
{
    static const char *const names[] = {"unsynced", RMV_PACK_FOLDER "/" RMV_DOOMED_FILE};
    RMV_CLEANUP(rmv_str_free)
    char *folder = rmv_path_join(store->root, RMV_TEMPORARY_FOLDER);
    RMV_CLEANUP(rmv_strings_free) struct rmv_strings temporary = {0};
    struct rmv_vfs_stat stat;
    uint64_t count = rmv_vfs_list(store->vfs, folder, &temporary) ? 0 : temporary.count;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        RMV_CLEANUP(rmv_str_free) char *path = rmv_path_join(store->root, names[i]);
        count += store->vfs->stat(store->vfs->state, path, &stat) == 0;
    }
    return count;
}

/* The packs that something is wrong with; the caller frees them. */
static struct damaged_pack *list_damaged(const struct repair *repair, size_t *count)
{
    const struct rmv_damage *damage = &repair->before;
    struct damaged_pack *packs = rmv_calloc(damage->count + 1, sizeof(*packs));
    *count = 0;
    for (size_t i = 0; i < damage->count; i++) {
        struct rmv_pack *pack = rmv_packs_find(&repair->store->index.packs, &damage->items[i].pack);
        const bool is_listed = *count > 0 && packs[*count - 1].pack == pack;
        if (pack && pack->is_present && !is_listed)
            packs[(*count)++].pack = pack;
    }
    return packs;
}

/* First everything sound is durable in new packs; then, with writers kept out, packs go. */
static const struct rmv_error *repair_packs(struct repair *repair, struct damaged_pack *packs,
                                            size_t count)
{
    struct rmv_store *store = repair->store;
    RMV_CLEANUP(rmv_lock_release) struct rmv_lock lock = RMV_LOCK_EMPTY;
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/" RMV_STORE_LOCK_FILE, store->root);
    const struct rmv_error *err = NULL;
    for (size_t i = 0; !err && i < count; i++)
        err = salvage_pack(repair, &packs[i]);
    if (!err)
        err = mend_loose(repair);
    if (!err)
        err = rmv_store_batch_commit(repair->batch);
    rmv_store_batch_close(&repair->batch);
    if (!err)
        err = rmv_lock_take(path, true, LOCK_TIMEOUT_MS, &lock);
    if (!err)
        err = rmv_index_refresh(&store->index);
    return err ? err : remove_packs(repair, packs, count);
}

const struct rmv_error *rmv_store_repair(struct rmv_store *store, struct rmv_store_repair *report)
{
    RMV_CLEANUP(repair_free) struct repair repair = {.store = store};
    size_t count = 0;
    const uint64_t leftovers_before = count_leftovers(store);
    repair.encoder.level = store->compression_level;
    const struct rmv_error *err = rmv_store_batch_open(store, &repair.batch);
    if (err)
        return err;
    const uint64_t leftovers_after = count_leftovers(store);
    if (leftovers_after < leftovers_before)
        repair.report.leftovers = leftovers_before - leftovers_after;
    for (size_t i = 0; i < store->damage.count; i++)
        rmv_damage_add(&repair.before, &store->damage.items[i].pack, &store->damage.items[i].id);
    struct damaged_pack *packs = list_damaged(&repair, &count);
    err = repair_packs(&repair, packs, count);
    for (size_t i = 0; i < count; i++)
        rmv_held_free(&packs[i].held);
    free(packs);
    if (err)
        return rmv_error_context(err, "cannot repair the store '%s'", store->root);
    *report = repair.report;
    return NULL;
}
