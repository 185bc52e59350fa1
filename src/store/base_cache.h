/* The bytes of objects that deltas were read with: neighbours have bases in common, and so have
 * their bases. Bounded; the one used longest ago goes. Thread-safe. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/store/object_id.h"

#define RMV_BASE_CACHE_COUNT 64
#define RMV_BASE_CACHE_BYTES_MAX ((size_t)24 << 20)

/* What is known of bytes that were read as an object. */
struct rmv_base_facts {
    unsigned depth; /* of the copy that was read; 0 for whole bytes */
    size_t cost;    /* frames that had to be decompressed */
    bool is_right;  /* they have been hashed */
    bool is_sound;  /* nothing that was read is known to be damaged */
};

struct rmv_base_cache_item {
    struct rmv_object_id id;
    struct rmv_buf bytes; /* empty: free */
    struct rmv_base_facts facts;
    uint64_t used_at; /* in ticks of `clock` */
};

struct rmv_base_cache {
    pthread_mutex_t lock; /* of everything below */
    struct rmv_base_cache_item items[RMV_BASE_CACHE_COUNT];
    size_t bytes; /* that all items have room for */
    uint64_t clock;
};

void rmv_base_cache_init(struct rmv_base_cache *cache);
void rmv_base_cache_free(struct rmv_base_cache *cache);

/* Appends the bytes of an object to `out` if they are here. */
bool rmv_base_cache_get(struct rmv_base_cache *cache, const struct rmv_object_id *id,
                        struct rmv_base_facts *facts, struct rmv_buf *out);

/* Keeps a copy, in place of what was here for the id. */
void rmv_base_cache_put(struct rmv_base_cache *cache, const struct rmv_object_id *id,
                        const struct rmv_base_facts *facts, const void *bytes, size_t size);
