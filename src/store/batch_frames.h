/* Frames of a batch, and their way into its packs. */
#pragma once

#include "store/batch.h"

/* Stores an item in a frame of its own, as a delta where that pays. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_batch_add_single(struct rmv_store_batch *batch,
                                             const struct rmv_batch_item *item,
                                             struct rmv_frame_encoder *encoder);

/* Stores items of up to RMV_SMALL_OBJECT_MAX bytes each in frames that they share. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_batch_add_small(struct rmv_store_batch *batch,
                                            const struct rmv_batch_item *items, size_t count);

/* Ends all open frames. Called with the gate closed. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_batch_end_frames(struct rmv_store_batch *batch);
