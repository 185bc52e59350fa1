/* All interactions of the validated lake in memory, each exact event once, joined with the newest
 * catalogue: what preparation writes and the plots count. */
#pragma once

#include "rmv/base/csv.h"
#include "rmv/recomart/catalogue.h"
#include "rmv/recomart/prepare.h"

/* 32 bytes; indexes are those of the tables in struct rmv_interactions. */
struct rmv_interaction {
    int64_t time_ns;
    double score;
    uint32_t user, product;
    uint32_t mark; /* device; of a purchase, the transaction */
    enum rmv_event event;
};

struct rmv_seen {
    uint32_t hash;
    uint32_t index_plus_1; /* of an item; 0 is free */
};

#define RMV_INTERACTIONS_WAITING 32

struct rmv_interactions {
    struct rmv_interaction *items;
    size_t count, capacity;
    struct rmv_intern users, products, devices, transactions;
    struct rmv_seen *seen; /* hash table of items, to find exact duplicates */
    size_t seen_count;
    struct rmv_interaction
        waiting[RMV_INTERACTIONS_WAITING]; /* until their slots are in the cache */
    uint32_t waiting_hashes[RMV_INTERACTIONS_WAITING];
    size_t waiting_count;

    struct rmv_catalogue catalogue;
    const struct rmv_product **joined; /* per product; NULL for one that the catalogue lacks */
    struct rmv_prepare_summary summary;
};

/* Loads and joins. Errors: NOT_FOUND (no interactions or no catalogue), CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_interactions_load(const char *folder,
                                              const struct rmv_prepare_options *options,
                                              struct rmv_interactions *interactions);
void rmv_interactions_free(struct rmv_interactions *interactions);

/* Adds one unless the same was there before; it may wait for a few more, or the flush. */
void rmv_interactions_add(struct rmv_interactions *interactions,
                          const struct rmv_interaction *interaction);
void rmv_interactions_flush(struct rmv_interactions *interactions);

/* The category of a product, or what stands in for it; may be "". */
const char *rmv_interactions_category(const struct rmv_interactions *interactions, uint32_t product,
                                      const struct rmv_prepare_options *options);

/* The hour of the day, in UTC. */
unsigned rmv_interaction_hour(const struct rmv_interaction *interaction);
