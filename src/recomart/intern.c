#include "rmv/recomart/intern.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

void rmv_intern_free(struct rmv_intern *intern)
{
    rmv_buf_free(&intern->bytes);
    free(intern->offsets);
    free(intern->slots);
    *intern = (struct rmv_intern){0};
}

/* Eight bytes at a time, multiplied by an odd constant and folded: quick on texts of a few bytes.
 */
static uint32_t hash_of(const char *text, size_t size)
{
    uint64_t hash = size * 0x9e3779b97f4a7c15u;
    while (size > 0) {
        const size_t n = size < sizeof(uint64_t) ? size : sizeof(uint64_t);
        uint64_t word = 0;
        memcpy(&word, text, n);
        hash = (hash ^ word) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
        text += n;
        size -= n;
    }
    return (uint32_t)hash;
}

size_t rmv_intern_size(const struct rmv_intern *intern, uint32_t index)
{
    assert(index < intern->count);
    const size_t behind =
        index + 1 < intern->count ? intern->offsets[index + 1] : intern->bytes.size;
    return behind - intern->offsets[index] - 1;
}

const char *rmv_intern_text(const struct rmv_intern *intern, uint32_t index)
{
    assert(index < intern->count);
    return intern->bytes.data + intern->offsets[index];
}

static uint64_t start_of(const char *text, size_t size)
{
    uint64_t start = 0;
    memcpy(&start, text, size < sizeof(start) ? size : sizeof(start));
    return start;
}

static struct rmv_intern_slot *slot_of(const struct rmv_intern *intern, uint32_t hash,
                                       const char *text, size_t size)
{
    const uint64_t start = start_of(text, size);
    for (size_t i = hash;; i++) {
        struct rmv_intern_slot *slot = &intern->slots[i & (intern->slots_count - 1)];
        if (slot->index_plus_1 == 0)
            return slot;
        if (slot->hash != hash || slot->start != start)
            continue;
        /* Texts hold no NUL, so zeros in `start` say where a short one ends. */
        const char *known = intern->bytes.data + intern->offsets[slot->index_plus_1 - 1];
        if (size < sizeof(start) || (strncmp(known, text, size) == 0 && known[size] == '\0'))
            return slot;
    }
}

static void grow(struct rmv_intern *intern)
{
    struct rmv_intern_slot *old = intern->slots;
    const size_t old_count = intern->slots_count;
    intern->slots_count = old_count ? 2 * old_count : 64;
    intern->slots = rmv_calloc(intern->slots_count, sizeof(*intern->slots));
    for (size_t i = 0; i < old_count; i++) {
        if (old[i].index_plus_1 == 0)
            continue;
        size_t at = old[i].hash;
        while (intern->slots[at & (intern->slots_count - 1)].index_plus_1)
            at++;
        intern->slots[at & (intern->slots_count - 1)] = old[i];
    }
    free(old);
}

uint32_t rmv_intern_add(struct rmv_intern *intern, const char *text, size_t size)
{
    if (2 * (intern->count + 1) > intern->slots_count)
        grow(intern);
    const uint32_t hash = hash_of(text, size);
    struct rmv_intern_slot *slot = slot_of(intern, hash, text, size);
    if (slot->index_plus_1)
        return slot->index_plus_1 - 1;

    assert(intern->count < RMV_INTERN_NONE - 1);
    intern->offsets =
        rmv_grow(intern->offsets, intern->count, &intern->capacity, sizeof(*intern->offsets));
    intern->offsets[intern->count++] = intern->bytes.size;
    rmv_buf_append(&intern->bytes, text, size);
    rmv_buf_append(&intern->bytes, "", 1);
    *slot = (struct rmv_intern_slot){start_of(text, size), hash, (uint32_t)intern->count};
    return (uint32_t)intern->count - 1;
}

uint32_t rmv_intern_find(const struct rmv_intern *intern, const char *text, size_t size)
{
    if (intern->count == 0)
        return RMV_INTERN_NONE;
    const struct rmv_intern_slot *slot = slot_of(intern, hash_of(text, size), text, size);
    return slot->index_plus_1 ? slot->index_plus_1 - 1 : RMV_INTERN_NONE;
}

static int compare_texts(const void *a, const void *b, void *context)
{
    uint32_t left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return strcmp(rmv_intern_text(context, left), rmv_intern_text(context, right));
}

void rmv_intern_sort(const struct rmv_intern *intern, uint32_t *order)
{
    for (uint32_t i = 0; i < intern->count; i++)
        order[i] = i;
    struct rmv_intern view = *intern; /* qsort_r takes no pointer to const */
    qsort_r(order, intern->count, sizeof(*order), compare_texts, &view);
}
