/* One segment of the pack index: a sorted, immutable file that says where the objects of some packs
 * are. docs/FORMATS.md, section "Pack index". A segment is a cache: whatever is wrong with it, the
 * packs tell the truth. Nothing read from it is believed without a bounds check. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/vfs.h"
#include "store/pack_format.h"

#define RMV_SEGMENT_VERSION 2
#define RMV_SEGMENT_VERSION_PLAIN 1 /* all depths are 0 */

struct rmv_segment_header {
    char magic[8];
    uint32_t version;
    uint32_t entry_size;
    char hash_name[16];
    uint64_t file_size;
    uint64_t entries_count;
    uint32_t packs_count;
    uint32_t fanout_bits;   /* 8 or 16 */
    uint64_t body_checksum; /* XXH64 of entries and fan-out */
    uint64_t head_checksum; /* XXH64 of this header, with 0 here, and the pack names */
    uint8_t reserved[56];
};

struct rmv_segment_entry {
    struct rmv_object_id id;
    uint32_t pack;         /* index in the segment's pack names */
    uint32_t frame_offset; /* in the pack */
    uint32_t stored_size;  /* of the frame */
    uint32_t content_size; /* of the frame */
    uint32_t offset;       /* of the object in the frame's content */
    uint32_t size;         /* of the object's representation */
    uint8_t representation;
    uint8_t depth; /* as in a pack's record */
    uint16_t reserved;
};

_Static_assert(sizeof(struct rmv_segment_header) == 128, "layout of a segment");
_Static_assert(sizeof(struct rmv_segment_entry) == 60, "layout of a segment's entry");

struct rmv_pack; /* see index.h */

/* A mapped segment. The bytes are those of the file, or of a buffer where no file could be written.
 */
struct rmv_segment {
    const struct rmv_vfs *vfs;
    char *path; /* NULL: in memory only */
    void *bytes;
    size_t bytes_size;
    const struct rmv_object_id *pack_names;
    size_t packs_count;
    const struct rmv_segment_entry *entries;
    size_t entries_count;
    const uint32_t *fanout;
    uint32_t fanout_bits;
    struct rmv_pack **packs; /* of each name; NULL where the file is gone; filled by the index */
};

void rmv_segment_close(struct rmv_segment **segment);

/* Maps a segment file and checks its head. Errors: NOT_FOUND, CORRUPT, UNSUPPORTED, IO. */
RMV_MUST_CHECK
const struct rmv_error *rmv_segment_open(const struct rmv_vfs *vfs, const char *path,
                                         struct rmv_segment **segment);

/* The same for bytes in memory, which the segment takes over on success. Errors: CORRUPT. */
RMV_MUST_CHECK
const struct rmv_error *rmv_segment_open_bytes(const struct rmv_vfs *vfs, struct rmv_buf *bytes,
                                               struct rmv_segment **segment);

/* Reads all of it: does it match its checksum, and are the entries in order? */
bool rmv_segment_is_intact(const struct rmv_segment *segment);

/* The index of the first entry whose id is not below `id`; entries_count if there is none. */
size_t rmv_segment_find(const struct rmv_segment *segment, const struct rmv_object_id *id);

/* Has the processor fetch what rmv_segment_find() is likely to look at. */
void rmv_segment_prefetch(const struct rmv_segment *segment, const struct rmv_object_id *id);

/* Order of entries: by id, then representation. */
int rmv_segment_entry_compare(const struct rmv_segment_entry *a, const struct rmv_segment_entry *b);
