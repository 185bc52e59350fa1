/* What a pack holds, or is said to hold: by its footer, or, where that is damaged, by the index. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "store/index.h"

struct rmv_held_object {
    struct rmv_object_id id;
    struct rmv_location location;
};

/* One record of the footer. */
struct rmv_held_object rmv_held_object_of(struct rmv_pack *pack,
                                          const struct rmv_pack_footer *footer,
                                          const struct rmv_pack_record *record);

/* All-zero is the empty list. */
struct rmv_held {
    struct rmv_held_object *items;
    size_t count, capacity;
};
void rmv_held_free(struct rmv_held *held);

/* Adds what the footer names. */
void rmv_held_add_footer(struct rmv_held *held, struct rmv_pack *pack,
                         const struct rmv_pack_footer *footer);

/* Adds what the index knows of the pack; false if it does not cover it. The index is a cache, but
 * here it may be all that is left of the footer. */
bool rmv_held_add_indexed(struct rmv_held *held, struct rmv_index *index,
                          const struct rmv_pack *pack);
