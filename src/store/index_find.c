#include "store/index.h"

#include <string.h>

struct rmv_location rmv_pack_location(struct rmv_pack *pack, const struct rmv_pack_footer *footer,
                                      const struct rmv_pack_record *record)
{
    const struct rmv_pack_frame *frame = &footer->frames[record->frame];
    return (struct rmv_location){
        .pack = pack,
        .frame_offset = footer->frame_offsets[record->frame],
        .stored_size = frame->stored_size,
        .content_size = frame->content_size,
        .offset = record->offset,
        .size = record->size,
        .representation = record->representation,
        .depth = record->depth,
    };
}

static bool is_possible_delta(const struct rmv_segment_entry *entry)
{
    return entry->depth <= RMV_DELTA_DEPTH_MAX && entry->content_size <= RMV_DELTA_CONTENT_MAX &&
           entry->stored_size <= RMV_DELTA_STORED_MAX && entry->offset == 0 &&
           entry->size == entry->content_size && entry->representation == RMV_REPRESENTATION_WHOLE;
}

bool rmv_index_locate(const struct rmv_segment *segment, const struct rmv_segment_entry *entry,
                      struct rmv_location *location)
{
    if (entry->pack >= segment->packs_count || !segment->packs[entry->pack] ||
        entry->content_size > RMV_FRAME_CONTENT_MAX || entry->stored_size > RMV_FRAME_STORED_MAX ||
        (uint64_t)entry->offset + entry->size > entry->content_size ||
        entry->representation > RMV_REPRESENTATION_LIST ||
        (entry->depth > 0 && !is_possible_delta(entry)))
        return false;
    *location = (struct rmv_location){
        .pack = segment->packs[entry->pack],
        .frame_offset = entry->frame_offset,
        .stored_size = entry->stored_size,
        .content_size = entry->content_size,
        .offset = entry->offset,
        .size = entry->size,
        .representation = entry->representation,
        .depth = entry->depth,
    };
    return true;
}

static bool find_locked(const struct rmv_index *index, const struct rmv_object_id *id, size_t n,
                        struct rmv_location *location)
{
    for (size_t i = 0; i < index->segments_count; i++) {
        const struct rmv_segment *segment = index->segments[i];
        for (size_t at = rmv_segment_find(segment, id);
             at < segment->entries_count && rmv_object_id_equal(&segment->entries[at].id, id); at++)
            if (rmv_index_locate(segment, &segment->entries[at], location) && n-- == 0)
                return true;
    }
    return false;
}

bool rmv_index_find(struct rmv_index *index, const struct rmv_object_id *id, size_t n,
                    struct rmv_location *location)
{
    struct rmv_location found;
    pthread_rwlock_rdlock(&index->lock);
    const bool is_found = find_locked(index, id, n, &found);
    pthread_rwlock_unlock(&index->lock);
    if (is_found)
        *location = found;
    return is_found;
}

/* Ids are all over an index: what is looked for next is fetched meanwhile. */
#define AHEAD 8

static void prefetch_locked(const struct rmv_index *index, const struct rmv_object_id *id)
{
    for (size_t i = 0; i < index->segments_count; i++)
        rmv_segment_prefetch(index->segments[i], id);
}

void rmv_index_prefetch(struct rmv_index *index, const struct rmv_object_id *const *ids,
                        size_t count)
{
    pthread_rwlock_rdlock(&index->lock);
    for (size_t i = 0; i < count; i++)
        prefetch_locked(index, ids[i]);
    pthread_rwlock_unlock(&index->lock);
}

bool rmv_index_has_all(struct rmv_index *index, const struct rmv_object_id *const *ids,
                       size_t count)
{
    struct rmv_location location;
    size_t found = 0;
    pthread_rwlock_rdlock(&index->lock);
    for (size_t i = 0; i < count && i < AHEAD; i++)
        prefetch_locked(index, ids[i]);
    while (found < count) {
        if (found + AHEAD < count)
            prefetch_locked(index, ids[found + AHEAD]);
        if (!find_locked(index, ids[found], 0, &location))
            break;
        found++;
    }
    pthread_rwlock_unlock(&index->lock);
    return found == count;
}

static bool has_prefix(const struct rmv_object_id *id, const struct rmv_object_id *prefix,
                       size_t digits)
{
    if (memcmp(id->sha256, prefix->sha256, digits / 2) != 0)
        return false;
    return digits % 2 == 0 || (id->sha256[digits / 2] & 0xF0) == prefix->sha256[digits / 2];
}

/* Adds an id that is not there yet; returns the new number. */
static size_t add_id(struct rmv_object_id *ids, size_t count, const struct rmv_object_id *id)
{
    for (size_t i = 0; i < count; i++)
        if (rmv_object_id_equal(&ids[i], id))
            return count;
    ids[count] = *id;
    return count + 1;
}

size_t rmv_index_find_prefix(struct rmv_index *index, const struct rmv_object_id *prefix,
                             size_t digits, struct rmv_object_id *ids, size_t max)
{
    size_t count = 0;
    pthread_rwlock_rdlock(&index->lock);
    for (size_t i = 0; i < index->segments_count; i++) {
        const struct rmv_segment *segment = index->segments[i];
        for (size_t at = rmv_segment_find(segment, prefix);
             at < segment->entries_count && count < max &&
             has_prefix(&segment->entries[at].id, prefix, digits);
             at++) {
            struct rmv_location location;
            if (rmv_index_locate(segment, &segment->entries[at], &location))
                count = add_id(ids, count, &segment->entries[at].id);
        }
    }
    pthread_rwlock_unlock(&index->lock);
    return count;
}
