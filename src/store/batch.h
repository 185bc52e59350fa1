/* A batch of puts: hashing and compression happen in the callers' threads, each in a slot of its
 * own with open frames of small objects, and for the chunks of large files in workers beside
 * them; finished frames are appended to one pack under a lock. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "rmv/base/lock.h"
#include "store/batch_item.h"
#include "store/frame.h"
#include "store/id_set.h"
#include "store/loose_writer.h"
#include "store/pack_writer.h"
#include "store/store_internal.h"
#include "store/workers.h"

#define RMV_SMALL_OBJECT_MAX ((size_t)256 << 10) /* objects up to here share frames */
#define RMV_GROUP_SIZE ((size_t)256 << 10)       /* a shared frame is finished from here */
#define RMV_SINGLE_MAX ((size_t)1 << 20)         /* objects above are cut in chunks */

/* A frame that small objects are still added to. */
struct rmv_open_frame {
    struct rmv_buf content;
    struct rmv_pack_record *records;
    size_t records_count;
    size_t records_capacity;
};

/* What shares frames. Text of trees is half hexadecimal ids, as unlike other content as can be:
 * apart, each compresses better. */
enum rmv_frame_group { RMV_FRAME_RAW, RMV_FRAME_COMPRESSIBLE, RMV_FRAME_LINES, RMV_FRAME_GROUPS };

struct rmv_batch_slot {
    pthread_mutex_t lock;
    struct rmv_open_frame frames[RMV_FRAME_GROUPS];
    struct rmv_frame_encoder encoder;
};

/* The memory of one thread that stores a file; reused by the next. */
struct rmv_file_context {
    struct rmv_file_context *next;
    struct rmv_frame_encoder encoder;
    struct rmv_window windows[RMV_WINDOWS_MAX];
    size_t windows_count; /* that may be used; at least one */
    struct rmv_buf rest;
};

struct rmv_store_batch {
    struct rmv_store *store;
    struct rmv_lock lock;
    uint64_t number; /* no other batch of this process has it */
    struct rmv_batch_slot *slots;
    size_t slots_count;
    atomic_uint next_slot;
    atomic_bool was_used; /* since the last commit */
    /* Shared while one object is claimed and written, exclusive while a pack is finished: a pack
     * that is published holds, with those before it, everything that was claimed, so no chunk list
     * in it can name a chunk that was lost. */
    pthread_rwlock_t gate;
    pthread_mutex_t pending_lock;
    struct rmv_id_set pending; /* claimed, and not in a finished pack */
    struct rmv_file_context *idle;
    pthread_mutex_t writer_lock;
    struct rmv_pack_writer writers[RMV_PACK_KINDS_COUNT];
    struct rmv_delta_coders coders;
    atomic_bool is_full;               /* the pack is to be finished */
    struct rmv_error *_Atomic failure; /* what made the batch unusable; it stays */
    struct rmv_workers workers;
    struct rmv_loose_writer loose;
};

/* Stores an object unless it is stored already, which `*was_stored` tells.
 * With an encoder of the caller's it gets a frame of its own; without one (up to
 * RMV_SMALL_OBJECT_MAX) it shares one. Errors: IO, or whatever made the batch fail before. */
RMV_MUST_CHECK
const struct rmv_error *rmv_batch_put(struct rmv_store_batch *batch,
                                      const struct rmv_batch_item *item,
                                      struct rmv_frame_encoder *encoder, bool *was_stored);

/* Stores many, of up to RMV_SMALL_OBJECT_MAX bytes each, for what one costs in locks. The items are
 * used up. Errors: as above. */
RMV_MUST_CHECK
const struct rmv_error *rmv_batch_put_small(struct rmv_store_batch *batch,
                                            struct rmv_batch_item *items, size_t count);

/* Are the whole bytes stored in a copy that is not known to be damaged, or put in this batch? */
bool rmv_batch_has(struct rmv_store_batch *batch, const struct rmv_object_id *id);

struct rmv_pack_record rmv_batch_record(const struct rmv_object_id *id, size_t size,
                                        enum rmv_representation representation);

struct rmv_file_context *rmv_batch_take_context(struct rmv_store_batch *batch);
void rmv_batch_give_context(struct rmv_store_batch *batch, struct rmv_file_context *context);
