#include "recomart/slots.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

#define SLOTS_AT_FIRST 1024

static bool is_free(const char *slot, size_t size)
{
    static const char zero[RMV_SLOT_BYTES_MAX];
    return memcmp(slot, zero, size) == 0;
}

void *rmv_slots_grow(const struct rmv_slot_type *type, void *slots, size_t *slots_count,
                     size_t count)
{
    const size_t size = type->size, old_count = *slots_count;
    const char *old = slots;
    size_t new_count = old_count ? old_count : SLOTS_AT_FIRST;

    assert(size <= RMV_SLOT_BYTES_MAX);
    while (4 * count > 3 * new_count)
        new_count *= 2;
    if (new_count == old_count)
        return slots;
    char *grown = rmv_calloc(new_count, size);
    for (size_t i = 0; i < old_count; i++) {
        if (is_free(old + i * size, size))
            continue;
        size_t at = type->start_of(old + i * size) & (new_count - 1);
        while (!is_free(grown + at * size, size))
            at = (at + 1) & (new_count - 1);
        memcpy(grown + at * size, old + i * size, size);
    }
    free(slots);
    *slots_count = new_count;
    return grown;
}
