/* The slots of a hash table that only grows: a power of two of them, at most three quarters taken;
 * one whose bytes are all zero is free. What is in a slot, and when two are the same, is up to its
 * user, who looks from where a key starts on, around the end, up to the first free slot. */
#pragma once

#include <stddef.h>

struct rmv_slot_type {
    size_t size;                          /* of a slot, in bytes; at most RMV_SLOT_BYTES_MAX */
    size_t (*start_of)(const void *slot); /* where looking for its key starts; any number */
};

#define RMV_SLOT_BYTES_MAX 16

/* Returns slots with room for `count` keys and what is in `slots`, which is freed if it is not that
 * itself; `*slots_count` is how many there are: 0 and NULL at first. */
void *rmv_slots_grow(const struct rmv_slot_type *type, void *slots, size_t *slots_count,
                     size_t count);
