/* A set of object ids that keeps the order in which they came. All-zero is the empty set; about 40
 * bytes each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/store/object_id.h"

struct rmv_ids {
    struct rmv_object_id *items;
    size_t count, capacity;
    uint32_t *slots; /* open addressing: index into items plus one, 0 is free */
    size_t slots_count;
};

void rmv_ids_free(struct rmv_ids *ids);
bool rmv_ids_has(const struct rmv_ids *ids, const struct rmv_object_id *id);

/* Returns true if it is new. */
bool rmv_ids_add(struct rmv_ids *ids, const struct rmv_object_id *id);
