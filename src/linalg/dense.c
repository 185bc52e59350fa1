#include "rmv/linalg/dense.h"

#include <assert.h>
#include <cblas.h>
#include <stdint.h>
#include <stdlib.h>

#include "rmv/base/mem.h"

void rmv_dense_free(struct rmv_dense *matrix)
{
    free(matrix->values);
    *matrix = (struct rmv_dense){0};
}

void rmv_dense_resize(struct rmv_dense *matrix, size_t rows, size_t columns)
{
    rmv_dense_free(matrix);
    *matrix = (struct rmv_dense){.rows = rows, .columns = columns};
    matrix->values = rmv_calloc(rows * columns + 1, sizeof(double));
}

void rmv_dense_use_one_thread(void)
{
    openblas_set_num_threads(1);
}

static blasint side(size_t size)
{
    assert(size <= INT32_MAX);
    return (blasint)size;
}

/* The BLAS wants strides of at least one, also for empty matrices. */
static blasint stride(size_t columns)
{
    return columns ? side(columns) : 1;
}

void rmv_dense_multiply(const struct rmv_dense *a, const struct rmv_dense *b, struct rmv_dense *c)
{
    assert(a->columns == b->rows && c->rows == a->rows && c->columns == b->columns);
    rmv_dense_use_one_thread();
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, side(a->rows), side(b->columns),
                side(a->columns), 1, a->values, stride(a->columns), b->values, stride(b->columns),
                0, c->values, stride(c->columns));
}

void rmv_dense_multiply_transposed(const struct rmv_dense *a, const struct rmv_dense *b,
                                   struct rmv_dense *c)
{
    assert(a->columns == b->columns && c->rows == a->rows && c->columns == b->rows);
    rmv_dense_use_one_thread();
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, side(a->rows), side(b->rows),
                side(a->columns), 1, a->values, stride(a->columns), b->values, stride(b->columns),
                0, c->values, stride(c->columns));
}
