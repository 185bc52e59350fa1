/* The truncated singular value decomposition, exact to rounding: A ≈ U·Σ·Vᵀ with the `rank` largest
 * singular values.
 *
 * Small matrices go to LAPACK's divide and conquer (dgesdd) whole. Larger ones stay sparse:
 * thick-restart Lanczos (K. Wu and H. Simon, SIAM J. Matrix Anal. Appl. 22, 2000) on AᵀA or AAᵀ,
 * whichever is smaller, with full reorthogonalisation; a last Rayleigh–Ritz step on A itself gives
 * back the digits that squaring costs. A single start vector cannot see a repeated singular value
 * twice, so converged vectors are locked and the search goes on from a random vector until nothing
 * larger turns up.
 *
 * The same matrix gives the same bits on the same processor family and libraries: start vectors
 * come from a fixed sequence, the BLAS has one thread, and signs are chosen so that the entry of
 * largest magnitude of each right vector is positive (the first of those within 1e-9 of it). */
#pragma once

#include <stddef.h>

#include "rmv/base/error.h"
#include "rmv/linalg/dense.h"
#include "rmv/linalg/sparse.h"

struct rmv_svd {
    size_t rank;            /* what was asked for, but at most the smaller side of the matrix */
    double *values;         /* `rank` of them, descending, none negative */
    struct rmv_dense left;  /* rows × rank, UᵀU = I */
    struct rmv_dense right; /* columns × rank, VᵀV = I */
};

void rmv_svd_free(struct rmv_svd *svd);

enum rmv_svd_method {
    RMV_SVD_AUTO,  /* dense where the matrix is small or nearly all values are wanted */
    RMV_SVD_DENSE, /* rows × columns doubles in memory */
    RMV_SVD_LANCZOS,
};

/* Decomposes `matrix`; the caller frees `*out`. Errors: USAGE (rank 0, or a matrix without rows or
 * columns), LIMIT (dense, and more than 2^27 numbers), FAILED (no convergence, which only numbers
 * near the limits of a double can cause). */
RMV_MUST_CHECK
const struct rmv_error *rmv_svd_of(const struct rmv_sparse *matrix, size_t rank,
                                   enum rmv_svd_method method, struct rmv_svd *out);
