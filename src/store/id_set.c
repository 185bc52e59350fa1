#include "store/id_set.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

#define SLOTS_MIN 1024

void rmv_id_set_free(struct rmv_id_set *set)
{
    free(set->items);
    free(set->slots);
    *set = (struct rmv_id_set){0};
}

/* The slot that holds the item, or the free one where it belongs. Ids are as good as random. */
static size_t slot_of(const struct rmv_id_set *set, const struct rmv_object_id *id,
                      enum rmv_representation representation)
{
    uint64_t hash;
    memcpy(&hash, id->sha256, sizeof(hash));
    size_t slot = (hash + representation) & (set->slots_count - 1);
    while (set->slots[slot] != 0) {
        const struct rmv_id_set_item *item = &set->items[set->slots[slot] - 1];
        if (item->representation == representation && rmv_object_id_equal(&item->id, id))
            break;
        slot = (slot + 1) & (set->slots_count - 1);
    }
    return slot;
}

static void rehash(struct rmv_id_set *set, size_t slots_count)
{
    free(set->slots);
    set->slots = rmv_calloc(slots_count, sizeof(*set->slots));
    set->slots_count = slots_count;
    for (size_t i = 0; i < set->count; i++)
        set->slots[slot_of(set, &set->items[i].id, set->items[i].representation)] = (uint32_t)i + 1;
}

bool rmv_id_set_has(const struct rmv_id_set *set, const struct rmv_object_id *id,
                    enum rmv_representation representation)
{
    return set->count > 0 && set->slots[slot_of(set, id, representation)] != 0;
}

bool rmv_id_set_add(struct rmv_id_set *set, const struct rmv_object_id *id,
                    enum rmv_representation representation)
{
    if (set->slots_count < 2 * (set->count + 1))
        rehash(set, set->slots_count ? 2 * set->slots_count : SLOTS_MIN);

    const size_t slot = slot_of(set, id, representation);
    if (set->slots[slot] != 0)
        return false;
    set->items = rmv_grow(set->items, set->count, &set->capacity, sizeof(*set->items));
    set->items[set->count++] =
        (struct rmv_id_set_item){.id = *id, .representation = (uint8_t)representation};
    set->slots[slot] = (uint32_t)set->count;
    return true;
}
