/* A set of rows, to find those that were there before: 16 bytes each, a keyed hash of 128 bits.
 * Rows are mistaken for each other once in 2^128 / n², and nobody can aim for it without the key,
 * which is new in every process. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rmv_row_key {
    uint64_t a, b;
};

/* All-zero is the empty set. */
struct rmv_row_set {
    struct rmv_row_key *slots; /* all-zero is a free one */
    size_t count, slots_count;
};

/* Starts a key; then add each value, and only what was added in the same order is equal. */
struct rmv_row_key rmv_row_key_start(void);
void rmv_row_key_add(struct rmv_row_key *key, const void *bytes, size_t size);

/* Makes room for so many rows at once. */
void rmv_row_set_reserve(struct rmv_row_set *set, size_t count);

/* Adds a row, and says whether it was there before. */
bool rmv_row_set_add(struct rmv_row_set *set, struct rmv_row_key key);
void rmv_row_set_free(struct rmv_row_set *set);
