/* The leading eigenvectors of AᵀA by thick-restart Lanczos. */
#pragma once

#include <stddef.h>

#include "rmv/base/error.h"
#include "rmv/linalg/sparse.h"

/* Writes an orthonormal basis of the space that belongs to the `wanted` largest eigenvalues of AᵀA
 * into `vectors`, columns × wanted, column-major, largest first. `transposed` is Aᵀ; wanted is at
 * least 1 and at most the columns of A. Errors: FAILED (no convergence). */
RMV_MUST_CHECK
const struct rmv_error *rmv_lanczos(const struct rmv_sparse *matrix,
                                    const struct rmv_sparse *transposed, size_t wanted,
                                    double *vectors);
