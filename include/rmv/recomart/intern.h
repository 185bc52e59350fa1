/* Texts as small numbers: equal texts get the same index, counted from 0 in the order of their
 * first appearance. All-zero is the empty table. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rmv/base/buf.h"

struct rmv_intern_slot {
    uint64_t
        start; /* the first eight bytes, zeros behind a shorter text: enough to know that one */
    uint32_t hash;
    uint32_t index_plus_1; /* 0 is free */
};

struct rmv_intern {
    struct rmv_buf bytes; /* all texts, each with a NUL behind it */
    size_t *offsets;      /* where each starts in `bytes` */
    size_t count;
    size_t capacity;
    struct rmv_intern_slot *slots;
    size_t slots_count;
};

#define RMV_INTERN_NONE UINT32_MAX

void rmv_intern_free(struct rmv_intern *intern);

/* The index of a text, which is added if it is new. It must not hold a NUL. */
uint32_t rmv_intern_add(struct rmv_intern *intern, const char *text, size_t size);

/* The index of a text, or RMV_INTERN_NONE. */
uint32_t rmv_intern_find(const struct rmv_intern *intern, const char *text, size_t size);

/* The text with an index, valid until the next one is added. */
const char *rmv_intern_text(const struct rmv_intern *intern, uint32_t index);
size_t rmv_intern_size(const struct rmv_intern *intern, uint32_t index);

/* Sets order[0 … count-1], which the caller provides, to the indexes sorted by their texts,
 * bytewise. */
void rmv_intern_sort(const struct rmv_intern *intern, uint32_t *order);
