/* Reads objects that are stored as deltas: gets their bases, which may be deltas themselves, and
 * decompresses them with those. What comes out has yet to be hashed. Whatever a pack claims, this
 * ends: a base must be less deep than what needs it, and the number of frames is limited. */
#pragma once

#include <stdbool.h>

#include "rmv/base/error.h"
#include "store/base_cache.h"
#include "store/delta_format.h"
#include "store/store_internal.h"

/* How bases are read. */
struct rmv_delta_reading {
    struct rmv_store *store;
    bool is_careful;    /* hash every base, and try all its copies */
    bool is_sound_only; /* use nothing that is known to be damaged */
    size_t cost;        /* frames decompressed so far */
};

/* Decompresses decoder->stored, a delta of this depth, into `content`. Errors: CORRUPT (damaged, or
 * one of its bases is, which the message names, or it needs too many of them), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_delta_decode(struct rmv_delta_reading *reading, unsigned depth,
                                         struct rmv_frame_decoder *decoder, struct rmv_buf *content,
                                         size_t content_size);

/* Shows what is at a place, delta or not. Errors: as above, and NOT_FOUND (the pack is gone). */
RMV_MUST_CHECK
const struct rmv_error *rmv_delta_view(struct rmv_delta_reading *reading,
                                       const struct rmv_location *location,
                                       struct rmv_object_view *view);

/* Appends the bytes of a base that is at most `depth_max` deep to `out`. Errors: CORRUPT (missing,
 * damaged, or too deep), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_delta_read_base(struct rmv_delta_reading *reading,
                                            const struct rmv_delta_base *base, unsigned depth_max,
                                            struct rmv_base_facts *facts, struct rmv_buf *out);
