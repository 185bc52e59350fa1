/* Storing a file as what differs from an older version of it. Of each chunk that is new, the place
 * where it was in the older version is guessed: chunks that are in both, and the ends of those that
 * were found similar, tell how far bytes have moved. The chunks there are its bases. Everything
 * about the older version is a hint: if it is missing, damaged or different, chunks are stored as
 * they are.
 *
 * Thread-safe: the chunks of one file are stored by several threads. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "store/base_list.h"
#include "store/delta_format.h"
#include "store/frame.h"

#define RMV_DELTA_SIZE_MIN ((size_t)4 << 10) /* of a chunk that is worth it */
#define RMV_DELTA_ANCHORS_COUNT 64

/* The memory for one delta, reused by the next. */
struct rmv_delta_coder {
    struct rmv_delta_coder *next;
    struct rmv_frame_encoder encoder;
    struct rmv_buf prefix;
};

/* All-zero but for the lock is a pool with nothing in it. */
struct rmv_delta_coders {
    pthread_mutex_t lock;
    struct rmv_delta_coder *idle;
};

void rmv_delta_coders_init(struct rmv_delta_coders *coders);
void rmv_delta_coders_free(struct rmv_delta_coders *coders);

/* Bytes at `offset` of the new version are at offset + shift of the old one. */
struct rmv_delta_anchor {
    uint64_t offset;
    int64_t shift;
};

struct rmv_delta {
    struct rmv_store *store;
    struct rmv_delta_coders *coders;
    pthread_mutex_t lock; /* of everything below */
    struct rmv_base_list list;
    struct rmv_delta_anchor anchors[RMV_DELTA_ANCHORS_COUNT]; /* the latest, in a ring */
    size_t anchors_count;                                     /* ever noted */
    unsigned misses_count;                                    /* one after the other */
    uint64_t plain_permille; /* what chunks like these come to without a base; 0: not known */
};

/* NULL if the older version is not there, or nothing can be made of it. */
struct rmv_delta *rmv_delta_open(struct rmv_store *store, struct rmv_delta_coders *coders,
                                 const struct rmv_object_id *base);
void rmv_delta_close(struct rmv_delta **delta);

/* A chunk of the new version. */
struct rmv_delta_chunk {
    const char *bytes;
    size_t size;
    uint64_t offset; /* in the file */
};

/* The chunk was stored already. */
void rmv_delta_note_stored(struct rmv_delta *delta, uint64_t offset,
                           const struct rmv_object_id *id);

/* What came of an attempt. All-zero is the empty state. */
struct rmv_delta_attempt {
    struct rmv_delta *delta;
    struct rmv_delta_coder *coder; /* with the delta in coder->encoder, until it is ended */
    bool is_kept;                  /* the delta is worth it: store this frame, at this depth */
    struct rmv_pack_frame frame;
    unsigned depth;
    bool has_plain; /* the caller's encoder has the whole chunk, in this frame */
    struct rmv_pack_frame plain;
};

void rmv_delta_attempt_end(struct rmv_delta_attempt *attempt);

/* Makes a delta of the chunk, if it is at most half of what the chunk comes to as it is, which may
 * have to be found out with the caller's encoder. Errors: IO (compression failed). */
RMV_MUST_CHECK
const struct rmv_error *rmv_delta_try(struct rmv_delta *delta, const struct rmv_delta_chunk *chunk,
                                      struct rmv_frame_encoder *plain,
                                      struct rmv_delta_attempt *attempt);
