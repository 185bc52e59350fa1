#include "store/chunker.h"

/* The top bits of the rolling hash depend on the last 64 bytes. Two bits more than the average asks
 * for before it, two less after it (normalization level 2). */
#define AVERAGE_BITS 18
#define MASK_SMALL ((((uint64_t)1 << (AVERAGE_BITS + 2)) - 1) << (64 - (AVERAGE_BITS + 2)))
#define MASK_LARGE ((((uint64_t)1 << (AVERAGE_BITS - 2)) - 1) << (64 - (AVERAGE_BITS - 2)))

#define STEP 4 /* bytes */

/* splitmix64 (Steele, Lea, Flood, 2014) from a fixed seed: every store has the same table. */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

void rmv_chunker_init(struct rmv_chunker *chunker)
{
    uint64_t state = 0x726D7673746F7265u; /* "rmvstore" */
    for (size_t i = 0; i < 256; i++) {
        chunker->gear[i] = next_random(&state);
        chunker->gear_shifted[i] = chunker->gear[i] << 1;
    }
}

/* Looks for a cut before `end`. Hashing two bytes at a time keeps the hash shifted by one after the
 * first of them, which is compared all the same. Two such pairs make a step: what depends on the
 * hash before it is then one shift and one addition for four bytes. The minimum and the average are
 * whole numbers of steps, so a scan can stop where the bytes end and go on. */
static size_t scan_until(const struct rmv_chunker *chunker, const uint8_t *bytes, size_t end,
                         uint64_t mask, struct rmv_chunk_scan *scan)
{
    uint64_t hash = scan->hash;
    size_t i = scan->at;
    for (; i + STEP <= end; i += STEP) {
        const uint64_t first = chunker->gear_shifted[bytes[i]];
        const uint64_t second = first + chunker->gear[bytes[i + 1]];
        const uint64_t third = (second << 2) + chunker->gear_shifted[bytes[i + 2]];
        const uint64_t fourth = third + chunker->gear[bytes[i + 3]];
        const uint64_t pair = hash << 2;
        hash <<= 4;
        if (!((pair + first) & mask))
            return i + 1;
        if (!((pair + second) & mask))
            return i + 2;
        if (!((hash + third) & mask))
            return i + 3;
        hash += fourth;
        if (!(hash & mask))
            return i + 4;
    }
    scan->hash = hash;
    scan->at = i;
    return 0;
}

size_t rmv_chunker_find(const struct rmv_chunker *chunker, const void *bytes, size_t size,
                        struct rmv_chunk_scan *scan)
{
    const size_t end = size < RMV_CHUNK_SIZE_MAX ? size : RMV_CHUNK_SIZE_MAX;
    const size_t middle = end < RMV_CHUNK_SIZE_AVERAGE ? end : RMV_CHUNK_SIZE_AVERAGE;
    if (scan->at == 0)
        scan->at = RMV_CHUNK_SIZE_MIN;
    size_t cut = scan_until(chunker, bytes, middle, MASK_SMALL, scan);
    if (!cut && end > RMV_CHUNK_SIZE_AVERAGE)
        cut = scan_until(chunker, bytes, end, MASK_LARGE, scan);
    if (!cut && end == RMV_CHUNK_SIZE_MAX)
        cut = end;
    return cut;
}

size_t rmv_chunker_cut(const struct rmv_chunker *chunker, const void *bytes, size_t size)
{
    struct rmv_chunk_scan scan = {0};
    const size_t cut = rmv_chunker_find(chunker, bytes, size, &scan);
    return cut ? cut : size;
}
