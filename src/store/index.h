/* The pack index: finds objects by id over all packs of a store. It is made of a few segments, kept
 * in a geometric series by merging, and is a cache: segments that are missing, damaged or do not
 * cover a pack are made again from the packs' footers. Thread-safe. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/log.h"
#include "store/pack_format.h"
#include "store/packs.h"
#include "store/segment.h"

#define RMV_INDEX_SEGMENTS_MAX 8

struct rmv_index {
    const struct rmv_vfs *vfs;
    char *root;
    bool sync; /* make new segments durable */
    struct rmv_log *log;
    pthread_rwlock_t lock; /* of everything below */
    struct rmv_packs packs;
    struct rmv_segment **segments;
    size_t segments_count;
    size_t segments_capacity;
    int64_t packs_mtime_ns; /* of the folder when it was last listed */
    int64_t listed_at_ns;
};

/* One place where an object can be read. */
struct rmv_location {
    struct rmv_pack *pack;
    uint64_t frame_offset;
    uint32_t stored_size;  /* of the frame, in the pack */
    uint32_t content_size; /* of the frame, decompressed */
    uint32_t offset;       /* of the object in the content */
    uint32_t size;
    enum rmv_representation representation;
    unsigned depth; /* 0, or of a delta: up to RMV_DELTA_DEPTH_MAX */
};

/* Where a pack says that one of its records is. */
struct rmv_location rmv_pack_location(struct rmv_pack *pack, const struct rmv_pack_footer *footer,
                                      const struct rmv_pack_record *record);

/* Where a segment says that an entry is; false if its numbers are impossible or the pack is gone.
 */
bool rmv_index_locate(const struct rmv_segment *segment, const struct rmv_segment_entry *entry,
                      struct rmv_location *location);

void rmv_index_init(struct rmv_index *index, const struct rmv_vfs *vfs, const char *root);
void rmv_index_free(struct rmv_index *index);

/* Brings the index up to date with the folder of packs; costs one stat if nothing has changed.
 * Errors: UNSUPPORTED (a pack of a newer format), IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_index_refresh(struct rmv_index *index);

/* Adds packs that have just been published. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_index_add(struct rmv_index *index,
                                      const struct rmv_pack_footer *footers, size_t count);

/* The n-th place (from 0) of the object, in either representation; false when there is none. */
bool rmv_index_find(struct rmv_index *index, const struct rmv_object_id *id, size_t n,
                    struct rmv_location *location);

/* Has the processor fetch what find will look at. */
void rmv_index_prefetch(struct rmv_index *index, const struct rmv_object_id *const *ids,
                        size_t count);

/* Has each of the objects a place? */
bool rmv_index_has_all(struct rmv_index *index, const struct rmv_object_id *const *ids,
                       size_t count);

/* Reads all segments; those that do not match their checksum are thrown away and made again, and
 * `*damaged_count` says how many. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_index_repair(struct rmv_index *index, size_t *damaged_count);

/* Throws all segments away and makes them again from the packs. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_index_rebuild(struct rmv_index *index);

/* Makes one segment of all, without the packs that are gone. Errors: IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_index_compact(struct rmv_index *index);

/* Up to `max` different ids whose first `digits` hex digits are those of `prefix`. Returns their
 * number. */
size_t rmv_index_find_prefix(struct rmv_index *index, const struct rmv_object_id *prefix,
                             size_t digits, struct rmv_object_id *ids, size_t max);
