/* What the files that collect garbage share: the packs, what is to become of them, and writing them
 * anew. */
#pragma once

#include "rmv/base/lock.h"
#include "store/id_set.h"
#include "store/store_internal.h"

enum rmv_gc_fate {
    RMV_FATE_REMOVE,
    RMV_FATE_REWRITE,
    RMV_FATE_MERGE, /* into one with other small ones */
    RMV_FATE_KEEP,
};

struct rmv_gc_pack {
    struct rmv_pack *pack;
    uint32_t kind;
    uint64_t size;
    bool is_young, is_damaged;
    enum rmv_gc_fate fate;
    uint64_t live_count, dead_count; /* records */
    uint64_t dead_bytes;             /* what rewriting would save */
};

struct rmv_store_gc {
    struct rmv_store *store;
    struct rmv_store_gc_options options;
    struct rmv_lock lock;
    struct rmv_id_set seen; /* (id, enum rmv_store_gc_kind) */
    struct rmv_id_set live; /* (id, representation) */
    struct rmv_id_set lost; /* whose loss was accepted, whole */
    struct rmv_gc_pack *packs;
    size_t count, capacity;
    bool has_changed; /* more is live than at the start of the round */
};

/* An open pack and what it says of itself. */
struct rmv_gc_opened {
    struct rmv_vfs_file file;
    struct rmv_pack_footer footer;
    bool *is_live_frame;
};

void rmv_gc_opened_free(struct rmv_gc_opened *opened);

/* The caller frees `*opened`, also after an error. Errors: CORRUPT, UNSUPPORTED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_gc_open_pack(struct rmv_store_gc *gc, struct rmv_gc_pack *pack,
                                         struct rmv_gc_opened *opened);

/* Counts what of a pack is live, by record and by frame. */
void rmv_gc_count_live(struct rmv_store_gc *gc, struct rmv_gc_pack *pack,
                       struct rmv_gc_opened *opened);

/* Finds the packs that stay as they are and are better put together: many small ones, of which each
 * larger one is not more than twice as long as all smaller ones together, so that what is merged
 * once is not merged again and again. Nothing that is kept for its age alone moves. */
void rmv_gc_choose_merges(struct rmv_store_gc *gc);

/* Writes durable packs with what is live in those that are to be rewritten or merged, and adds
 * their file names to `written`. Errors: CORRUPT, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_gc_rewrite(struct rmv_store_gc *gc, struct rmv_strings *written);
