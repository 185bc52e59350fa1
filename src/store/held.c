#include "store/held.h"

#include <stdlib.h>

#include "rmv/base/mem.h"

void rmv_held_free(struct rmv_held *held)
{
    free(held->items);
    *held = (struct rmv_held){0};
}

struct rmv_held_object rmv_held_object_of(struct rmv_pack *pack,
                                          const struct rmv_pack_footer *footer,
                                          const struct rmv_pack_record *record)
{
    return (struct rmv_held_object){.id = record->id,
                                    .location = rmv_pack_location(pack, footer, record)};
}

static void add(struct rmv_held *held, const struct rmv_held_object *object)
{
    held->items = rmv_grow(held->items, held->count, &held->capacity, sizeof(held->items[0]));
    held->items[held->count++] = *object;
}

void rmv_held_add_footer(struct rmv_held *held, struct rmv_pack *pack,
                         const struct rmv_pack_footer *footer)
{
    for (size_t i = 0; i < footer->records_count; i++) {
        const struct rmv_held_object object = rmv_held_object_of(pack, footer, &footer->records[i]);
        add(held, &object);
    }
}

static bool covers(const struct rmv_segment *segment, const struct rmv_pack *pack)
{
    for (size_t i = 0; i < segment->packs_count; i++)
        if (segment->packs[i] == pack)
            return true;
    return false;
}

bool rmv_held_add_indexed(struct rmv_held *held, struct rmv_index *index,
                          const struct rmv_pack *pack)
{
    struct rmv_held_object object;
    bool is_covered = false;
    pthread_rwlock_rdlock(&index->lock);
    for (size_t i = 0; i < index->segments_count; i++) {
        const struct rmv_segment *segment = index->segments[i];
        if (!covers(segment, pack))
            continue;
        is_covered = true;
        for (size_t k = 0; k < segment->entries_count; k++) {
            object.id = segment->entries[k].id;
            if (rmv_index_locate(segment, &segment->entries[k], &object.location) &&
                object.location.pack == pack)
                add(held, &object);
        }
    }
    pthread_rwlock_unlock(&index->lock);
    return is_covered;
}
