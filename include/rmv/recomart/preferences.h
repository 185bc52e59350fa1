/* Who interacted with what, how strongly: the matrix a model is trained on, with the ids of its
 * rows and columns. Rows are users in bytewise order of their ids (U1, U10, U2), columns are
 * products in ascending order of their numbers. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"
#include "rmv/base/strings.h"
#include "rmv/linalg/sparse.h"

struct rmv_preferences {
    struct rmv_strings users; /* sorted, distinct */
    int64_t *items;           /* matrix.columns of them, ascending */
    double *ratings;          /* average rating per item; NaN where nobody knows */
    size_t *events;           /* interactions per item, every event counted */
    struct rmv_sparse matrix; /* users × items: total strength, above zero */
};

void rmv_preferences_free(struct rmv_preferences *preferences);

#define RMV_NOT_FOUND ((size_t)-1)

/* The row of a user and the column of a product, or RMV_NOT_FOUND. */
size_t rmv_preferences_find_user(const struct rmv_preferences *preferences, const char *user);
size_t rmv_preferences_find_item(const struct rmv_preferences *preferences, int64_t item);

/* Sorts `count` item ids, drops repetitions and returns how many are left. */
size_t rmv_preferences_sort_items(int64_t *items, size_t count);

/* Where `item` is among `count` ascending ids, or RMV_NOT_FOUND. */
size_t rmv_preferences_search(const int64_t *items, size_t count, int64_t item);
