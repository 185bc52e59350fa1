#include "store/batch.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"
#include "rmv/base/time.h"
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

/* True for the first who asks: it is his to store. */
static bool claim(struct rmv_store_batch *batch, const struct rmv_object_id *id,
                  enum rmv_representation representation)
{
    if (is_indexed(batch, id, representation))
        return false;
    pthread_mutex_lock(&batch->pending_lock);
    const bool is_new = rmv_id_set_add(&batch->pending, id, representation);
    pthread_mutex_unlock(&batch->pending_lock);
    return is_new;
}

/* ---- Appending to the pack ------------------------------------------------------------------- */

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

static const struct rmv_error *append_frame(struct rmv_store_batch *batch,
                                            const struct rmv_pack_frame *frame,
                                            const struct rmv_frame_encoder *encoder,
                                            const struct rmv_pack_record *records,
                                            size_t records_count)
{
    struct rmv_pack_writer *writer =
        &batch->writers[records[0].depth > 0 ? RMV_PACK_KIND_DELTA : RMV_PACK_KIND_PLAIN];
    pthread_mutex_lock(&batch->writer_lock);
    const struct rmv_error *err =
        rmv_pack_writer_append(writer, frame, &encoder->parts, records, records_count);
    if (!err && rmv_pack_writer_is_full(writer, batch->store->pack_size_max))
        atomic_store(&batch->is_full, true);
    pthread_mutex_unlock(&batch->writer_lock);
    return err;
}

/* Whoever stores again what is damaged wants to have it whole. */
static bool may_be_delta(struct rmv_store_batch *batch, const struct rmv_batch_item *item)
{
    struct rmv_location location;
    return item->delta && !rmv_index_find(&batch->store->index, &item->record.id, 0, &location);
}

static const struct rmv_error *add_single(struct rmv_store_batch *batch,
                                          const struct rmv_batch_item *item,
                                          struct rmv_frame_encoder *encoder)
{
    RMV_CLEANUP(rmv_delta_attempt_end) struct rmv_delta_attempt attempt = {0};
    struct rmv_pack_record record = item->record;
    const struct rmv_error *err = NULL;

    if (may_be_delta(batch, item)) {
        const struct rmv_delta_chunk chunk = {item->bytes, record.size, item->offset};
        err = rmv_delta_try(item->delta, &chunk, encoder, &attempt);
    }
    if (!err && attempt.is_kept) {
        record.depth = (uint8_t)attempt.depth;
        return append_frame(batch, &attempt.frame, &attempt.coder->encoder, &record, 1);
    }
    if (!err && !attempt.has_plain)
        err = rmv_frame_encode(encoder, item->bytes, record.size,
                               rmv_frame_is_compressible(item->bytes, record.size), &attempt.plain);
    return err ? err : append_frame(batch, &attempt.plain, encoder, &record, 1);
}

/* Called with the slot's lock held, or the gate closed. */
static const struct rmv_error *flush_frame(struct rmv_store_batch *batch,
                                           struct rmv_batch_slot *slot, enum rmv_frame_group group)
{
    struct rmv_open_frame *open = &slot->frames[group];
    struct rmv_pack_frame frame;
    if (open->records_count == 0)
        return NULL;
    const struct rmv_error *err = rmv_frame_encode(
        &slot->encoder, open->content.data, open->content.size, group != RMV_FRAME_RAW, &frame);
    if (!err)
        err = append_frame(batch, &frame, &slot->encoder, open->records, open->records_count);
    open->content.size = 0;
    open->records_count = 0;
    return err;
}

/* A slot nobody works in, or else the one whose turn it is. */
static struct rmv_batch_slot *take_slot(struct rmv_store_batch *batch)
{
    for (size_t i = 0; i < batch->slots_count; i++)
        if (pthread_mutex_trylock(&batch->slots[i].lock) == 0)
            return &batch->slots[i];
    const unsigned turn = atomic_fetch_add(&batch->next_slot, 1);
    struct rmv_batch_slot *slot = &batch->slots[turn % batch->slots_count];
    pthread_mutex_lock(&slot->lock);
    return slot;
}

static const struct rmv_error *add_small(struct rmv_store_batch *batch,
                                         const struct rmv_batch_item *item)
{
    const struct rmv_pack_record *record = &item->record;
    const char *bytes = item->bytes;
    const enum rmv_frame_group group = item->is_lines ? RMV_FRAME_LINES
                                       : rmv_frame_is_compressible(bytes, record->size)
                                           ? RMV_FRAME_COMPRESSIBLE
                                           : RMV_FRAME_RAW;
    struct rmv_batch_slot *slot = take_slot(batch);
    struct rmv_open_frame *open = &slot->frames[group];

    open->records = rmv_grow(open->records, open->records_count, &open->records_capacity,
                             sizeof(*open->records));
    open->records[open->records_count] = *record;
    open->records[open->records_count++].offset = (uint32_t)open->content.size;
    if (record->size > 0)
        rmv_buf_append(&open->content, bytes, record->size);
    const bool is_full = open->content.size >= RMV_GROUP_SIZE;
    const struct rmv_error *err = is_full ? flush_frame(batch, slot, group) : NULL;
    pthread_mutex_unlock(&slot->lock);
    return err;
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
    const struct rmv_error *err = NULL;
    for (size_t i = 0; i < batch->slots_count && !err; i++)
        for (int group = 0; group < RMV_FRAME_GROUPS && !err; group++)
            err = flush_frame(batch, &batch->slots[i], (enum rmv_frame_group)group);
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

const struct rmv_error *rmv_batch_put(struct rmv_store_batch *batch,
                                      const struct rmv_batch_item *item,
                                      struct rmv_frame_encoder *encoder, bool *was_stored)
{
    const struct rmv_pack_record *record = &item->record;
    atomic_store_explicit(&batch->was_used, true, memory_order_relaxed);
    pthread_rwlock_rdlock(&batch->gate);
    const struct rmv_error *err = failure_of(batch);
    const bool is_new = !err && claim(batch, &record->id, record->representation);
    if (is_new && encoder)
        err = add_single(batch, item, encoder);
    else if (is_new)
        err = add_small(batch, item);
    if (err && is_new)
        err = fail(batch, err);
    pthread_rwlock_unlock(&batch->gate);
    if (err)
        return err;
    if (!is_new && item->delta)
        rmv_delta_note_stored(item->delta, item->offset, &record->id);
    *was_stored = !is_new;
    return is_new ? end_full_pack(batch) : NULL;
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
