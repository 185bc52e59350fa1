/* A set of places in packs, by keys that only by the chance of 64 bits are the same for two of
 * them. All-zero is the empty set; about 24 bytes for each place. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/store/object_id.h"

struct rmv_frame_set {
    uint64_t *slots; /* open addressing; 0 is free */
    size_t slots_count, count;
};

void rmv_frame_set_free(struct rmv_frame_set *set);
void rmv_frame_set_add(struct rmv_frame_set *set, uint64_t key);

/* Was the key added? */
bool rmv_frame_set_has(const struct rmv_frame_set *set, uint64_t key);

/* A number that looks random, and is the same for the same place and seed. Never 0. */
uint64_t rmv_frame_set_key(const struct rmv_object_id *pack, uint64_t offset, uint64_t seed);
