/* Products of dense row-major matrices, through the BLAS on one thread. */
#pragma once

#include <stddef.h>

struct rmv_dense {
    size_t rows, columns;
    double *values; /* rows × columns, row-major */
};

void rmv_dense_free(struct rmv_dense *matrix);

/* Makes it rows × columns zeros; what it held is freed. */
void rmv_dense_resize(struct rmv_dense *matrix, size_t rows, size_t columns);

/* Keeps the BLAS on the calling thread: several would add up in an order that changes from run to
 * run. Every function of this folder that uses the BLAS calls it; calling it again is free. */
void rmv_dense_use_one_thread(void);

/* C = A·B and C = A·Bᵀ. The shapes must fit, with `c` already of the right one, and no side may be
 * beyond INT32_MAX. */
void rmv_dense_multiply(const struct rmv_dense *a, const struct rmv_dense *b, struct rmv_dense *c);
void rmv_dense_multiply_transposed(const struct rmv_dense *a, const struct rmv_dense *b,
                                   struct rmv_dense *c);
