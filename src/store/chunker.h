/* Where to cut a large file: content-defined chunks, so that an edit moves only the cuts near it.
 *
 * FastCDC (Xia et al., USENIX ATC 2016; two bytes a step as in their 2020 paper) with normalized
 * chunking: no cut before the minimum, few before the average, many after it. The cuts are not part
 * of a format, chunk lists are; but stores that cut alike share chunks. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RMV_CHUNK_SIZE_MIN ((size_t)64 << 10)
#define RMV_CHUNK_SIZE_AVERAGE ((size_t)256 << 10)
#define RMV_CHUNK_SIZE_MAX ((size_t)1 << 20)

struct rmv_chunker {
    uint64_t gear[256];         /* a random number for each byte value */
    uint64_t gear_shifted[256]; /* the same, times two */
};

void rmv_chunker_init(struct rmv_chunker *chunker);

/* How far a chunk has been looked at; all zero for nothing of it. */
struct rmv_chunk_scan {
    uint64_t hash;
    size_t at;
};

/* The size of the first chunk of `bytes`, or 0 if there is no cut in them: then call it again with
 * more of the same bytes and the same `scan`. Never 0 for RMV_CHUNK_SIZE_MAX bytes. */
size_t rmv_chunker_find(const struct rmv_chunker *chunker, const void *bytes, size_t size,
                        struct rmv_chunk_scan *scan);

/* The size of the first chunk of `bytes`; all of them where no cut is found. To see every cut, hand
 * over RMV_CHUNK_SIZE_MAX bytes or all that are left. */
size_t rmv_chunker_cut(const struct rmv_chunker *chunker, const void *bytes, size_t size);
