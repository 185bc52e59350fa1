/* Sparse matrices, row by row (CSR), of doubles.
 *
 * Sums run in a fixed order, so the same matrix gives the same bits, whatever the machine's load or
 * number of processors. Rows and columns are numbered from 0. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "rmv/base/error.h"

#define RMV_SPARSE_SIDE_MAX ((size_t)INT32_MAX) /* rows, and columns */

struct rmv_sparse {
    size_t rows, columns;
    size_t *starts;    /* rows + 1 of them: entries of row i are [starts[i], starts[i + 1]) */
    uint32_t *indexes; /* the column of each entry, strictly ascending within a row */
    double *values;    /* of each entry */
};

struct rmv_triplet {
    uint32_t row, column;
    double value;
};

void rmv_sparse_free(struct rmv_sparse *matrix);

/* The number of stored entries. */
size_t rmv_sparse_count(const struct rmv_sparse *matrix);

/* Makes a rows × columns matrix out of `count` triplets in any order; triplets of one place are
 * added up in the order given. The caller frees `*out`. Errors: LIMIT (a side beyond
 * RMV_SPARSE_SIDE_MAX), USAGE (a triplet outside the matrix, or a value that is not finite). */
RMV_MUST_CHECK
const struct rmv_error *rmv_sparse_of_triplets(const struct rmv_triplet *triplets, size_t count,
                                               size_t rows, size_t columns, struct rmv_sparse *out);

/* Sets `*out` to the transpose; the caller frees it. */
void rmv_sparse_transpose(const struct rmv_sparse *matrix, struct rmv_sparse *out);

/* y = A·x, with x of `columns` and y of `rows` numbers; they do not overlap. */
void rmv_sparse_times_vector(const struct rmv_sparse *matrix, const double *x, double *y);

/* Y = A·X, with X of columns × width and Y of rows × width numbers, both row-major. */
void rmv_sparse_times_panel(const struct rmv_sparse *matrix, const double *x, size_t width,
                            double *y);
