/* Writes index segments: merges what is known about packs, from footers and older segments, in one
 * pass. */
#pragma once

#include "rmv/base/error.h"
#include "store/pack_format.h"
#include "store/segment.h"

#define RMV_SEGMENT_FOLDER "index"
#define RMV_SEGMENT_SUFFIX ".idx"

/* What goes in. Every source is sorted. Packs that are no longer there (segment->packs[i] is NULL)
 * are left out, and so are entries that occur twice. */
struct rmv_segment_sources {
    const struct rmv_pack_footer *footers;
    size_t footers_count;
    struct rmv_segment *const *segments;
    size_t segments_count;
};

/* Writes a new segment file into ROOT/index, durable if `sync`, and opens it; with `root` NULL it
 * lives in memory only. Errors: CORRUPT (a source is not in order), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_segment_build(const struct rmv_vfs *vfs, const char *root, bool sync,
                                          const struct rmv_segment_sources *sources,
                                          struct rmv_segment **segment);
