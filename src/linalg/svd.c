#include "rmv/linalg/svd.h"

#include <lapacke.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "linalg/lanczos.h"
#include "rmv/base/mem.h"

#define DENSE_NUMBERS_MAX ((size_t)1 << 27)
#define DENSE_NUMBERS_AUTO ((size_t)1 << 22)
#define DENSE_SIDE_AUTO 100
#define SIGN_TIE 1e-9

void rmv_svd_free(struct rmv_svd *svd)
{
    free(svd->values);
    rmv_dense_free(&svd->left);
    rmv_dense_free(&svd->right);
    *svd = (struct rmv_svd){0};
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The decomposition of a dense matrix, whose numbers are destroyed, cut to `rank`. `right` holds
 * Vᵀ. */
static const struct rmv_error *decompose(struct rmv_dense *matrix, struct rmv_svd *out)
{
    const size_t side = smaller(matrix->rows, matrix->columns);
    rmv_dense_use_one_thread();
    out->rank = side;
    out->values = rmv_calloc(side + 1, sizeof(double));
    rmv_dense_resize(&out->left, matrix->rows, side);
    rmv_dense_resize(&out->right, side, matrix->columns);
    const lapack_int info =
        LAPACKE_dgesdd(LAPACK_ROW_MAJOR, 'S', (lapack_int)matrix->rows, (lapack_int)matrix->columns,
                       matrix->values, (lapack_int)matrix->columns, out->values, out->left.values,
                       (lapack_int)side, out->right.values, (lapack_int)matrix->columns);
    if (info != 0)
        return rmv_error(RMV_ERR_FAILED, "dgesdd gave up on a matrix of %zu × %zu (info %d)",
                         matrix->rows, matrix->columns, (int)info);
    return NULL;
}

/* Copies the leading `rank` columns of `from`, which is transposed first if `flip`. */
static void take_columns(const struct rmv_dense *from, size_t rank, bool flip,
                         struct rmv_dense *out)
{
    rmv_dense_resize(out, flip ? from->columns : from->rows, rank);
    for (size_t i = 0; i < out->rows; i++)
        for (size_t j = 0; j < rank; j++)
            out->values[i * rank + j] =
                flip ? from->values[j * from->columns + i] : from->values[i * from->columns + j];
}

static const struct rmv_error *dense_svd(const struct rmv_sparse *matrix, size_t rank,
                                         struct rmv_svd *out)
{
    if (matrix->rows > DENSE_NUMBERS_MAX / matrix->columns)
        return rmv_error(RMV_ERR_LIMIT, "%zu × %zu numbers are too many for a dense decomposition",
                         matrix->rows, matrix->columns);
    RMV_CLEANUP(rmv_dense_free) struct rmv_dense dense = {0};
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd full = {0};
    rmv_dense_resize(&dense, matrix->rows, matrix->columns);
    for (size_t i = 0; i < matrix->rows; i++)
        for (size_t j = matrix->starts[i]; j < matrix->starts[i + 1]; j++)
            dense.values[i * matrix->columns + matrix->indexes[j]] = matrix->values[j];

    const struct rmv_error *err = decompose(&dense, &full);
    if (err)
        return err;
    out->rank = rank;
    out->values = rmv_calloc(rank, sizeof(double));
    memcpy(out->values, full.values, rank * sizeof(double));
    take_columns(&full.left, rank, false, &out->left);
    take_columns(&full.right, rank, true, &out->right);
    return NULL;
}

/* What Lanczos has turned slightly over many restarts becomes orthonormal to the last digit. */
static const struct rmv_error *orthonormalize(double *vectors, size_t rows, size_t count)
{
    double *factors = rmv_calloc(count, sizeof(double));
    lapack_int info = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, (lapack_int)rows, (lapack_int)count, vectors,
                                     (lapack_int)rows, factors);
    if (info == 0)
        info = LAPACKE_dorgqr(LAPACK_COL_MAJOR, (lapack_int)rows, (lapack_int)count,
                              (lapack_int)count, vectors, (lapack_int)rows, factors);
    free(factors);
    if (info != 0)
        return rmv_error(RMV_ERR_FAILED, "QR of %zu vectors failed (info %d)", count, (int)info);
    return NULL;
}

/* Decomposes A·X for the space X found by Lanczos: A ≈ (A·X)·Xᵀ = U·Σ·Zᵀ·Xᵀ. `matrix` has at least
 * as many rows as columns. */
static const struct rmv_error *lanczos_svd_tall(const struct rmv_sparse *matrix,
                                                const struct rmv_sparse *transposed, size_t rank,
                                                struct rmv_svd *out)
{
    RMV_CLEANUP(rmv_free) double *vectors = rmv_calloc(matrix->columns * rank, sizeof(double));
    const struct rmv_error *err = rmv_lanczos(matrix, transposed, rank, vectors);
    if (!err)
        err = orthonormalize(vectors, matrix->columns, rank);
    if (err)
        return err;

    RMV_CLEANUP(rmv_dense_free) struct rmv_dense space = {0};
    RMV_CLEANUP(rmv_dense_free) struct rmv_dense image = {0};
    RMV_CLEANUP(rmv_svd_free) struct rmv_svd small = {0};
    const struct rmv_dense by_vector = {
        .rows = rank, .columns = matrix->columns, .values = vectors};
    take_columns(&by_vector, rank, true, &space);
    rmv_dense_resize(&image, matrix->rows, rank);
    rmv_sparse_times_panel(matrix, space.values, rank, image.values);
    err = decompose(&image, &small);
    if (err)
        return err;

    rmv_dense_resize(&out->right, matrix->columns, rank);
    rmv_dense_multiply_transposed(&space, &small.right, &out->right);
    out->rank = rank;
    out->values = small.values;
    out->left = small.left;
    small.values = NULL;
    small.left = (struct rmv_dense){0};
    return NULL;
}

static const struct rmv_error *lanczos_svd(const struct rmv_sparse *matrix, size_t rank,
                                           struct rmv_svd *out)
{
    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse transposed = {0};
    rmv_sparse_transpose(matrix, &transposed);
    if (matrix->rows >= matrix->columns)
        return lanczos_svd_tall(matrix, &transposed, rank, out);

    const struct rmv_error *err = lanczos_svd_tall(&transposed, matrix, rank, out);
    if (err)
        return err;
    const struct rmv_dense left = out->left;
    out->left = out->right;
    out->right = left;
    return NULL;
}

/* The sign of the entry of largest magnitude in column `k`; the first of those that are as large up
 * to rounding, so that noise does not choose. */
static double sign_of_column(const struct rmv_dense *matrix, size_t k)
{
    double largest = 0;
    for (size_t i = 0; i < matrix->rows; i++)
        largest = fmax(largest, fabs(matrix->values[i * matrix->columns + k]));
    for (size_t i = 0; i < matrix->rows; i++) {
        const double value = matrix->values[i * matrix->columns + k];
        if (fabs(value) >= largest * (1 - SIGN_TIE))
            return value < 0 ? -1 : 1;
    }
    return 1;
}

static void scale_column(struct rmv_dense *matrix, size_t k, double factor)
{
    for (size_t i = 0; i < matrix->rows; i++)
        matrix->values[i * matrix->columns + k] *= factor;
}

static void choose_signs(struct rmv_svd *svd)
{
    for (size_t k = 0; k < svd->rank; k++) {
        const double sign = sign_of_column(&svd->right, k);
        scale_column(&svd->right, k, sign);
        scale_column(&svd->left, k, sign);
    }
}

/* Sparse work pays when few of many vectors are wanted. */
static bool is_better_dense(const struct rmv_sparse *matrix, size_t rank)
{
    const size_t side = smaller(matrix->rows, matrix->columns);
    return matrix->rows <= DENSE_NUMBERS_AUTO / matrix->columns &&
           (side <= DENSE_SIDE_AUTO || rank >= side / 3);
}

const struct rmv_error *rmv_svd_of(const struct rmv_sparse *matrix, size_t rank,
                                   enum rmv_svd_method method, struct rmv_svd *out)
{
    if (rank == 0 || matrix->rows == 0 || matrix->columns == 0)
        return rmv_error(RMV_ERR_USAGE, "cannot decompose a matrix of %zu × %zu to rank %zu",
                         matrix->rows, matrix->columns, rank);
    rank = smaller(rank, smaller(matrix->rows, matrix->columns));
    if (method == RMV_SVD_AUTO)
        method = is_better_dense(matrix, rank) ? RMV_SVD_DENSE : RMV_SVD_LANCZOS;

    RMV_CLEANUP(rmv_svd_free) struct rmv_svd svd = {0};
    const struct rmv_error *err =
        method == RMV_SVD_DENSE ? dense_svd(matrix, rank, &svd) : lanczos_svd(matrix, rank, &svd);
    if (err)
        return rmv_error_context(err, "singular value decomposition");
    choose_signs(&svd);
    *out = svd;
    svd = (struct rmv_svd){0};
    return NULL;
}
