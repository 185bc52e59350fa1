/* The layout of a model file; docs/FORMATS.md describes it. All numbers are little-endian, as are
 * the hosts. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/sha256.h"
#include "rmv/recomart/model.h"

#define MODEL_MAGIC "RMVMODEL"
#define MODEL_VERSION 1

struct model_header {
    char magic[8];
    uint32_t version;
    uint32_t header_bytes;
    uint64_t file_bytes;
    uint64_t users, items, entries, rank;
    uint64_t user_text_bytes;
    uint64_t rank_wanted;
    uint32_t weighting;
    uint32_t reserved; /* 0 */
    double popularity_scale;
    char features_version[RMV_MODEL_VERSION_BYTES];
    uint8_t features_id[RMV_SHA256_SIZE];
};
_Static_assert(sizeof(struct model_header) == 136, "the header has no padding");

/* Where the sections start, in bytes from the start of the file; each is aligned to 8. */
struct model_layout {
    size_t values, right, items, popular, user_ends, user_text, starts, indexes, strengths;
    size_t checksum;
    size_t end;
};

/* Counts must be within the limits that the reader checks first, so nothing overflows. */
struct model_layout model_layout_of(const struct model_header *header);
