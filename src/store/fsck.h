/* One check of a store, shared by the files that do it: fsck.c says in which order, fsck_pack.c
 * reads packs. */
#pragma once

#include <pthread.h>

#include "store/frame_set.h"
#include "store/store_internal.h"

struct rmv_fsck {
    struct rmv_store *store;
    struct rmv_store_fsck_options options;
    struct rmv_pool *pool;
    pthread_mutex_t lock; /* of everything below, while the pool works */
    struct rmv_store_fsck report;
    struct rmv_damage damage;
    struct rmv_object_id *listed; /* objects that are chunk lists */
    size_t listed_count, listed_capacity;
    struct rmv_frame_set
        seen; /* frames whose only object was hashed with the file it is a part of */
};

bool rmv_fsck_is_sample(const struct rmv_fsck *check);

/* Is this frame of the pack to be read? */
bool rmv_fsck_is_chosen(const struct rmv_fsck *check, const struct rmv_object_id *pack,
                        uint64_t number);

/* The objects' ids may be NULL. */
void rmv_fsck_add_problem(struct rmv_fsck *check, const char *pack, const struct rmv_object_id *id,
                          const char *message);

/* Looks into every footer: is it sound, is everything found through the index? Collects the lists.
 * Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fsck_read_footers(struct rmv_fsck *check,
                                              const struct rmv_strings *names);

/* Reads every frame, or those of a sample. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fsck_read_frames(struct rmv_fsck *check,
                                             const struct rmv_strings *names);
