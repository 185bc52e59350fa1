#include "store/chunker.h"

#include <string.h>

/* How many bits of the hash have to be set for a cut, up to a size: two more than the average asks
 * for before it, two less after it (normalization level 2). Where rows differ in a few bytes alone,
 * there are few hashes, and most chunks would end at the maximum, whose place every edit before it
 * moves: so ever fewer bits are enough behind twice the average, where other chunks rarely get. */
#define TOP_BITS(count) (~(uint32_t)0 << (32 - (count)))
static const struct {
    size_t end;
    uint32_t mask;
} stages[] = {
    {RMV_CHUNK_SIZE_AVERAGE, TOP_BITS(20)},
    {RMV_CHUNK_SIZE_AVERAGE * 2, TOP_BITS(16)},
    {RMV_CHUNK_SIZE_AVERAGE * 3, TOP_BITS(14)},
    {RMV_CHUNK_SIZE_MAX, TOP_BITS(12)},
};

/* ---- The hash -------------------------------------------------------------------------------- */

/* The hash of 4 bytes, as a little-endian word, is their product with Knuth's multiplier; that of
 * twice as many bytes is the hash of the first half, rotated, plus that of the second. Rotated by
 * what these three doublings add up to, no two of the eight words count alike. */
#define MULTIPLIER 2654435761u
#define WINDOW 32
#define ROTATION_8 7
#define ROTATION_16 13
#define ROTATION_32 23

#define JOINED(first, rotation, second)                                                            \
    (((first) << (rotation) | (first) >> (32 - (rotation))) + (second))

static uint32_t hash_4(const uint8_t *bytes)
{
    return (bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
            (uint32_t)bytes[3] << 24) *
           MULTIPLIER;
}

static uint32_t hash_8(const uint8_t *bytes)
{
    return JOINED(hash_4(bytes), ROTATION_8, hash_4(bytes + 4));
}

static uint32_t hash_16(const uint8_t *bytes)
{
    return JOINED(hash_8(bytes), ROTATION_16, hash_8(bytes + 8));
}

static uint32_t hash_window(const uint8_t *bytes)
{
    return JOINED(hash_16(bytes), ROTATION_32, hash_16(bytes + 16));
}

static bool has_cut_plain(const uint8_t bytes[RMV_CHUNK_BLOCK_BYTES], uint32_t mask)
{
    for (size_t i = 0; i < RMV_CHUNK_BLOCK; i++)
        if ((hash_window(bytes + i) & mask) == mask)
            return true;
    return false;
}

/* ---- Many at once ---------------------------------------------------------------------------- */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__

/* One, two or four vectors of the processor. */
typedef uint32_t words __attribute__((vector_size(64)));
#define LANES (sizeof(words) / sizeof(uint32_t))
#define HASHES (RMV_CHUNK_BLOCK / sizeof(uint32_t))

#define INLINED __attribute__((always_inline)) static inline

INLINED void hash_words(uint32_t of_4[HASHES + 2 * LANES], const uint8_t *bytes)
{
    for (size_t i = 0; i < HASHES + LANES; i += LANES) {
        words hash;
        memcpy(&hash, bytes + i * sizeof(uint32_t), sizeof(hash));
        hash *= MULTIPLIER;
        memcpy(of_4 + i, &hash, sizeof(hash));
    }
}

INLINED void join(uint32_t *joined, const uint32_t *hashes, size_t distance, int rotation)
{
    for (size_t i = 0; i < HASHES + LANES; i += LANES) {
        words first, second;
        memcpy(&first, hashes + i, sizeof(first));
        memcpy(&second, hashes + i + distance, sizeof(second));
        first = JOINED(first, rotation, second);
        memcpy(joined + i, &first, sizeof(first));
    }
}

INLINED bool has_cut_among(const uint32_t of_16[HASHES + LANES], uint32_t mask)
{
    words cuts = {0};
    for (size_t i = 0; i < HASHES; i += LANES) {
        words first, second;
        memcpy(&first, of_16 + i, sizeof(first));
        memcpy(&second, of_16 + i + 4, sizeof(second));
        cuts |= (words)((JOINED(first, ROTATION_32, second) & mask) == mask);
    }
    uint64_t found[sizeof(words) / sizeof(uint64_t)], any = 0;
    memcpy(found, &cuts, sizeof(cuts));
    for (size_t i = 0; i < sizeof(found) / sizeof(*found); i++)
        any |= found[i];
    return any != 0;
}

/* Places that are a multiple of 4 apart share the hashes of words, of two and of four: each
 * remainder is gone through by itself. The last hashes of each kind are only there to be joined;
 * what they lack themselves counts for nothing. */
INLINED bool has_cut_in_block(const uint8_t bytes[RMV_CHUNK_BLOCK_BYTES], uint32_t mask)
{
    uint32_t of_4[HASHES + 2 * LANES], of_8[HASHES + 2 * LANES], of_16[HASHES + LANES];
    memset(of_4 + HASHES + LANES, 0, sizeof(words));
    memset(of_8 + HASHES + LANES, 0, sizeof(words));
    for (size_t remainder = 0; remainder < sizeof(uint32_t); remainder++) {
        hash_words(of_4, bytes + remainder);
        join(of_8, of_4, 1, ROTATION_8);
        join(of_16, of_8, 2, ROTATION_16);
        if (has_cut_among(of_16, mask))
            return true;
    }
    return false;
}

static bool has_cut_vector(const uint8_t bytes[RMV_CHUNK_BLOCK_BYTES], uint32_t mask)
{
    return has_cut_in_block(bytes, mask);
}

#if defined(__x86_64__)

__attribute__((target("avx2"))) static bool has_cut_avx2(const uint8_t bytes[RMV_CHUNK_BLOCK_BYTES],
                                                         uint32_t mask)
{
    return has_cut_in_block(bytes, mask);
}

__attribute__((target("avx512f"))) static bool
has_cut_avx512(const uint8_t bytes[RMV_CHUNK_BLOCK_BYTES], uint32_t mask)
{
    return has_cut_in_block(bytes, mask);
}

#endif
#endif

rmv_chunk_block_test *rmv_chunk_block_test_of(enum rmv_chunk_kind kind)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if (kind == RMV_CHUNK_VECTOR)
        return has_cut_vector;
#if defined(__x86_64__)
    if (kind == RMV_CHUNK_AVX2)
        return __builtin_cpu_supports("avx2") ? has_cut_avx2 : NULL;
    /* Those before had to lower their clock for such vectors. */
    if (kind == RMV_CHUNK_AVX512)
        return __builtin_cpu_supports("avx512vbmi2") ? has_cut_avx512 : NULL;
#endif
#endif
    return kind == RMV_CHUNK_PLAIN ? has_cut_plain : NULL;
}

void rmv_chunker_init(struct rmv_chunker *chunker)
{
    for (int kind = RMV_CHUNK_KINDS - 1; !(chunker->has_cut = rmv_chunk_block_test_of(kind));)
        kind--;
}

/* ---- Cuts ------------------------------------------------------------------------------------ */

/* Looks for a cut behind `*at` and up to `end`. */
static size_t find_until(const struct rmv_chunker *chunker, const uint8_t *bytes, size_t end,
                         uint32_t mask, size_t *at)
{
    uint8_t last[RMV_CHUNK_BLOCK_BYTES];
    for (size_t next; *at < end; *at = next) {
        const uint8_t *block = bytes + *at + 1 - WINDOW;
        next = end - *at < RMV_CHUNK_BLOCK ? end : *at + RMV_CHUNK_BLOCK;
        const size_t left = bytes + end - block;
        if (left < sizeof(last)) {
            memset(last, 0, sizeof(last));
            block = memcpy(last, block, left);
        }
        if (!chunker->has_cut(block, mask))
            continue;
        for (size_t cut = *at + 1; cut <= next; cut++)
            if ((hash_window(bytes + cut - WINDOW) & mask) == mask)
                return cut;
    }
    return 0;
}

size_t rmv_chunker_find(const struct rmv_chunker *chunker, const void *bytes, size_t size,
                        size_t *looked_at)
{
    const size_t end = size < RMV_CHUNK_SIZE_MAX ? size : RMV_CHUNK_SIZE_MAX;
    size_t cut = 0;
    if (*looked_at == 0)
        *looked_at = RMV_CHUNK_SIZE_MIN;
    for (size_t i = 0; i < sizeof(stages) / sizeof(*stages) && !cut; i++)
        cut = find_until(chunker, bytes, end < stages[i].end ? end : stages[i].end, stages[i].mask,
                         looked_at);
    if (!cut && end == RMV_CHUNK_SIZE_MAX)
        cut = end;
    return cut;
}

size_t rmv_chunker_cut(const struct rmv_chunker *chunker, const void *bytes, size_t size)
{
    size_t looked_at = 0;
    const size_t cut = rmv_chunker_find(chunker, bytes, size, &looked_at);
    return cut ? cut : size;
}
