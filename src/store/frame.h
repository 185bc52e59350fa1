/* zstd frames: the only code that knows zstd and XXH64. A frame records its content's size. Content
 * that a cheap probe finds incompressible becomes raw blocks, laid out here without running the
 * compressor. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>

#include "rmv/base/buf.h"
#include "rmv/base/error.h"
#include "store/pack_format.h"

/* A frame in pieces that follow each other: the head of a raw block, its bytes, the next head… */
#define RMV_FRAME_PARTS_MAX (2 * (RMV_FRAME_CONTENT_MAX / ((size_t)128 << 10)) + 2)

struct rmv_frame_parts {
    struct iovec items[RMV_FRAME_PARTS_MAX];
    size_t count;
};

/* A compressor with its memory, for one thread at a time. All-zero is the empty state. */
struct rmv_frame_encoder {
    void *zstd;
    int level;                    /* of zstd; 0 is 1 */
    struct rmv_buf stored;        /* what parts point into, beside the bytes that were encoded */
    struct rmv_frame_parts parts; /* the last frame */
};

void rmv_frame_encoder_free(struct rmv_frame_encoder *encoder);

/* Is it worth trying to compress these bytes? Looks at 4 KiB at most. */
bool rmv_frame_is_compressible(const void *bytes, size_t size);

/* Leaves the frame of up to RMV_FRAME_CONTENT_MAX bytes in encoder->parts and its sizes and
 * checksum in `*frame`. Without `compress`, or where it does not pay, the blocks are raw and the
 * parts point to `bytes` themselves. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_frame_encode(struct rmv_frame_encoder *encoder, const void *bytes,
                                         size_t size, bool compress, struct rmv_pack_frame *frame);

/* The same for up to RMV_DELTA_CONTENT_MAX bytes that are much like others, `prefix`, without which
 * the frame cannot be decompressed. It is appended to encoder->stored; all of that is then in
 * encoder->parts, and measured in `*frame`. An encoder that does this does nothing else. Errors:
 * IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_frame_encode_delta(struct rmv_frame_encoder *encoder,
                                               const struct rmv_buf *prefix, const void *bytes,
                                               size_t size, struct rmv_pack_frame *frame);

/* A decompressor with its memory, for one thread at a time. All-zero is the empty state. */
struct rmv_frame_decoder {
    void *zstd;
    struct rmv_buf stored; /* where the caller puts the frame */
};

void rmv_frame_decoder_free(struct rmv_frame_decoder *decoder);

/* Decompresses decoder->stored into `content`, which has room for `content_size` bytes; never
 * writes more. Errors: CORRUPT (not a frame, or not one of exactly this size). */
RMV_MUST_CHECK
const struct rmv_error *rmv_frame_decode(struct rmv_frame_decoder *decoder, void *content,
                                         size_t content_size);

/* The same for what stands in decoder->stored from `at` on, and was compressed with a prefix.
 * Errors: CORRUPT (this can also mean that the prefix is not the one it was compressed with). */
RMV_MUST_CHECK
const struct rmv_error *rmv_frame_decode_delta(struct rmv_frame_decoder *decoder, size_t at,
                                               const struct rmv_buf *prefix, void *content,
                                               size_t content_size);

uint64_t rmv_frame_checksum(const void *bytes, size_t size); /* XXH64, seed 0 */
