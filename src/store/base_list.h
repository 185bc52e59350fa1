/* The chunks of an older version of a file, found by where they are in it or by their id. Only the
 * part of a long list that is looked at is in memory, and the one looked at before. Not
 * thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/store_internal.h"

/* Some neighbouring chunks. All-zero: nothing is loaded. */
struct rmv_base_part {
    struct rmv_chunk_list chunks;
    uint64_t start;    /* in the file */
    uint64_t *offsets; /* of each chunk in the file, and of the end */
    uint32_t *slots;   /* open addressing by id: index plus one; see base_list.c */
    size_t slots_count;
};

struct rmv_base_list {
    struct rmv_store *store;
    struct rmv_chunk_list parts; /* of a list of level 1; else empty */
    struct rmv_base_part loaded[2];
    uint64_t size; /* of the file */
};

struct rmv_base_chunk {
    struct rmv_object_id id;
    uint64_t offset; /* in the file */
    uint64_t size;
};

/* False if there is no such object that can be read and used as a base. The caller frees `*list`.
 */
bool rmv_base_list_open(struct rmv_store *store, const struct rmv_object_id *id,
                        struct rmv_base_list *list);
void rmv_base_list_free(struct rmv_base_list *list);

/* The chunk in which a place in the file is. False behind its end, or if the list is damaged. */
bool rmv_base_list_at(struct rmv_base_list *list, uint64_t offset, struct rmv_base_chunk *chunk);

/* The chunk with this id, if it is in a part that is loaded, and there once. */
bool rmv_base_list_find(const struct rmv_base_list *list, const struct rmv_object_id *id,
                        struct rmv_base_chunk *chunk);
