#include "store/frame_set.h"

#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

#define SLOTS_MIN 1024

void rmv_frame_set_free(struct rmv_frame_set *set)
{
    free(set->slots);
    *set = (struct rmv_frame_set){0};
}

/* MurmurHash3's finalizer. */
static uint64_t mix(uint64_t value)
{
    value = (value ^ value >> 33) * 0xFF51AFD7ED558CCDu;
    value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53u;
    return value ^ value >> 33;
}

uint64_t rmv_frame_set_key(const struct rmv_object_id *pack, uint64_t offset, uint64_t seed)
{
    uint64_t name;
    memcpy(&name, pack->sha256, sizeof(name));
    const uint64_t key = mix(mix(name ^ mix(seed + 1)) ^ offset);
    return key ? key : 1;
}

/* Where the key is, or belongs. */
static size_t slot_of(const struct rmv_frame_set *set, uint64_t key)
{
    size_t at = key & (set->slots_count - 1);
    while (set->slots[at] != 0 && set->slots[at] != key)
        at = (at + 1) & (set->slots_count - 1);
    return at;
}

static void grow(struct rmv_frame_set *set)
{
    struct rmv_frame_set grown = {
        .slots_count = set->slots_count ? 2 * set->slots_count : SLOTS_MIN, .count = set->count};
    grown.slots = rmv_calloc(grown.slots_count, sizeof(*grown.slots));
    for (size_t i = 0; i < set->slots_count; i++)
        if (set->slots[i] != 0)
            grown.slots[slot_of(&grown, set->slots[i])] = set->slots[i];
    free(set->slots);
    *set = grown;
}

void rmv_frame_set_add(struct rmv_frame_set *set, uint64_t key)
{
    if (2 * (set->count + 1) > set->slots_count)
        grow(set);
    const size_t at = slot_of(set, key);
    set->count += set->slots[at] == 0;
    set->slots[at] = key;
}

bool rmv_frame_set_has(const struct rmv_frame_set *set, uint64_t key)
{
    return set->count > 0 && set->slots[slot_of(set, key)] == key;
}
