#include "base/sha256_ni.h"

#include <assert.h>

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define BLOCK_SIZE 64

/* Only these functions are compiled for the instructions; the rest of the program runs anywhere. */
#define WITH_SHA __attribute__((target("sha,sse4.1")))
#define INLINED WITH_SHA __attribute__((always_inline)) static inline

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] __attribute__((aligned(16))) = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* The eight words a…h in the order the instructions want them. */
struct lanes {
    __m128i abef, cdgh;
};

bool rmv_sha256_ni_is_here(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSE4_1))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

INLINED struct lanes load_words(const uint32_t words[8])
{
    const __m128i dcba = _mm_loadu_si128((const __m128i *)words);
    const __m128i hgfe = _mm_loadu_si128((const __m128i *)(words + 4));
    const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    return (struct lanes){_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

INLINED void store_words(const struct lanes *lanes, uint32_t words[8])
{
    const __m128i feba = _mm_shuffle_epi32(lanes->abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(lanes->cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)words, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(words + 4), _mm_alignr_epi8(dchg, feba, 8));
}

INLINED void load_block(const uint8_t *block, __m128i w[4])
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    for (int i = 0; i < 4; i++)
        w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)block + i), big_endian);
}

/* Rounds 4i to 4i + 3, and the message words that four such steps later need. */
INLINED void four_rounds(struct lanes *lanes, __m128i w[4], int i)
{
    const __m128i constants = _mm_load_si128((const __m128i *)round_constants + i);
    const __m128i sum = _mm_add_epi32(w[i & 3], constants);
    lanes->cdgh = _mm_sha256rnds2_epu32(lanes->cdgh, lanes->abef, sum);
    lanes->abef = _mm_sha256rnds2_epu32(lanes->abef, lanes->cdgh, _mm_shuffle_epi32(sum, 0x0e));
    if (i >= 12)
        return;
    const __m128i last = w[(i + 3) & 3];
    const __m128i middle = _mm_alignr_epi8(last, w[(i + 2) & 3], 4);
    const __m128i partial = _mm_add_epi32(_mm_sha256msg1_epu32(w[i & 3], w[(i + 1) & 3]), middle);
    w[i & 3] = _mm_sha256msg2_epu32(partial, last);
}

INLINED struct lanes add_lanes(struct lanes a, struct lanes b)
{
    return (struct lanes){_mm_add_epi32(a.abef, b.abef), _mm_add_epi32(a.cdgh, b.cdgh)};
}

WITH_SHA void rmv_sha256_ni_compress(uint32_t words[8], const uint8_t *blocks, size_t count)
{
    struct lanes state = load_words(words);
    for (; count > 0; count--, blocks += BLOCK_SIZE) {
        struct lanes next = state;
        __m128i w[4];
        load_block(blocks, w);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++)
            four_rounds(&next, w, i);
        state = add_lanes(state, next);
    }
    store_words(&state, words);
}

WITH_SHA void rmv_sha256_ni_compress_pair(uint32_t a_words[8], const uint8_t *a_blocks,
                                          uint32_t b_words[8], const uint8_t *b_blocks,
                                          size_t count)
{
    struct lanes a_state = load_words(a_words), b_state = load_words(b_words);
    for (; count > 0; count--, a_blocks += BLOCK_SIZE, b_blocks += BLOCK_SIZE) {
        struct lanes a_next = a_state, b_next = b_state;
        __m128i a_w[4], b_w[4];
        load_block(a_blocks, a_w);
        load_block(b_blocks, b_w);
#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) {
            four_rounds(&a_next, a_w, i);
            four_rounds(&b_next, b_w, i);
        }
        a_state = add_lanes(a_state, a_next);
        b_state = add_lanes(b_state, b_next);
    }
    store_words(&a_state, a_words);
    store_words(&b_state, b_words);
}

#else /* other processors: OpenSSL knows their instructions */

bool rmv_sha256_ni_is_here(void)
{
    return false;
}

void rmv_sha256_ni_compress(uint32_t words[8], const uint8_t *blocks, size_t count)
{
    (void)words, (void)blocks, (void)count;
    assert(!"not on this processor");
}

void rmv_sha256_ni_compress_pair(uint32_t a_words[8], const uint8_t *a_blocks, uint32_t b_words[8],
                                 const uint8_t *b_blocks, size_t count)
{
    (void)a_words, (void)a_blocks, (void)b_words, (void)b_blocks, (void)count;
    assert(!"not on this processor");
}

#endif
