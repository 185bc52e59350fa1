/* What objects cost in the store, and what keeping equal bytes once and compressing has saved.
 * Objects are added one by one; what was added before costs nothing again. Nothing is decompressed
 * but chunk lists; memory is about 50 bytes for each object and chunk. One thread at a time. */
#pragma once

#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/store/object_id.h"
#include "rmv/store/store.h"

struct rmv_store_cost;

struct rmv_store_cost_total {
    uint64_t count, size;               /* of objects added, however often: bytes as in files */
    uint64_t unique_count, unique_size; /* each object once */
    uint64_t piece_count, piece_size;   /* each chunk, and each object that has none, once */
    uint64_t missing_count;             /* objects and chunks that the store does not have */
    double stored_size; /* of the packs: of a frame with several objects, each one's share */
};

struct rmv_store_cost *rmv_store_cost_open(struct rmv_store *store);
void rmv_store_cost_close(struct rmv_store_cost **cost);

/* Adds an object of `size` bytes; one that is not stored only counts as missing. Errors: CORRUPT (a
 * chunk list), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_store_cost_add(struct rmv_store_cost *cost,
                                           const struct rmv_object_id *id, uint64_t size);

/* Everything so far. */
const struct rmv_store_cost_total *rmv_store_cost_total(const struct rmv_store_cost *cost);
