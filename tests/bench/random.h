/* Reproducible random numbers for generated workloads: xoshiro256** (Blackman and Vigna, public
 * domain algorithm, https://prng.di.unimi.it/), seeded by splitmix64. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct random_state {
    uint64_t s[4];
};

static inline void random_seed(struct random_state *random, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = (seed += 0x9e3779b97f4a7c15u);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        random->s[i] = z ^ (z >> 31);
    }
}

static inline uint64_t random_rotate(uint64_t x, int by)
{
    return (x << by) | (x >> (64 - by));
}

static inline uint64_t random_next(struct random_state *random)
{
    uint64_t *s = random->s;
    const uint64_t result = random_rotate(s[1] * 5, 7) * 9, shifted = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    s[3] = random_rotate(s[3], 45);
    return result;
}

/* Below `limit`, which is small against 2^64. */
static inline uint64_t random_below(struct random_state *random, uint64_t limit)
{
    return (uint64_t)(((unsigned __int128)random_next(random) * limit) >> 64);
}

/* In [0, 1). */
static inline double random_unit(struct random_state *random)
{
    return (double)(random_next(random) >> 11) * 0x1p-53;
}

/* The first index whose cumulated weight lies above a random point; `cumulated` has `count` items.
 */
static inline size_t random_choice(struct random_state *random, const double *cumulated,
                                   size_t count)
{
    const double point = random_unit(random) * cumulated[count - 1];
    size_t low = 0, high = count - 1;
    while (low < high) {
        const size_t middle = (low + high) / 2;
        if (cumulated[middle] > point)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
