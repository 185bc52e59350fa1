/* One check of a store, shared by the files that do it: fsck.c says in which order, fsck_pack.c
 * reads packs, fsck_list.c follows chunk lists. A file in chunks is hashed together with its
 * chunks, whose frames are not read once more with their packs. */
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
    struct rmv_frame_set seen;  /* frames that need not be read any more, by rmv_fsck_key() */
    struct rmv_id_set reported; /* chunk lists that are a problem already */
};

bool rmv_fsck_is_sample(const struct rmv_fsck *check);

/* Is this frame of the pack to be read? */
bool rmv_fsck_is_chosen(const struct rmv_fsck *check, const struct rmv_object_id *pack,
                        uint64_t number);

/* A frame that was read: where, and what its checksum was. */
struct rmv_fsck_place {
    const struct rmv_object_id *pack;
    uint64_t offset;
    uint64_t checksum;
};

/* Stands for the object being right in that frame, if the frame is as its checksum says. */
uint64_t rmv_fsck_key(const struct rmv_fsck_place *place, const struct rmv_object_id *id);

/* `id` NULL: everything in the pack. */
void rmv_fsck_add_damage(struct rmv_fsck *check, const struct rmv_object_id *pack,
                         const struct rmv_object_id *id);

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

/* Follows all chunk lists, and notes the frames that were read on the way. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fsck_follow_lists(struct rmv_fsck *check);

/* After a sample has found damage: does a list need a piece that is nowhere sound? Damage is what
 * the store knows now. */
RMV_MUST_CHECK
const struct rmv_error *rmv_fsck_find_pieces(struct rmv_fsck *check);
