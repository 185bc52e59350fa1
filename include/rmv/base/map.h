/* A hash map from strings to pointers. All-zero is the empty map; keys are copied, values are the
 * caller's. Iteration goes in the order of insertion. */
#pragma once

#include <stddef.h>

struct rmv_map_entry {
    char *key;
    void *value;
};

struct rmv_map {
    struct rmv_map_entry *entries; /* in the order of insertion */
    size_t count;
    size_t capacity;
    size_t *slots; /* open addressing: index into entries plus one, 0 is free */
    size_t slots_count;
};

void rmv_map_free(struct rmv_map *map);

/* The value of `key`, or NULL. */
void *rmv_map_find(const struct rmv_map *map, const char *key);

/* Sets the value of `key`, adding it if it is new. Returns the old value, or NULL. */
void *rmv_map_set(struct rmv_map *map, const char *key, void *value);
