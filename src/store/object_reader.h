/* Reads what is in packs: frames are decompressed into bounded memory, and the last ones that hold
 * several objects are kept, since neighbours are asked for together. Thread-safe. */
#pragma once

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "store/frame.h"
#include "store/index.h"
#include "store/packs.h"

#define RMV_FRAME_CACHE_COUNT 16

struct rmv_cached_frame {
    const struct rmv_pack *pack; /* NULL: free */
    uint64_t frame_offset;
    struct rmv_buf content;
    size_t size;
    unsigned users;
    bool is_loading;
    uint64_t used_at; /* in ticks of `clock` */
};

/* The memory of one reading thread, reused by the next. */
struct rmv_read_context {
    struct rmv_read_context *next;
    struct rmv_frame_decoder decoder;
    struct rmv_buf content;
    struct rmv_buf prefix; /* of a delta */
};

struct rmv_object_reader {
    struct rmv_packs *packs;
    pthread_mutex_t lock; /* of everything below */
    pthread_cond_t loaded;
    uint64_t clock;
    struct rmv_cached_frame cached[RMV_FRAME_CACHE_COUNT];
    struct rmv_read_context *idle;
};

/* Bytes of an object as long as it is not released. All-zero is the empty state. */
struct rmv_object_view {
    const char *bytes;
    size_t size;
    struct rmv_object_reader *reader;
    const struct rmv_pack *pack;      /* where it was read, and */
    uint64_t frame_offset;            /* in which of its frames */
    struct rmv_cached_frame *cached;  /* either it is in here */
    struct rmv_read_context *context; /* or in here, alone in its frame */
};

void rmv_object_reader_init(struct rmv_object_reader *reader, struct rmv_packs *packs);
void rmv_object_reader_free(struct rmv_object_reader *reader);

/* Shows what is stored at a place, not yet hashed. Errors: CORRUPT, NOT_FOUND (the pack is gone),
 * IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_object_reader_view(struct rmv_object_reader *reader,
                                               const struct rmv_location *location,
                                               struct rmv_object_view *view);

/* The checksum of the frame as it was read, of an object alone in it; 0 for others. */
uint64_t rmv_object_view_checksum(const struct rmv_object_view *view);

/* Memory for a thread that reads otherwise; a view that has it gives it back. */
struct rmv_read_context *rmv_read_context_take(struct rmv_object_reader *reader);
void rmv_object_view_release(struct rmv_object_view *view);
