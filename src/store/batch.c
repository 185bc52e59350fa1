#include "store/batch.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
#include "store/batch_frames.h"
#include "store/doomed.h"
#include "store/salvage.h"
#include "store/unsynced.h"

#define LOCK_TIMEOUT_MS (10 * 60 * 1000)

/* ---- Opening and closing --------------------------------------------------------------------- */

static void init_batch(struct rmv_store_batch *batch, struct rmv_store *store)
{
    static atomic_uint_least64_t numbers;

    batch->store = store;
    batch->number = atomic_fetch_add(&numbers, 1) + 1;
    batch->lock = (struct rmv_lock)RMV_LOCK_EMPTY;
    batch->slots_count = store->threads;
    batch->slots = rmv_calloc(batch->slots_count, sizeof(*batch->slots));
    for (size_t i = 0; i < batch->slots_count; i++) {
        pthread_mutex_init(&batch->slots[i].lock, NULL);
        batch->slots[i].encoder.level = store->compression_level;
    }
    pthread_mutex_init(&batch->pending_lock, NULL);
    pthread_mutex_init(&batch->writer_lock, NULL);
    /* Many puts must not keep a full pack from being finished. */
    pthread_rwlockattr_t attributes;
    pthread_rwlockattr_init(&attributes);
    pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&batch->gate, &attributes);
    pthread_rwlockattr_destroy(&attributes);
    for (uint32_t kind = 0; kind < RMV_PACK_KINDS_COUNT; kind++) {
        rmv_pack_writer_init(&batch->writers[kind], store, true);
        batch->writers[kind].kind = kind;
    }
    rmv_delta_coders_init(&batch->coders);
    rmv_workers_init(&batch->workers, batch, store->threads);
    rmv_loose_writer_init(&batch->loose, store);
}

static void free_slot(struct rmv_batch_slot *slot)
{
    for (size_t i = 0; i < RMV_FRAME_GROUPS; i++) {
        rmv_buf_free(&slot->frames[i].content);
        free(slot->frames[i].records);
    }
    rmv_frame_encoder_free(&slot->encoder);
    pthread_mutex_destroy(&slot->lock);
}

static void free_context(struct rmv_file_context *context)
{
    rmv_frame_encoder_free(&context->encoder);
    for (size_t i = 0; i < RMV_WINDOWS_MAX; i++)
        rmv_buf_free(&context->windows[i].bytes);
    rmv_buf_free(&context->rest);
    free(context);
}

static void free_batch(struct rmv_store_batch *batch)
{
    rmv_workers_free(&batch->workers);
    rmv_loose_writer_free(&batch->loose);
    for (size_t kind = 0; kind < RMV_PACK_KINDS_COUNT; kind++)
        rmv_pack_writer_discard(&batch->writers[kind]);
    rmv_delta_coders_free(&batch->coders);
    for (size_t i = 0; i < batch->slots_count; i++)
        free_slot(&batch->slots[i]);
    free(batch->slots);
    while (batch->idle) {
        struct rmv_file_context *context = batch->idle;
        batch->idle = context->next;
        free_context(context);
    }
    rmv_id_set_free(&batch->pending);
    struct rmv_error *failure = atomic_load(&batch->failure);
    rmv_error_free(&failure);
    rmv_lock_release(&batch->lock);
    pthread_mutex_destroy(&batch->pending_lock);
    pthread_mutex_destroy(&batch->writer_lock);
    pthread_rwlock_destroy(&batch->gate);
    free(batch);
}

/* Makes durable what others left and this batch may rely on. Whoever created the folders may have
 * died before their names were durable; with a pack in them they are, since this comes first. */
static const struct rmv_error *settle(struct rmv_store *store)
{
    const struct rmv_error *err = rmv_unsynced_check(store);
    if (err || !store->sync)
        return err;
    err = rmv_unsynced_settle(store->vfs, store->root);
    if (err || store->index.packs.count > 0)
        return err;
    return rmv_vfs_sync_folder(store->vfs, store->root);
}

/* Takes the shared lock. What an interrupted gc was removing goes first, under the exclusive one.
 */
static const struct rmv_error *take_lock(struct rmv_store *store, const char *path,
                                         struct rmv_lock *lock)
{
    const char *packs = store->index.packs.folder;
    for (;;) {
        const struct rmv_error *err = rmv_lock_take(path, false, LOCK_TIMEOUT_MS, lock);
        if (err || !rmv_doomed_is_there(store->vfs, packs))
            return err;
        rmv_lock_release(lock);
        err = rmv_lock_take(path, true, LOCK_TIMEOUT_MS, lock);
        if (!err)
            err = rmv_doomed_finish(store->vfs, packs, store->sync);
        rmv_lock_release(lock);
        if (err)
            return err;
    }
}

const struct rmv_error *rmv_store_batch_open(struct rmv_store *store,
                                             struct rmv_store_batch **batch)
{
    struct rmv_store_batch *opened = rmv_calloc(1, sizeof(*opened));
    RMV_CLEANUP(rmv_str_free) char *path = rmv_str_format("%s/" RMV_STORE_LOCK_FILE, store->root);

    init_batch(opened, store);
    const struct rmv_error *err = take_lock(store, path, &opened->lock);
    if (!err)
        err = settle(store);
    if (!err)
        err = rmv_salvage(store);
    if (!err)
        err = rmv_index_refresh(&store->index);
    if (!err)
        rmv_store_refresh_damage(store);
    if (err) {
        free_batch(opened);
        return rmv_error_context(err, "cannot write to the store '%s'", store->root);
    }
    *batch = opened;
    return NULL;
}

/* ---- What is stored already ------------------------------------------------------------------ */

struct rmv_pack_record rmv_batch_record(const struct rmv_object_id *id, size_t size,
                                        enum rmv_representation representation)
{
    return (struct rmv_pack_record){
        .id = *id, .size = (uint32_t)size, .representation = (uint8_t)representation};
}

/* gc spares young packs: one that is relied on again becomes young in time, seen to once per batch.
 * Where that fails, the lock that the batch holds still keeps gc away until all is published. */
static void keep_young(struct rmv_store_batch *batch, struct rmv_pack *pack)
{
    const struct rmv_vfs *vfs = batch->store->vfs;
    struct rmv_vfs_stat stat;

    if (atomic_exchange(&pack->touched_by, batch->number) == batch->number)
        return;
    if (vfs->stat(vfs->state, pack->path, &stat) == 0 &&
        rmv_time_now_ns() - stat.mtime_ns > RMV_STORE_GRACE_NS / 2 &&
        vfs->touch(vfs->state, pack->path) < 0)
        rmv_log_write(batch->store->log, RMV_LOG_DEBUG, "cannot touch '%s'", pack->path);
}

/* Whole bytes that are only there as a list do not count: a chunk must be whole. Nor does a copy
 * that is damaged: whoever puts the object has what it takes to mend the store. */
static bool is_indexed(struct rmv_store_batch *batch, const struct rmv_object_id *id,
                       enum rmv_representation representation)
{
    struct rmv_location location;
    for (size_t n = 0; rmv_index_find(&batch->store->index, id, n, &location); n++)
        if ((location.representation == RMV_REPRESENTATION_WHOLE ||
             location.representation == representation) &&
            rmv_store_is_sound(batch->store, id, &location)) {
            keep_young(batch, location.pack);
            return true;
        }
    return false;
}

bool rmv_batch_has(struct rmv_store_batch *batch, const struct rmv_object_id *id)
{
    pthread_mutex_lock(&batch->pending_lock);
    const bool is_pending = rmv_id_set_has(&batch->pending, id, RMV_REPRESENTATION_WHOLE);
    pthread_mutex_unlock(&batch->pending_lock);
    return is_pending || is_indexed(batch, id, RMV_REPRESENTATION_WHOLE);
}

/* Leaves those items, in their order, that nobody has stored or claimed: they are the caller's to
 * store. Returns how many. */
static size_t claim(struct rmv_store_batch *batch, struct rmv_batch_item *items, size_t count)
{
    size_t unknown_count = 0, new_count = 0;
    for (size_t i = 0; i < count; i++)
        if (!is_indexed(batch, &items[i].record.id, items[i].record.representation))
            items[unknown_count++] = items[i];
    pthread_mutex_lock(&batch->pending_lock);
    for (size_t i = 0; i < unknown_count; i++)
        if (rmv_id_set_add(&batch->pending, &items[i].record.id, items[i].record.representation))
            items[new_count++] = items[i];
    pthread_mutex_unlock(&batch->pending_lock);
    return new_count;
}

/* Whatever was claimed and not written makes the batch lie: after a failure nothing is accepted. */
static const struct rmv_error *fail(struct rmv_store_batch *batch, const struct rmv_error *err)
{
    struct rmv_error *none = NULL;
    struct rmv_error *failure = rmv_error_take(err);
    if (!atomic_compare_exchange_strong(&batch->failure, &none, failure))
        rmv_error_free(&failure);
    return err;
}

static const struct rmv_error *failure_of(struct rmv_store_batch *batch)
{
    const struct rmv_error *failure = atomic_load(&batch->failure);
    return failure ? rmv_error(failure->code, "%s", failure->message) : NULL;
}

/* ---- Finishing packs ------------------------------------------------------------------------- */

struct finished {
    struct rmv_pack_footer footers[RMV_PACK_KINDS_COUNT];
    size_t count;
};

static void finished_free(struct finished *finished)
{
    for (size_t i = 0; i < finished->count; i++)
        rmv_pack_footer_free(&finished->footers[i]);
}

/* Publishes what was written, deltas first: the chunk lists that name them are in the other pack.
 * Each is durable before the next is published. */
static const struct rmv_error *finish_writers(struct rmv_store_batch *batch,
                                              struct finished *finished)
{
    for (size_t kind = RMV_PACK_KINDS_COUNT; kind-- > 0;) {
        struct rmv_pack_footer footer = {0};
        const struct rmv_error *err = rmv_pack_writer_finish(&batch->writers[kind], &footer);
        if (err)
            return err;
        if (footer.frames_count > 0)
            finished->footers[finished->count++] = footer;
    }
    return NULL;
}

/* Called with the gate closed. */
static const struct rmv_error *finish_packs(struct rmv_store_batch *batch)
{
    RMV_CLEANUP(finished_free) struct finished finished = {0};
    const struct rmv_error *err = rmv_batch_end_frames(batch);
    if (!err)
        err = finish_writers(batch, &finished);
    if (!err && finished.count > 0) {
        atomic_store(&batch->was_used, false); /* the folder has just been synced */
        err = rmv_index_add(&batch->store->index, finished.footers, finished.count);
    }
    rmv_id_set_free(&batch->pending);
    atomic_store(&batch->is_full, false);
    return err ? fail(batch, err) : NULL;
}

static const struct rmv_error *end_full_pack(struct rmv_store_batch *batch)
{
    if (!atomic_load(&batch->is_full))
        return NULL;
    pthread_rwlock_wrlock(&batch->gate);
    const struct rmv_error *err = failure_of(batch);
    if (!err && atomic_load(&batch->is_full))
        err = finish_packs(batch);
    pthread_rwlock_unlock(&batch->gate);
    return err;
}

/* A pack that somebody else published, and that a put relied on, may still wait for the name of its
 * file to become durable. */
static const struct rmv_error *sync_packs(struct rmv_store_batch *batch)
{
    if (!atomic_exchange(&batch->was_used, false) || !batch->store->sync)
        return NULL;
    return rmv_vfs_sync_folder(batch->store->vfs, batch->store->index.packs.folder);
}

const struct rmv_error *rmv_store_batch_commit(struct rmv_store_batch *batch)
{
    pthread_rwlock_wrlock(&batch->gate);
    const struct rmv_error *err = failure_of(batch);
    /* First, since trees in the pack may name them. */
    if (!err)
        err = rmv_loose_writer_commit(&batch->loose);
    if (!err)
        err = finish_packs(batch);
    if (!err)
        err = sync_packs(batch);
    pthread_rwlock_unlock(&batch->gate);
    if (err)
        return rmv_error_context(err, "cannot commit to the store '%s'", batch->store->root);
    return NULL;
}

void rmv_store_batch_close(struct rmv_store_batch **batch)
{
    struct rmv_store_batch *closing = *batch;
    if (!closing)
        return;
    /* What was put but not committed is worth keeping: the next attempt finds it stored. */
    if (!atomic_load(&closing->failure) && closing->pending.count > 0) {
        struct rmv_error *on_its_way = rmv_error_take(rmv_error_last());
        if (finish_packs(closing))
            rmv_log_write(closing->store->log, RMV_LOG_DEBUG, "what was not committed is dropped");
        (void)rmv_error_raise(&on_its_way);
    }
    free_batch(closing);
    *batch = NULL;
}

/* ---- Putting --------------------------------------------------------------------------------- */

/* Claims and stores; leaves in `*count` how many items were new. */
static const struct rmv_error *put(struct rmv_store_batch *batch, struct rmv_batch_item *items,
                                   size_t *count, struct rmv_frame_encoder *encoder)
{
    atomic_store_explicit(&batch->was_used, true, memory_order_relaxed);
    pthread_rwlock_rdlock(&batch->gate);
    const struct rmv_error *err = failure_of(batch);
    *count = err ? 0 : claim(batch, items, *count);
    if (*count > 0) {
        err = encoder ? rmv_batch_add_single(batch, items, encoder)
                      : rmv_batch_add_small(batch, items, *count);
        if (err)
            err = fail(batch, err);
    }
    pthread_rwlock_unlock(&batch->gate);
    return err || *count == 0 ? err : end_full_pack(batch);
}

const struct rmv_error *rmv_batch_put(struct rmv_store_batch *batch,
                                      const struct rmv_batch_item *item,
                                      struct rmv_frame_encoder *encoder, bool *was_stored)
{
    struct rmv_batch_item claimed = *item;
    size_t count = 1;
    const struct rmv_error *err = put(batch, &claimed, &count, encoder);
    if (err)
        return err;
    *was_stored = count == 0;
    if (*was_stored && item->delta)
        rmv_delta_note_stored(item->delta, item->offset, &item->record.id);
    return NULL;
}

const struct rmv_error *rmv_batch_put_small(struct rmv_store_batch *batch,
                                            struct rmv_batch_item *items, size_t count)
{
    return put(batch, items, &count, NULL);
}

struct rmv_file_context *rmv_batch_take_context(struct rmv_store_batch *batch)
{
    pthread_mutex_lock(&batch->pending_lock);
    struct rmv_file_context *context = batch->idle;
    if (context)
        batch->idle = context->next;
    pthread_mutex_unlock(&batch->pending_lock);
    if (!context) {
        context = rmv_calloc(1, sizeof(*context));
        context->encoder.level = batch->store->compression_level;
        context->windows_count = 1;
    }
    return context;
}

void rmv_batch_give_context(struct rmv_store_batch *batch, struct rmv_file_context *context)
{
    pthread_mutex_lock(&batch->pending_lock);
    context->next = batch->idle;
    batch->idle = context;
    pthread_mutex_unlock(&batch->pending_lock);
}
