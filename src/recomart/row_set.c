#include "recomart/row_set.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "recomart/slots.h"

static struct rmv_row_key secret = {0x243f6a8885a308d3u, 0x13198a2e03707344u};

static void make_secret(void)
{
    struct rmv_row_key random;
    if (getrandom(&random, sizeof(random), 0) == sizeof(random))
        secret = random;
}

struct rmv_row_key rmv_row_key_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_secret);
    return secret;
}

/* Both halves of a 128-bit product, folded: the mixing step of wyhash and its kin. */
static uint64_t fold(uint64_t a, uint64_t b)
{
    const unsigned __int128 product = (unsigned __int128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static void mix(struct rmv_row_key *key, uint64_t word)
{
    key->a = fold(key->a ^ word, 0xa0761d6478bd642fu ^ secret.b);
    key->b = fold(key->b + word, 0xe7037ed1a0b428dbu ^ secret.a) ^ key->a;
}

void rmv_row_key_add(struct rmv_row_key *key, const void *bytes, size_t size)
{
    const char *at = bytes;
    mix(key, size); /* so that "ab", "c" is not "a", "bc" */
    while (size > 0) {
        const size_t n = size < sizeof(uint64_t) ? size : sizeof(uint64_t);
        uint64_t word = 0;
        memcpy(&word, at, n);
        mix(key, word);
        at += n;
        size -= n;
    }
}

static struct rmv_row_key *slot_of(const struct rmv_row_set *set, struct rmv_row_key key)
{
    for (size_t i = key.b;; i++) {
        struct rmv_row_key *slot = &set->slots[i & (set->slots_count - 1)];
        const bool is_free = slot->a == 0 && slot->b == 0;
        if (is_free || (slot->a == key.a && slot->b == key.b))
            return slot;
    }
}

static size_t start_of(const void *slot)
{
    return ((const struct rmv_row_key *)slot)->b;
}

void rmv_row_set_reserve(struct rmv_row_set *set, size_t count)
{
    static const struct rmv_slot_type type = {sizeof(*set->slots), start_of};
    set->slots = rmv_slots_grow(&type, set->slots, &set->slots_count, count);
}

bool rmv_row_set_add(struct rmv_row_set *set, struct rmv_row_key key)
{
    rmv_row_set_reserve(set, set->count + 1);
    if (key.a == 0 && key.b == 0)
        key.a = 1; /* all-zero means free */
    struct rmv_row_key *slot = slot_of(set, key);
    if (slot->a || slot->b)
        return true;
    *slot = key;
    set->count++;
    return false;
}

void rmv_row_set_free(struct rmv_row_set *set)
{
    free(set->slots);
    *set = (struct rmv_row_set){0};
}
