#include "store/batch_frames.h"

#include "rmv/base/mem.h"

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

const struct rmv_error *rmv_batch_add_single(struct rmv_store_batch *batch,
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

static const struct rmv_error *add_to_slot(struct rmv_store_batch *batch,
                                           struct rmv_batch_slot *slot,
                                           const struct rmv_batch_item *item)
{
    const struct rmv_pack_record *record = &item->record;
    const enum rmv_frame_group group = item->is_lines ? RMV_FRAME_LINES
                                       : rmv_frame_is_compressible(item->bytes, record->size)
                                           ? RMV_FRAME_COMPRESSIBLE
                                           : RMV_FRAME_RAW;
    struct rmv_open_frame *open = &slot->frames[group];

    open->records = rmv_grow(open->records, open->records_count, &open->records_capacity,
                             sizeof(*open->records));
    open->records[open->records_count] = *record;
    open->records[open->records_count++].offset = (uint32_t)open->content.size;
    if (record->size > 0)
        rmv_buf_append(&open->content, item->bytes, record->size);
    return open->content.size >= RMV_GROUP_SIZE ? flush_frame(batch, slot, group) : NULL;
}

const struct rmv_error *rmv_batch_add_small(struct rmv_store_batch *batch,
                                            const struct rmv_batch_item *items, size_t count)
{
    const struct rmv_error *err = NULL;
    if (count == 0)
        return NULL;
    struct rmv_batch_slot *slot = take_slot(batch);
    for (size_t i = 0; !err && i < count; i++)
        err = add_to_slot(batch, slot, &items[i]);
    pthread_mutex_unlock(&slot->lock);
    return err;
}

const struct rmv_error *rmv_batch_end_frames(struct rmv_store_batch *batch)
{
    const struct rmv_error *err = NULL;
    for (size_t i = 0; i < batch->slots_count && !err; i++)
        for (int group = 0; group < RMV_FRAME_GROUPS && !err; group++)
            err = flush_frame(batch, &batch->slots[i], (enum rmv_frame_group)group);
    return err;
}
