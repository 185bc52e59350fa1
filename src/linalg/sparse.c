#include "rmv/linalg/sparse.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rmv/base/mem.h"

void rmv_sparse_free(struct rmv_sparse *matrix)
{
    free(matrix->starts);
    free(matrix->indexes);
    free(matrix->values);
    *matrix = (struct rmv_sparse){0};
}

size_t rmv_sparse_count(const struct rmv_sparse *matrix)
{
    return matrix->starts ? matrix->starts[matrix->rows] : 0;
}

static void allocate(struct rmv_sparse *matrix, size_t rows, size_t columns, size_t count)
{
    *matrix = (struct rmv_sparse){.rows = rows, .columns = columns};
    matrix->starts = rmv_calloc(rows + 1, sizeof(*matrix->starts));
    matrix->indexes = rmv_calloc(count + 1, sizeof(*matrix->indexes));
    matrix->values = rmv_calloc(count + 1, sizeof(*matrix->values));
}

static const struct rmv_error *check(const struct rmv_triplet *triplets, size_t count, size_t rows,
                                     size_t columns)
{
    if (rows > RMV_SPARSE_SIDE_MAX || columns > RMV_SPARSE_SIDE_MAX)
        return rmv_error(RMV_ERR_LIMIT, "a matrix of %zu × %zu is more than %zu on a side", rows,
                         columns, RMV_SPARSE_SIDE_MAX);
    for (size_t i = 0; i < count; i++) {
        if (triplets[i].row >= rows || triplets[i].column >= columns)
            return rmv_error(RMV_ERR_USAGE, "entry (%u, %u) is outside a matrix of %zu × %zu",
                             triplets[i].row, triplets[i].column, rows, columns);
        if (!isfinite(triplets[i].value))
            return rmv_error(RMV_ERR_USAGE, "entry (%u, %u) is not a finite number",
                             triplets[i].row, triplets[i].column);
    }
    return NULL;
}

/* Turns counts per row, kept at [row + 1], into where each row starts. */
static void accumulate_starts(struct rmv_sparse *matrix)
{
    for (size_t i = 0; i < matrix->rows; i++)
        matrix->starts[i + 1] += matrix->starts[i];
}

/* Adds up neighbours of the same column within each row, and closes the gaps. */
static void merge_duplicates(struct rmv_sparse *matrix)
{
    size_t end = 0;
    size_t from = 0;
    for (size_t i = 0; i < matrix->rows; i++) {
        const size_t start = end;
        for (; from < matrix->starts[i + 1]; from++) {
            if (end > start && matrix->indexes[end - 1] == matrix->indexes[from]) {
                matrix->values[end - 1] += matrix->values[from];
                continue;
            }
            matrix->indexes[end] = matrix->indexes[from];
            matrix->values[end++] = matrix->values[from];
        }
        matrix->starts[i + 1] = end;
    }
}

/* Two stable counting sorts, by column and then by row, bring triplets into order. */
const struct rmv_error *rmv_sparse_of_triplets(const struct rmv_triplet *triplets, size_t count,
                                               size_t rows, size_t columns, struct rmv_sparse *out)
{
    const struct rmv_error *err = check(triplets, count, rows, columns);
    if (err)
        return err;

    RMV_CLEANUP(rmv_sparse_free) struct rmv_sparse by_column = {0};
    allocate(&by_column, columns, rows, count);
    for (size_t i = 0; i < count; i++)
        by_column.starts[triplets[i].column + 1]++;
    accumulate_starts(&by_column);
    size_t *next = rmv_calloc(columns + 1, sizeof(*next));
    memcpy(next, by_column.starts, columns * sizeof(*next));
    for (size_t i = 0; i < count; i++) {
        const size_t at = next[triplets[i].column]++;
        by_column.indexes[at] = triplets[i].row;
        by_column.values[at] = triplets[i].value;
    }
    free(next);

    rmv_sparse_transpose(&by_column, out);
    merge_duplicates(out);
    return NULL;
}

void rmv_sparse_transpose(const struct rmv_sparse *matrix, struct rmv_sparse *out)
{
    const size_t count = rmv_sparse_count(matrix);
    allocate(out, matrix->columns, matrix->rows, count);
    for (size_t i = 0; i < count; i++)
        out->starts[matrix->indexes[i] + 1]++;
    accumulate_starts(out);

    size_t *next = rmv_calloc(out->rows + 1, sizeof(*next));
    memcpy(next, out->starts, out->rows * sizeof(*next));
    for (size_t i = 0; i < matrix->rows; i++)
        for (size_t j = matrix->starts[i]; j < matrix->starts[i + 1]; j++) {
            const size_t at = next[matrix->indexes[j]]++;
            out->indexes[at] = (uint32_t)i;
            out->values[at] = matrix->values[j];
        }
    free(next);
}

void rmv_sparse_times_vector(const struct rmv_sparse *matrix, const double *x, double *y)
{
    const uint32_t *indexes = matrix->indexes;
    const double *values = matrix->values;
    for (size_t i = 0; i < matrix->rows; i++) {
        /* Four sums at once hide the latency of the additions; their order is fixed. */
        double sums[4] = {0, 0, 0, 0};
        size_t j = matrix->starts[i];
        const size_t end = matrix->starts[i + 1];
        for (; j + 4 <= end; j += 4) {
            sums[0] += values[j] * x[indexes[j]];
            sums[1] += values[j + 1] * x[indexes[j + 1]];
            sums[2] += values[j + 2] * x[indexes[j + 2]];
            sums[3] += values[j + 3] * x[indexes[j + 3]];
        }
        for (; j < end; j++)
            sums[0] += values[j] * x[indexes[j]];
        y[i] = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }
}

void rmv_sparse_times_panel(const struct rmv_sparse *matrix, const double *x, size_t width,
                            double *y)
{
    memset(y, 0, matrix->rows * width * sizeof(*y));
    for (size_t i = 0; i < matrix->rows; i++) {
        double *row = y + i * width;
        for (size_t j = matrix->starts[i]; j < matrix->starts[i + 1]; j++) {
            const double value = matrix->values[j];
            const double *from = x + matrix->indexes[j] * width;
            for (size_t c = 0; c < width; c++)
                row[c] += value * from[c];
        }
    }
}
