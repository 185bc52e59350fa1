#include "rmv/base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

void rmv_map_free(struct rmv_map *map)
{
    for (size_t i = 0; i < map->count; i++)
        free(map->entries[i].key);
    free(map->entries);
    free(map->slots);
    *map = (struct rmv_map){0};
}

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
static size_t hash_of(const char *key)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 0x100000001b3u;
    return (size_t)(hash ^ (hash >> 32));
}

/* The slot that holds `key`, or the free one where it belongs. */
static size_t *slot_of(const struct rmv_map *map, const char *key)
{
    for (size_t i = hash_of(key);; i++) {
        size_t *slot = &map->slots[i & (map->slots_count - 1)];
        if (*slot == 0 || strcmp(map->entries[*slot - 1].key, key) == 0)
            return slot;
    }
}

static void grow(struct rmv_map *map)
{
    map->slots_count = map->slots_count ? 2 * map->slots_count : 16;
    free(map->slots);
    map->slots = rmv_calloc(map->slots_count, sizeof(*map->slots));
    for (size_t i = 0; i < map->count; i++)
        *slot_of(map, map->entries[i].key) = i + 1;
}

void *rmv_map_find(const struct rmv_map *map, const char *key)
{
    if (map->count == 0)
        return NULL;
    const size_t *slot = slot_of(map, key);
    return *slot ? map->entries[*slot - 1].value : NULL;
}

void *rmv_map_set(struct rmv_map *map, const char *key, void *value)
{
    if (2 * (map->count + 1) > map->slots_count)
        grow(map);

    size_t *slot = slot_of(map, key);
    if (*slot) {
        void *old = map->entries[*slot - 1].value;
        map->entries[*slot - 1].value = value;
        return old;
    }
    map->entries = rmv_grow(map->entries, map->count, &map->capacity, sizeof(*map->entries));
    map->entries[map->count++] = (struct rmv_map_entry){rmv_str_copy(key), value};
    *slot = map->count;
    return NULL;
}
