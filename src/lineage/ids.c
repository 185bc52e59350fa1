#include "lineage/ids.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

#define SLOTS_MIN 64

void rmv_ids_free(struct rmv_ids *ids)
{
    free(ids->items);
    free(ids->slots);
    *ids = (struct rmv_ids){0};
}

/* The slot of the id, or the free one where it belongs; ids are as good as random. */
static uint32_t *slot_of(const struct rmv_ids *ids, const struct rmv_object_id *id)
{
    uint64_t start;

    memcpy(&start, id->sha256, sizeof(start));
    for (;; start++) {
        uint32_t *slot = &ids->slots[start & (ids->slots_count - 1)];
        if (*slot == 0 || rmv_object_id_equal(&ids->items[*slot - 1], id))
            return slot;
    }
}

bool rmv_ids_has(const struct rmv_ids *ids, const struct rmv_object_id *id)
{
    return ids->count > 0 && *slot_of(ids, id) != 0;
}

bool rmv_ids_add(struct rmv_ids *ids, const struct rmv_object_id *id)
{
    if (ids->slots_count < 2 * (ids->count + 1)) {
        ids->slots_count = ids->slots_count ? 2 * ids->slots_count : SLOTS_MIN;
        free(ids->slots);
        ids->slots = rmv_calloc(ids->slots_count, sizeof(*ids->slots));
        for (size_t i = 0; i < ids->count; i++)
            *slot_of(ids, &ids->items[i]) = (uint32_t)i + 1;
    }
    uint32_t *slot = slot_of(ids, id);
    if (*slot != 0)
        return false;
    ids->items = rmv_grow(ids->items, ids->count, &ids->capacity, sizeof(*ids->items));
    ids->items[ids->count++] = *id;
    *slot = (uint32_t)ids->count;
    return true;
}
