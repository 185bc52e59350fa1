/* A set of (object id, representation). All-zero is the empty set; about 50 bytes each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/store/object_id.h"
#include "store/pack_format.h"

struct rmv_id_set_item {
    struct rmv_object_id id;
    uint8_t representation;
};

struct rmv_id_set {
    struct rmv_id_set_item *items;
    size_t count;
    size_t capacity;
    uint32_t *slots; /* open addressing: index into items plus one, 0 is free */
    size_t slots_count;
};

void rmv_id_set_free(struct rmv_id_set *set);
bool rmv_id_set_has(const struct rmv_id_set *set, const struct rmv_object_id *id,
                    enum rmv_representation representation);

/* Adds it; false if it was there. */
bool rmv_id_set_add(struct rmv_id_set *set, const struct rmv_object_id *id,
                    enum rmv_representation representation);
