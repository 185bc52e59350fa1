/* Where to cut a large file: content-defined chunks, so that an edit moves only the cuts near it.
 *
 * Normalized chunking as in FastCDC (Xia et al., USENIX ATC 2016): no cut before the minimum, few
 * before the average, many after it. What decides is a hash of the 32 bytes before the cut, which
 * needs no table and nothing of the byte before, so that a vector of them is taken at once. The
 * cuts are not part of a format, chunk lists are; but stores that cut alike share chunks: every
 * processor cuts at the same places. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RMV_CHUNK_SIZE_MIN ((size_t)64 << 10)
#define RMV_CHUNK_SIZE_AVERAGE ((size_t)256 << 10)
#define RMV_CHUNK_SIZE_MAX ((size_t)1 << 20)

/* Of so many places is known at once whether there is a cut among them; so many bytes, from the
 * first place's window on, are read for it. */
#define RMV_CHUNK_BLOCK ((size_t)1024)
#define RMV_CHUNK_BLOCK_BYTES (RMV_CHUNK_BLOCK + 67)

/* Is there a cut at one of the places, for hashes whose bits of `mask` are all set? */
typedef bool rmv_chunk_block_test(const uint8_t bytes[RMV_CHUNK_BLOCK_BYTES], uint32_t mask);

/* All of them tell the same; NULL where the processor has not what they need. */
enum rmv_chunk_kind {
    RMV_CHUNK_PLAIN,
    RMV_CHUNK_VECTOR,
    RMV_CHUNK_AVX2,
    RMV_CHUNK_AVX512,
    RMV_CHUNK_KINDS
};
rmv_chunk_block_test *rmv_chunk_block_test_of(enum rmv_chunk_kind kind);

struct rmv_chunker {
    rmv_chunk_block_test *has_cut; /* the fastest of them */
};

void rmv_chunker_init(struct rmv_chunker *chunker);

/* The size of the first chunk of `bytes`, or 0 if there is no cut in them: then call it again with
 * more of the same bytes and the same `looked_at`, 0 at first. Never 0 for RMV_CHUNK_SIZE_MAX
 * bytes. */
size_t rmv_chunker_find(const struct rmv_chunker *chunker, const void *bytes, size_t size,
                        size_t *looked_at);

/* The size of the first chunk of `bytes`; all of them where no cut is found. To see every cut, hand
 * over RMV_CHUNK_SIZE_MAX bytes or all that are left. */
size_t rmv_chunker_cut(const struct rmv_chunker *chunker, const void *bytes, size_t size);
